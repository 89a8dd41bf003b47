package dev.workerpool.e2e.installed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.e2e.cluster.Kubectl;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The operator as pods of its own, put on the cluster by {@code kubectl} from {@code deploy}. */
record Installation(KubernetesClient client, String namespace) {
    static final String NAMESPACE = "workerpool-system";
    private static final String NAME = "workerpool-operator";
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** A directory of {@code deploy}; empty: itself. */
    static String deploy(String directory) {
        return Path.of(System.getProperty("basedir", "."), "../deploy", directory)
                .normalize()
                .toString();
    }

    /** {@code kubectl apply -k}; returns at once. */
    static Installation apply(KubernetesClient client, String directory) {
        Kubectl.run("apply", "-k", directory);
        return new Installation(client, NAMESPACE);
    }

    /** Waits until every replica of the newest spec is ready, and no other is there. */
    void awaitReady() {
        await("the operator is ready")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    Deployment now = deployment();
                    if (now == null) {
                        return false;
                    }
                    assertThat(pods().stream().flatMap(Installation::waiting))
                            .as(
                                    "why its containers do not start; the image comes by e2e/cluster/operator-image --import")
                            .doesNotContain("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull");
                    int replicas = now.getSpec().getReplicas();
                    return now.getStatus() != null
                            && now.getMetadata()
                                    .getGeneration()
                                    .equals(now.getStatus().getObservedGeneration())
                            && Integer.valueOf(replicas).equals(now.getStatus().getReadyReplicas())
                            && Integer.valueOf(replicas).equals(now.getStatus().getUpdatedReplicas())
                            && pods().size() == replicas;
                });
    }

    private static Stream<String> waiting(Pod pod) {
        return pod.getStatus().getContainerStatuses().stream()
                .map(container -> container.getState().getWaiting())
                .filter(Objects::nonNull)
                .map(waiting -> waiting.getReason());
    }

    Deployment deployment() {
        return client.apps().deployments().inNamespace(namespace).withName(NAME).get();
    }

    /** Its pods, terminating ones too. */
    List<Pod> pods() {
        return client.pods()
                .inNamespace(namespace)
                .withLabels(deployment().getSpec().getSelector().getMatchLabels())
                .list()
                .getItems();
    }

    /** Who holds the lease: a name that begins with the pod's, and is another one after each start. */
    Optional<String> holder() {
        return Optional.ofNullable(
                        client.leases().inNamespace(namespace).withName(NAME).get())
                .map(Lease::getSpec)
                .map(spec -> spec.getHolderIdentity())
                .filter(Objects::nonNull);
    }

    /** The pod that leads. */
    Pod leader() {
        await("one of them leads").atMost(PATIENCE).until(() -> pods().stream().anyMatch(this::leads));
        return pods().stream().filter(this::leads).findFirst().orElseThrow();
    }

    private boolean leads(Pod pod) {
        return holder().filter(holder -> holder.startsWith(pod.getMetadata().getName() + "-"))
                .isPresent();
    }

    /** Waits until another one leads, or the same one after a new start; who. */
    String awaitOtherThan(String holder) {
        return await("another operator leads")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(this::holder, now -> now.isPresent() && !now.get().equals(holder))
                .orElseThrow();
    }

    /** {@code kubectl rollout restart}; returns once only new pods are there, and one of them leads. */
    void restart() {
        String before = leader().getMetadata().getUid();
        Kubectl.run("rollout", "restart", "deployment/" + NAME, "--namespace", namespace);
        await("another pod leads")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> pods().stream()
                        .anyMatch(
                                pod -> leads(pod) && !pod.getMetadata().getUid().equals(before)));
        awaitReady();
    }

    /** What its pods have logged, before their last restart too. */
    String log() {
        return pods().stream()
                .map(pod -> "-- " + pod.getMetadata().getName() + "\n" + log(pod, true) + log(pod, false))
                .collect(Collectors.joining("\n"));
    }

    private String log(Pod pod, boolean previous) {
        try {
            var resource = client.pods().resource(pod);
            return previous ? resource.terminated().getLog() : resource.getLog();
        } catch (KubernetesClientException e) {
            return ""; // there is none
        }
    }

    /** As a person does it who keeps the pools: all but the CRD. */
    void remove() {
        Kubectl.run("delete", "-k", deploy("base"), "--ignore-not-found");
        assertThat(client.namespaces().withName(namespace).get())
                .as("namespace %s is gone", namespace)
                .isNull();
    }
}
