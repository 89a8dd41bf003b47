package dev.workerpool.e2e.installed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.e2e.cluster.PodRecord;
import dev.workerpool.e2e.cluster.Pool;
import io.fabric8.kubernetes.api.model.Event;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** That a rollout was made once, whoever made it. */
final class Steps {
    private Steps() {}

    /**
     * Waits until it is done: each worker replaced once, new before old, and told once.
     *
     * @param pods recorded since before the rollout, with each slot's first generation present
     */
    static WorkerPoolStatus verifyOneRollout(Pool pool, PodRecord pods, String version) {
        WorkerPoolStatus status = pool.awaitUpToDate(version);
        int replicas = pool.get().getSpec().replicas();
        List<String> each = IntStream.rangeClosed(1, replicas)
                .boxed()
                .flatMap(slot -> Stream.of(pool.name() + "-" + slot + "-0", pool.name() + "-" + slot + "-1"))
                .toList();
        assertThat(pods.names()).as("pods ever made").isEqualTo(each);
        assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(replicas);
        assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(replicas + 1);
        assertThat(status.history()).singleElement().satisfies(entry -> {
            assertThat(entry.result()).isEqualTo(Result.Succeeded);
            assertThat(entry.workersReplaced()).isEqualTo(replicas);
        });
        assertThat(status.history()).extracting(HistoryEntry::version).containsExactly(version);
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
        // An Event follows the write that makes it true; who is killed between loses it, and nobody tells it twice.
        for (String once : List.of("RolloutStarted", "RolloutSucceeded", "WorkerReplaced")) {
            assertThat(pool.events(once)).extracting(Event::getMessage).as(once).doesNotHaveDuplicates();
        }
        return status;
    }
}
