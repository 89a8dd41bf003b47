package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The main job: fill, roll, roll back, break, try again. */
class MainJobServerTest extends Stage {

    @Test
    void fillsAtOnceAndIsReady() {
        create("{replicas: 3}");

        WorkerPoolStatus status = awaitUpToDate("v1");

        assertThat(workers()).containsExactly("web-1-0", "web-2-0", "web-3-0");
        assertThat(conditions(status))
                .containsExactly(
                        "True UpToDate",
                        "True MinimumWorkersAvailable",
                        "False Complete",
                        "False Moving",
                        "False Closed");
        assertThat(status.history()).isNullOrEmpty();
        assertThat(status.availableReplicas()).isEqualTo(3);
    }

    @Test
    void rollsOneByOneNewBeforeOld() {
        create("{replicas: 3}");
        awaitUpToDate("v1");
        film.cut();
        server.nodes().readyDelay(Duration.ofMillis(200));

        edit("{version: v2}");
        WorkerPoolStatus during = await("a rollout", s -> s.rollout() != null);
        WorkerPoolStatus status = awaitUpToDate("v2");

        assertThat(during.rollout().phase()).isEqualTo(Phase.RollingOut);
        assertThat(conditions(during))
                .containsExactly(
                        "False RollingOut",
                        "True MinimumWorkersAvailable",
                        "True RollingOut",
                        "False Moving",
                        "False Closed");
        awaitThat("the last old worker has drained", x -> pods().size() == 3);
        List<String> scenes = film.scenes();
        assertThat(scenes).hasSize(12);
        for (int step = 0; step < 3; step++) {
            String slot = scenes.get(4 * step).replaceAll("make web-(\\d)-1", "$1");
            assertThat(scenes.subList(4 * step, 4 * step + 4))
                    .containsExactly(
                            "make web-" + slot + "-1",
                            "ready web-" + slot + "-1",
                            "leave web-" + slot + "-0",
                            "gone web-" + slot + "-0");
        }
        assertThat(film.fewestReady()).isEqualTo(3);
        assertThat(film.mostLive()).isEqualTo(4);
        assertThat(server.requests())
                .filteredOn(r -> r.method().equals("DELETE") && r.path().contains("/pods/"))
                .isEmpty();
        assertThat(server.requests())
                .filteredOn(r -> r.path().contains("/eviction"))
                .hasSize(3);
        assertThat(status.history()).hasSize(1);
        assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
        assertThat(status.history().getFirst().workersReplaced()).isEqualTo(3);
        assertThat(status.statistics().rollouts()).isEqualTo(1);
        awaitEvent("RolloutSucceeded", 1);
        // RolloutSucceeded tells of the last worker.
        assertThat(events()).isEqualTo(Map.of("RolloutStarted", 1L, "WorkerReplaced", 2L, "RolloutSucceeded", 1L));
    }

    @Test
    void rollsBackACrashAndKeepsItsEvidence() {
        WorkerPoolStatus status = rolledBack("v2-crash");

        assertThat(status.lastFailure().exitCode()).isEqualTo(3);
        assertThat(status.lastFailure().message()).contains("cannot open the order database");
        assertThat(status.lastFailure().log()).contains("starting version v2-crash");
    }

    @Test
    void rollsBackAnImageThatCannotBePulled() {
        WorkerPoolStatus status = rolledBack("v2-badimage");

        assertThat(status.lastFailure().message()).contains("worker:v2-badimage");
        assertThat(status.lastFailure().exitCode()).isNull();
    }

    @Test
    void rollsBackAWorkerThatIsNeverReady() {
        WorkerPoolStatus status = rolledBack("v2-never");

        assertThat(status.lastFailure().message()).contains("readyTimeoutSeconds");
    }

