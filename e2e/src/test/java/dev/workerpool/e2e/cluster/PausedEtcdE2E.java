package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** The cluster's store hangs for 20 s: calls hang or end in errors, and of some nobody knows whether they were carried out. */
@Isolated("nothing can be read or written meanwhile")
class PausedEtcdE2E extends ClusterTest {
    private static final Duration HANGS = Duration.ofSeconds(20);

    @Test
    void inTheMiddleOfARolloutAndOfOneThatFails() throws Exception {
        LocalCluster cluster = LocalCluster.assumed("etcd is paused");
        Pool rolls = create("rolls", "spec: {replicas: 3}");
        Pool fails = create("fails", "spec: {replicas: 3}");
        rolls.awaitUpToDate("1.0.0");
        fails.awaitUpToDate("1.0.0");
        try (PodRecord rollsPods = PodRecord.of(rolls);
                PodRecord failsPods = PodRecord.of(fails)) {
            long before = writesButEvents();
            rolls.version("1.1.0-slow");
            fails.edit("version: 2.0.0-never\nrollout: {readyTimeoutSeconds: 8}");
            rolls.await("a new worker", s -> !rolls.pods("1.1.0-slow").isEmpty());
            fails.await("a new worker", s -> !fails.pods("2.0.0-never").isEmpty());

            cluster.component("pause", "etcd");
            try {
                TimeUnit.MILLISECONDS.sleep(HANGS.toMillis());
            } finally {
                cluster.component("resume", "etcd");
            }
            Instant resumed = Instant.now();

            WorkerPoolStatus rolledBack = fails.await(Reason.RolledBack);
            Duration toBack = Duration.between(resumed, Instant.now());
            WorkerPoolStatus rolledOut = rolls.awaitUpToDate("1.1.0-slow");
            fails.await("only old workers", s -> fails.pods().size() == 3);
            long writes = writesButEvents() - before;
            System.out.printf(
                    "FIGURES etcd paused for %d s: the failed rollout was back %.1f s after it, the good one done after %.1f s; %d writes%n",
                    HANGS.toSeconds(),
                    toBack.toMillis() / 1000.0,
                    Duration.between(resumed, Instant.now()).toMillis() / 1000.0,
                    writes);
            // Undisturbed, 5 for each worker made and 5 for each rollout; each at most once more, for nobody knows
            // whether it
            // was carried out; and of each pool two kinds are tried at a time, each once a second at most.
            assertThat(writes).isLessThanOrEqualTo(2 * (5 * 4 + 5 * 2) + 2 * 2 * HANGS.toSeconds());

            assertThat(rolledOut.history()).hasSize(1);
            assertThat(rolledOut.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(rolledOut.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(rollsPods.names())
                    .containsExactly("rolls-1-0", "rolls-1-1", "rolls-2-0", "rolls-2-1", "rolls-3-0", "rolls-3-1");
            assertThat(rolledBack.history()).hasSize(1);
            assertThat(rolledBack.history().getFirst().result()).isEqualTo(Result.RolledBack);
            assertThat(rolledBack.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            assertThat(failsPods.names()).containsExactly("fails-1-0", "fails-1-1", "fails-2-0", "fails-3-0");
            for (PodRecord pods : new PodRecord[] {rollsPods, failsPods}) {
                assertThat(pods.fewestReady())
                        .as("ready pods: %s", pods.lines())
                        .isEqualTo(3);
                assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(4);
            }
        }
    }
}
