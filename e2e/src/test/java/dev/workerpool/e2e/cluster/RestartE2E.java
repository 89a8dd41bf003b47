package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The operator's process ends, and another one goes on where it stood. */
class RestartE2E extends ClusterTest {

    @Test
    void killedInTheMiddleOfAStepItGoesOnAndMakesNoPodTwice() {
        Pool pool = create("web", "spec: {replicas: 3}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0-slow");
            pool.await(
                    "the first new worker starts", s -> !pool.pods("1.1.0-slow").isEmpty());
            restart();
            pool.await(
                    "the second new worker starts", s -> pool.pods("1.1.0-slow").size() == 2);
            restart();
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0-slow");

            assertThat(pods.names()).containsExactly("web-1-0", "web-1-1", "web-2-0", "web-2-1", "web-3-0", "web-3-1");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(3);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(4);
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
        }
    }

    @Test
    void killedWhileAVersionFailsItCountsTheFailureOnce() {
        Pool pool = create("broken", "spec: {circuitBreaker: {resetTimeoutSeconds: 60}}");
        pool.awaitUpToDate("1.0.0");
        pool.version("2.0.0-crash");
        pool.await(
                "the failure is recorded",
                s -> s.circuitBreaker() != null && s.circuitBreaker().consecutiveFailures() == 1);
        restart();
        WorkerPoolStatus status = pool.await(Reason.RolledBack);
        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
        assertThat(status.history()).hasSize(1);
        assertThat(status.lastFailure().exitCode()).isEqualTo(3);
        pool.await(
                "only old workers",
                s -> pool.pods().size() == 2 && pool.pods("1.0.0").size() == 2);
        restart();
        // A new operator does not try the failed version again.
        operator.metrics();
        assertThat(pool.await(Reason.RolledBack).history()).hasSize(1);
    }

    @Test
    void sigtermEndsItWithin5SecondsInTheMiddleOfARolloutToo() {
        Pool pool = create("term", "{}");
        pool.awaitUpToDate("1.0.0");
        pool.version("1.1.0-slow");
        pool.await("a new worker starts", s -> !pool.pods("1.1.0-slow").isEmpty());
        assertThat(operator.terminate()).isLessThan(Duration.ofSeconds(10)); // 5 are promised; a busy machine has more
        operator.close();
        operator = OperatorProcess.start(namespace);
        assertThat(pool.awaitUpToDate("1.1.0-slow").history()).hasSize(1);
    }

    private void restart() {
        operator.close(); // SIGKILL
        operator = OperatorProcess.start(namespace);
    }
}
