package dev.workerpool.e2e.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodesServerTest extends Fixture {

    private static ContainerStatus container(Pod pod) {
        List<ContainerStatus> statuses = pod.getStatus().getContainerStatuses();
        return statuses.isEmpty() ? new ContainerStatus() : statuses.getFirst();
    }

    private static String waiting(Pod pod) {
        var state = container(pod).getState();
        return state == null || state.getWaiting() == null
                ? ""
                : state.getWaiting().getReason();
    }

    @Test
    void aGoodPodLooksLikeAKubelets() {
        create("a", "1");
        Pod pod = awaitReady("a");
        assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
        assertThat(pod.getSpec().getNodeName()).startsWith("node-");
        assertThat(pod.getStatus().getConditions())
                .extracting(c -> c.getType() + "=" + c.getStatus())
                .containsExactly("PodScheduled=True", "Initialized=True", "ContainersReady=True", "Ready=True");
        assertThat(container(pod).getState().getRunning().getStartedAt()).isNotEmpty();
    }

    @Test
    void aCrashLeavesEvidence() {
        create("a", "1-crash");
        Pod pod = await("a", p -> waiting(p).equals("CrashLoopBackOff"));
        assertThat(container(pod).getRestartCount()).isEqualTo(1);
        assertThat(container(pod).getLastState().getTerminated().getExitCode()).isEqualTo(3);
        assertThat(container(pod).getLastState().getTerminated().getMessage()).contains("order database");
        assertThat(client.pods().inNamespace("default").withName("a").getLog()).contains("fatal: cannot open");
    }

    @Test
    void aMissingImageIsReportedAsNotFound() {
        create("a", "1-badimage");
        Pod pod = await("a", p -> waiting(p).equals("ErrImagePull"));
        assertThat(container(pod).getState().getWaiting().getMessage()).contains("worker:1-badimage: not found");
    }

    @Test
    void readinessFollowsTheTest() {
        create("never", "1-never");
        create("a", "1");
        awaitReady("a");
        server.nodes().ready("default", "a", false);
        assertThat(ready(read("a"))).isFalse();
        server.nodes().crash("default", "a", 9);
        await("a", p -> container(p).getRestartCount() == 1 && ready(p));
        assertThat(ready(read("never"))).isFalse();
    }

    @Test
    void aFullClusterLeavesPodsUnschedulable() {
        server.nodes().capacity(1);
        create("a", "1");
        awaitReady("a");
        create("b", "1");
        await("b", p -> p.getStatus().getConditions().stream().anyMatch(c -> "Unschedulable".equals(c.getReason())));
        client.resource(read("a")).delete();
        awaitReady("b");
    }

    @Test
    void aLostNodeNeitherAnswersNorTerminates() {
        create("a", "1");
        String node = awaitReady("a").getSpec().getNodeName();
        server.nodes().stopNode(node);
        Pod lost = read("a");
        assertThat(ready(lost)).isFalse();
        assertThat(container(lost).getReady()).isTrue();
        client.resource(lost).delete();
        create("b", "1");
        assertThat(awaitReady("b").getSpec().getNodeName()).isNotEqualTo(node);
        assertThat(read("a")).isNotNull();
        server.nodes().startNode(node);
        awaitGone("a");
    }

    @Test
    void aNodeEvictsAndAPodVanishes() {
        create("a", "1");
        create("b", "1");
        awaitReady("a");
        awaitReady("b");
        server.nodes().evict("default", "a");
        assertThat(read("a").getStatus().getReason()).isEqualTo("Evicted");
        server.nodes().remove("default", "b");
        assertThat(read("b")).isNull();
    }

    @Test
    void verificationAnswersAsTold() throws Exception {
        assertThat(verify()).isEqualTo(200);
        server.nodes().verificationAnswers(false);
        assertThat(verify()).isEqualTo(500);
        server.nodes().verificationAnswers(true);
        create("a", "1-verify");
        awaitReady("a");
        assertThat(verify()).isEqualTo(500);
    }

    private int verify() throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.nodes().verificationPort() + "/ready");
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(uri)
                                    .timeout(Duration.ofSeconds(5))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }
}
