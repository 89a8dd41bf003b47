package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import org.junit.jupiter.api.Test;

/** The main job: a pool fills, rolls, and is scaled while it rolls. */
class RolloutE2E extends ClusterTest {

    @Test
    void fillsAndRollsOneWorkerAtATimeTheNewBeforeTheOld() {
        Pool pool = create("web", "spec: {replicas: 3}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(3);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(4);
            assertThat(pods.names()).containsExactly("web-1-0", "web-1-1", "web-2-0", "web-2-1", "web-3-0", "web-3-1");
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(status.history().getFirst().fromVersion()).isEqualTo("1.0.0");
            assertThat(status.history().getFirst().version()).isEqualTo("1.1.0");
            assertThat(status.history().getFirst().workersReplaced()).isEqualTo(3);
            assertThat(status.statistics().rollouts()).isEqualTo(1);
            assertThat(status.updatedReplicas()).isEqualTo(3);
            assertThat(pool.events("RolloutSucceeded")).hasSize(1);
        }
    }
}
