package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** The circuit breaker (contract, section 5), which survives the operator's death. */
class BreakerE2E extends ClusterTest {

    @Test
    void opensAfterThreeFailuresHoldsTheNextVersionAndClosesByATrialThatSucceeds() {
        Pool pool = create("web", "spec: {circuitBreaker: {resetTimeoutSeconds: 600}}");
        pool.awaitUpToDate("1.0.0");
        for (int failed = 1; failed <= 3; failed++) {
            pool.version("2.0." + failed + "-crash");
            WorkerPoolStatus status = pool.await(Reason.RolledBack);
            assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(failed);
            assertThat(status.circuitBreaker().state()).isEqualTo(failed < 3 ? BreakerState.Closed : BreakerState.Open);
        }

        operator.close(); // SIGKILL
        pool.version("3.0.0");
        operator = OperatorProcess.start(namespace);
        WorkerPoolStatus held = pool.await(Reason.CircuitBreakerOpen);
        assertThat(held.circuitBreaker().consecutiveFailures()).isEqualTo(3);
        assertThat(held.rollout()).isNull();
        assertThat(Pool.condition(held, ConditionType.Stalled).getStatus()).isEqualTo("True");
        assertThat(Pool.condition(held, ConditionType.CircuitBreakerOpen).getStatus())
                .isEqualTo("True");
        Instant retry = Instant.parse(held.circuitBreaker().retryTime());
        assertThat(Duration.between(Instant.parse(held.circuitBreaker().lastFailureTime()), retry))
                .isEqualTo(Duration.ofSeconds(600));
        assertThat(pool.pods("3.0.0")).as("pods of a version that is held").isEmpty();

        pool.edit("circuitBreaker: {resetTimeoutSeconds: 20}"); // moves the time of the trial at once
        Instant sooner = retry.minusSeconds(580);
        WorkerPoolStatus trial = pool.await(
                "tries by itself",
                s -> s.rollout() != null && "3.0.0".equals(s.rollout().toVersion()));
        assertThat(trial.circuitBreaker().state()).isEqualTo(BreakerState.HalfOpen);
        assertThat(trial.rollout().trial()).isTrue();
        assertThat(Instant.parse(trial.rollout().startedAt())).isBetween(sooner, retry);

        WorkerPoolStatus closed = pool.awaitUpToDate("3.0.0");
        assertThat(closed.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        assertThat(closed.circuitBreaker().consecutiveFailures()).isZero();
        assertThat(closed.history())
                .extracting(WorkerPoolStatus.HistoryEntry::result)
                .containsExactly(Result.Succeeded, Result.RolledBack, Result.RolledBack, Result.RolledBack);
        assertThat(closed.statistics().failureRatePercent()).isEqualTo(75.0);
        pool.awaitEvents("CircuitBreakerOpened", 1);
        pool.awaitEvents("CircuitBreakerHalfOpen", 1);
        pool.awaitEvents("CircuitBreakerClosed", 1);
    }
}
