package dev.workerpool.e2e.cluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The cluster of e2e/cluster on this machine, whose components and pods can be taken away. */
public record LocalCluster(Path directory) {

    /** That cluster; on any other one the test is skipped, for the reason given. */
    public static LocalCluster assumed(String because) {
        Optional<LocalCluster> cluster = present();
        if (cluster.isEmpty()) {
            System.out.println("skipped, for this is not the cluster of e2e/cluster: " + because);
        }
        Assumptions.assumeTrue(cluster.isPresent(), "not the cluster of e2e/cluster: " + because);
        return cluster.orElseThrow();
    }

    /** That cluster, if the present kubeconfig is its. */
    public static Optional<LocalCluster> present() {
        return Optional.ofNullable(System.getenv("KUBECONFIG"))
                .map(Path::of)
                .map(Path::toAbsolutePath)
                .map(Path::getParent)
                .filter(d -> Files.exists(d.resolve(".workerpool-cluster")))
                .map(LocalCluster::new);
    }

    /** {@code e2e/cluster/component WHAT NAME}; returns when that is done. */
    public void component(String what, String name) {
        Path script = Path.of(System.getProperty("basedir", "."), "cluster/component");
        Command.run(Map.of("WORKERPOOL_CLUSTER_DIR", directory.toString()), List.of(script.toString(), what, name));
    }

    /** Where its programs are. */
    public Path programs() {
        try {
            return Path.of(Files.readString(directory.resolve("bin")).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Something that was done to a pod, until it is closed. */
    public interface Fault extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * The API server is gone until this is closed, and with it those that end when they cannot renew their lease, as they do
     * in a cluster that elects leaders. A controller manager that lived on would find all nodes unheard, and call their pods
     * not ready until the kubelet says otherwise.
     */
    public Fault withoutApiServer() {
        List<String> gone = List.of("kube-controller-manager", "kube-scheduler", "kube-apiserver");
        gone.forEach(name -> component("stop", name));
        return () -> gone.reversed().forEach(name -> component("start", name));
    }

    /** SIGKILL to the process of a pod's only container. */
    public void kill(Pod pod) {
        run("kill", "-s", "KILL", process(pod));
    }

    /** The process of a pod's only container stands still. */
    public Fault pause(Pod pod) {
        String process = process(pod);
        run("kill", "-s", "STOP", process);
        return () -> run("kill", "-s", "CONT", process);
    }

    /** Of the process of a pod's only container. */
    public int residentMegabytes(Pod pod) {
        String status = run("cat", "/proc/" + process(pod) + "/status");
        return Integer.parseInt(status.replaceAll("(?s).*VmRSS:\\s+(\\d+) kB.*", "$1")) / 1000;
    }

    /** A pod's packets to and from an address are dropped, without a word to either side; its containers may come and go. */
    public Fault cutOff(Pod pod, String address) {
        Object sandbox = ((Map<?, ?>) runc(container(pod)).get("annotations")).get("io.kubernetes.cri.sandbox-id");
        String process = runc(sandbox.toString()).get("pid").toString();
        packets(process, "--insert", address);
        return () -> packets(process, "--delete", address);
    }

    private static void packets(String process, String what, String address) {
        for (List<String> rule : List.of(List.of("OUTPUT", "--destination"), List.of("INPUT", "--source"))) {
            run(
                    "nsenter",
                    "--target",
                    process,
                    "--net",
                    "iptables",
                    what,
                    rule.get(0),
                    rule.get(1),
                    address,
                    "-j",
                    "DROP");
        }
    }

    /** The number that this machine has for the process of a pod's only container. */
    private String process(Pod pod) {
        return runc(container(pod)).get("pid").toString();
    }

    private static String container(Pod pod) {
        return pod.getStatus()
                .getContainerStatuses()
                .getFirst()
                .getContainerID()
                .replaceFirst(".*//", "");
    }

    /** What runc knows of a container. */
    private Map<?, ?> runc(String container) {
        String root = directory.resolve("runc/k8s.io").toString();
        return Serialization.unmarshal(run("runc", "--root", root, "state", container), Map.class);
    }

    private static String run(String... command) {
        return Command.run(Map.of(), Stream.of(command).toList());
    }
}
