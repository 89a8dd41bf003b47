package dev.workerpool.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.e2e.embedded.EmbeddedServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How much memory 100 pools take ({@code -Dmemory.pools}: so many): the operator as a process with the JVM's flags of its image and the memory limit of its
 * Deployment, against an API server in this JVM whose nodes are simulated. Needs Linux, and no cluster.
 */
class MemoryE2E {
    private static final int POOLS = Integer.getInteger("memory.pools", 100);
    private static final int WORKERS = 3;
    /** 200 are promised at 100 pools; machines differ a little. */
    private static final int AT_MOST_MB = 220;

    private static final Duration WITHIN = Duration.ofMinutes(10);

    private static final Pattern IMAGE_FLAG = Pattern.compile("<jvmFlag>(.*)</jvmFlag>");
    private static final Pattern MEMORY_LIMIT = Pattern.compile("limits: \\{memory: (\\d+)Mi}");

    @TempDir
    private Path directory;

    @Test
    void poolsThatFillAndRollAtTheSameTime() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start();
                KubernetesClient client = server.client()) {
            server.nodes().terminationScale(0.01);
            Process operator = start(server);
            try {
                IntStream.range(0, POOLS).mapToObj(MemoryE2E::pool).forEach(pool -> client.resource(pool)
                        .create());
                awaitRunning("1.0.0", client, operator);
                long filled = megabytes("VmRSS", operator);
                IntStream.range(0, POOLS).forEach(i -> client.resources(WorkerPool.class)
                        .inNamespace("default")
                        .withName("web-" + i)
                        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\": {\"version\": \"1.1.0\"}}"));
                awaitRunning("1.1.0", client, operator);

                long most = megabytes("VmHWM", operator);
                System.out.printf(
                        "FIGURES memory: %d pools of %d workers: %d MB resident when filled, %d MB when rolled, %d MB at most%n",
                        POOLS, WORKERS, filled, megabytes("VmRSS", operator), most);
                assertThat(most).as("MB resident at most").isLessThanOrEqualTo(AT_MOST_MB);
            } finally {
                operator.destroyForcibly().waitFor();
            }
        }
    }

    private static WorkerPool pool(int i) {
        return Serialization.unmarshal("""
                apiVersion: workerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: web-%d, namespace: default}
                spec:
                  version: "1.0.0"
                  replicas: %d
                  rollout: {pauseSeconds: 0}
                  template:
                    spec:
                      containers:
                        - name: worker
                          image: example.com/worker:$(APP_VERSION)
                          readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                """.formatted(i, WORKERS), WorkerPool.class);
    }

    private static void awaitRunning(String version, KubernetesClient client, Process operator) {
        await("all pools run " + version)
                .atMost(WITHIN)
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(() -> {
                    assertThat(operator.isAlive()).as("the operator runs").isTrue();
                    assertThat(client.resources(WorkerPool.class)
                                    .inNamespace("default")
                                    .list()
                                    .getItems())
                            .hasSize(POOLS)
                            .allMatch(pool -> pool.getStatus() != null
                                    && version.equals(pool.getStatus().version()));
                });
    }

    private Process start(EmbeddedServer server) throws IOException {
        Path root = Path.of(System.getProperty("basedir", ".")).resolve("..");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // As the JVM takes the container's memory for the machine's.
        command.add("-XX:MaxRAM="
                + found(MEMORY_LIMIT, root.resolve("deploy/base/operator.yaml")).getFirst() + "m");
        command.addAll(found(IMAGE_FLAG, root.resolve("operator/pom.xml")));
        command.addAll(List.of(
                "-jar", root.resolve("operator/target/workerpool-operator.jar").toString()));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile());
        builder.environment().keySet().removeIf(name -> name.endsWith("_OPTIONS"));
        builder.environment()
                .put(
                        "KUBECONFIG",
                        server.writeKubeconfig(directory.resolve("kubeconfig")).toString());
        builder.environment().put("WATCH_NAMESPACES", "");
        builder.environment().put("MANAGEMENT_PORT", "0");
        builder.environment().put("LEADER_ELECTION", "false");
        return builder.start();
    }

    private static List<String> found(Pattern pattern, Path file) throws IOException {
        List<String> found = pattern.matcher(Files.readString(file))
                .results()
                .map(result -> result.group(1))
                .toList();
        assertThat(found).as("%s in %s", pattern, file).isNotEmpty();
        return found;
    }

    /** A line of the kernel's account of the process: VmRSS, resident now; VmHWM, resident at most so far. */
    private static long megabytes(String line, Process process) throws IOException {
        return Pattern.compile(line + ":\\s+(\\d+) kB")
                .matcher(Files.readString(Path.of("/proc/" + process.pid() + "/status")))
                .results()
                .map(MatchResult::group)
                .map(text -> text.replaceAll("\\D", ""))
                .mapToLong(kilobytes -> Long.parseLong(kilobytes) * 1024 / 1_000_000)
                .findFirst()
                .orElseThrow();
    }
}
