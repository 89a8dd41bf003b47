package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A worker that somebody's finalizer keeps from going. */
@Execution(ExecutionMode.CONCURRENT)
class FinalizerE2E extends ClusterTest {
    private static final Duration GRACE = Duration.ofSeconds(6); // Pool.PLAIN: drain of 1 s + 5 s

    @Test
    void holdsUpOnlyTheWaitForItsSlotAndThatForAWhile() {
        Pool pool = create("held", "{}");
        pool.awaitUpToDate("1.0.0");
        finalizers("held-1-0", List.of("example.com/audit"));
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            pool.await(
                    "says so", s -> s.rollout() != null && s.rollout().message().contains("held-1-0 drains"));
            System.out.println("held: " + pool.status().rollout().message());
            WorkerPoolStatus status = pool.await(Reason.UpToDate);
            assertThat(status.version()).isEqualTo("1.1.0");
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            Instant left = pods.first(p -> isTerminating(p, "held-1-0")).orElseThrow();
            Instant next = pods.first(p -> p.getMetadata().getName().equals("held-2-1"))
                    .orElseThrow();
            Duration waited = Duration.between(left, next);
            System.out.printf("held: the next step began %d ms after the stuck worker left%n", waited.toMillis());
            assertThat(waited)
                    .isBetween(
                            GRACE.plusSeconds(30).minusSeconds(2),
                            GRACE.plusSeconds(30).plusSeconds(30));
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        }
        // It is still there, counted as what it is, and keeps the pool neither from resting nor from healing beside it.
        assertThat(pool.await("is counted", s -> Integer.valueOf(1).equals(s.terminatingReplicas()))
                        .replicas())
                .isEqualTo(2);
        pool.awaitRest(5);
        client.pods().inNamespace(namespace).withName("held-1-1").delete();
        pool.await("heals beside it", s -> pool.pods().stream()
                .anyMatch(p -> p.getMetadata().getName().equals("held-1-2")));
        finalizers("held-1-0", List.of());
        pool.awaitUpToDate("1.1.0");
    }

    /** On failure too: what has one keeps its namespace for ever. */
    @AfterEach
    void letGo() {
        client.pods().inNamespace(namespace).list().getItems().stream()
                .filter(pod -> !pod.getFinalizers().isEmpty())
                .forEach(pod -> finalizers(pod.getMetadata().getName(), List.of()));
    }

    private static boolean isTerminating(Pod pod, String name) {
        return pod.getMetadata().getName().equals(name) && pod.getMetadata().getDeletionTimestamp() != null;
    }

    private void finalizers(String pod, List<String> finalizers) {
        client.pods().inNamespace(namespace).withName(pod).edit(p -> {
            p.getMetadata().setFinalizers(finalizers);
            return p;
        });
    }
}