    private WorkerPoolStatus rolledBack(String version) {
        create("{replicas: 3, rollout: {readyTimeoutSeconds: 1}}");
        awaitUpToDate("v1");
        film.cut();

        edit("{version: %s}".formatted(version));
        WorkerPoolStatus status = awaitReason("RolledBack");

        awaitThat("no worker of " + version, x -> pods().size() == 3);
        assertThat(workers()).containsExactly("web-1-0", "web-2-0", "web-3-0");
        assertThat(film.fewestReady()).isEqualTo(3);
        assertThat(film.mostLive()).isEqualTo(4);
        assertThat(conditions(status))
                .containsExactly(
                        "False RolledBack",
                        "True MinimumWorkersAvailable",
                        "False Failed",
                        "True RolledBack",
                        "False Closed");
        assertThat(status.version()).isEqualTo("v1");
        assertThat(status.failedRevision()).isEqualTo(status.updateRevision());
        assertThat(status.failedResult()).isEqualTo(Result.RolledBack);
        assertThat(status.history().getFirst().result()).isEqualTo(Result.RolledBack);
        assertThat(status.lastFailure().version()).isEqualTo(version);
        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
        assertThat(read().getSpec().version()).isEqualTo(version);
        awaitEvent("RollbackSucceeded", 1);
        assertThat(events())
                .isEqualTo(Map.of(
                        "RolloutStarted", 1L, "RolloutFailed", 1L, "RollbackStarted", 1L, "RollbackSucceeded", 1L));
        return status;
    }

    @Test
    void threeFailuresOpenTheBreakerAndAGoodTrialClosesIt() {
        create("{replicas: 2, circuitBreaker: {resetTimeoutSeconds: 600}}");
        awaitUpToDate("v1");
        for (int i = 1; i <= 3; i++) {
            int failures = i;
            edit("{version: v2-%d-crash}".formatted(i));
            await("failure " + i, s -> s.circuitBreaker().consecutiveFailures() == failures && s.rollout() == null);
        }
        WorkerPoolStatus open = status();
        assertThat(open.circuitBreaker().state()).isEqualTo(BreakerState.Open);
        assertThat(open.circuitBreaker().retryTime()).isNotNull();
        assertThat(condition(open, "Ready")).isEqualTo("False RolledBack");
        assertThat(condition(open, "CircuitBreakerOpen")).isEqualTo("True TooManyFailures");
        awaitThat("the failed workers are gone", x -> pods().size() == 2);
        film.cut();
        server.nodes().readyDelay(Duration.ofMillis(300));

        edit("{version: v3}");
        WorkerPoolStatus held = awaitReason("CircuitBreakerOpen");

        assertThat(conditions(held))
                .containsExactly(
                        "False CircuitBreakerOpen",
                        "True MinimumWorkersAvailable",
                        "False Held",
                        "True CircuitBreakerOpen",
                        "True TooManyFailures");
        assertThat(film.scenes()).isEmpty();

        edit("{circuitBreaker: {resetTimeoutSeconds: 1}}"); // moves the time of the trial at once
        await(
                "a trial",
                s -> s.rollout() != null && Boolean.TRUE.equals(s.rollout().trial()));
        WorkerPoolStatus closed = awaitUpToDate("v3");
        assertThat(closed.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        assertThat(closed.circuitBreaker().consecutiveFailures()).isZero();
        assertThat(condition(closed, "CircuitBreakerOpen")).isEqualTo("False Closed");
        assertThat(film.fewestReady()).isEqualTo(2);
        awaitEvent("CircuitBreakerClosed", 1);
        assertThat(events())
                .containsEntry("CircuitBreakerOpened", 1L)
                .containsEntry("CircuitBreakerHalfOpen", 1L)
                .containsEntry("RolloutStarted", 4L)
                .containsEntry("RolloutFailed", 3L)
                .containsEntry("RolloutSucceeded", 1L);
    }

    @Test
    void aBadTrialOpensTheBreakerAgain() {
        create("{replicas: 2, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 1}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        await("half-open", s -> s.circuitBreaker().state() == BreakerState.HalfOpen && s.rollout() == null);

        edit("{version: v3-crash}");
        await(
                "open again",
                s -> s.circuitBreaker().consecutiveFailures() == 2
                        && s.circuitBreaker().state() == BreakerState.Open);
        awaitEvent("CircuitBreakerOpened", 2);
    }
}
