package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** By mistake two operators work on the same pools, and neither asks who leads. */
class TwoOperatorsE2E extends ClusterTest {
    private OperatorProcess other;

    @BeforeAll
    void startTheOther() {
        other = OperatorProcess.start(namespace);
    }

    @AfterAll
    void endTheOther() {
        if (other != null) {
            other.close();
        }
    }

    @Test
    void makeNoPodTwiceAndCountNothingTwice() {
        Pool pool = create("web", "spec: {replicas: 3}");
        pool.awaitUpToDate("1.0.0");
        assertThat(pool.pods()).hasSize(3);
        long before = writesButEvents();
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            WorkerPoolStatus rolledOut = pool.awaitUpToDate("1.1.0");
            assertThat(rolledOut.history()).hasSize(1);
            assertThat(rolledOut.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.names()).containsExactly("web-1-0", "web-1-1", "web-2-0", "web-2-1", "web-3-0", "web-3-1");

            pool.edit("version: 2.0.0-never\nrollout: {readyTimeoutSeconds: 3}");
            WorkerPoolStatus rolledBack = pool.await(Reason.RolledBack);
            pool.await("only old workers", s -> pool.pods().size() == 3);
            assertThat(rolledBack.history()).hasSize(2);
            assertThat(rolledBack.history().getFirst().result()).isEqualTo(Result.RolledBack);
            assertThat(rolledBack.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            assertThat(pods.names())
                    .containsExactly("web-1-0", "web-1-1", "web-1-2", "web-2-0", "web-2-1", "web-3-0", "web-3-1");
            assertThat(pool.pods("1.1.0")).hasSize(3);

            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(3);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(4);
        }
        for (String once : List.of("RolloutSucceeded", "RolloutFailed", "RollbackStarted", "RollbackSucceeded")) {
            pool.awaitEvents(once, 1);
        }
        pool.awaitEvents("RolloutStarted", 2);
        assertThat(other.metrics().lines().filter(l -> l.startsWith("workerpool_invariant_violations_total")))
                .allMatch(line -> line.endsWith(" 0.0"));
        long writes = writesButEvents() - before;
        // One alone writes at most 5 times for each of 4 workers made and for each of 2 rollouts. Two do it twice; and
        // of what
        // they do in the same moment the one that is refused looks again.
        assertThat(writes).isLessThanOrEqualTo(3 * (5 * 4 + 5 * 2));
        System.out.printf(
                "FIGURES two operators, a rollout and a rollback of 3 workers: %d writes, %d lines of warning in their logs%n",
                writes,
                (operator.log() + other.log())
                        .lines()
                        .filter(l -> l.contains(" WARN "))
                        .count());
    }
}
