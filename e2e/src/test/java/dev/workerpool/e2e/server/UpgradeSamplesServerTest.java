package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Brings a pool into each phase, and the operator to its end there. {@code -Dupgrade.write} keeps what is left as the samples
 * that {@link UpgradeServerTest} goes on from; they are of an operator before, so write them for a new release only, and
 * then read what changed.
 */
class UpgradeSamplesServerTest extends Stage {
    private static final Duration NEVER = Duration.ofHours(1);

    @Test
    void filling() {
        server.nodes().readyDelay(NEVER);
        create("{replicas: 2}");
        awaitRunning("web-1-0", "web-2-0");
        await("a fill", s -> s.fillStartedAt() != null);
        keep("filling");
    }

    @Test
    void fillFailed() {
        create("{version: v1-crash, replicas: 2, rollout: {progressDeadlineSeconds: 2}}");
        awaitReason("NoSnapshot");
        atRest();
        keep("fill-failed");
    }

    @Test
    void refused() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        edit("{version: v2, template: {spec: {terminationGracePeriodSeconds: 3}}}");
        awaitReason("InvalidTemplate");
        atRest();
        keep("refused");
    }

    @Test
    void upToDate() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        edit("{version: v2}");
        awaitUpToDate("v2");
        awaitThat("old workers are gone", x -> pods().size() == 2);
        atRest();
        keep("up-to-date");
    }

    @Test
    void rollingOut() {
        secondOfTwoSteps();
        keep("rolling-out");
    }

    @Test
    void paused() {
        secondOfTwoSteps();
        edit("{paused: true}");
        await("a pause", s -> s.rollout().pausedSince() != null);
        atRest();
        keep("paused");
    }

    @Test
    void soaking() {
        create("{replicas: 2, rollout: {minReadySeconds: 3}}");
        awaitUpToDate("v1");
        edit("{version: v2}");
        awaitThat("the surge worker is ready", x -> film.scenes().contains("ready web-1-1"));
        keep("soaking");
    }

    @Test
    void rollingBack() {
        halfRolledBack();
        keep("rolling-back");
    }

    @Test
    void rolledBack() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        awaitReason("RolledBack");
        awaitThat("the failed worker is gone", x -> pods().size() == 2);
        atRest();
        keep("rolled-back");
    }

    @Test
    void retryPending() {
        create("{replicas: 2, rollout: {retryLimit: 1}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        await("a retry to come", s -> s.nextRetryTime() != null);
        awaitThat("the failed worker is gone", x -> pods().size() == 2);
        keep("retry-pending");
    }

    @Test
    void rolloutFailed() {
        create("{replicas: 2, rollout: {onFailure: Pause}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        awaitReason("RolloutFailed");
        atRest();
        keep("rollout-failed");
    }

    @Test
    void rollbackFailed() {
        halfRolledBack();
        server.nodes().crash("default", "web-1-2", 3);
        awaitReason("RollbackFailed");
        atRest();
        keep("rollback-failed");
    }

    @Test
    void breakerOpen() {
        create("{replicas: 2, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 5}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        awaitReason("RolledBack");
        edit("{version: v3}");
        awaitReason("CircuitBreakerOpen");
        awaitThat("the failed worker is gone", x -> pods().size() == 2);
        keep("breaker-open");
    }

    @Test
    void halfOpen() {
        create("{replicas: 2, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 1}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        await("a breaker that is half-open", s -> s.circuitBreaker().state() == BreakerState.HalfOpen);
        awaitThat("the failed worker is gone", x -> pods().size() == 2);
        atRest();
        keep("half-open");
    }

    @Test
    void trial() {
        create("{replicas: 2, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 1}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        awaitReason("RolledBack");
        server.nodes().readyDelay(NEVER);
        edit("{version: v3}");
        WorkerPoolStatus status =
                await("a trial", s -> s.rollout() != null && s.rollout().trial());
        assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.HalfOpen);
        awaitThat("its worker is there", x -> versions().containsKey("v3"));
        awaitThat("the failed worker is gone", x -> pods().size() == 3);
        keep("trial");
    }

    @Test
    void wayBack() {
        secondOfTwoSteps();
        edit("{version: v1}");
        await("a way back", s -> s.rollout() != null && s.rollout().phase() == Phase.RollingBack);
        awaitRunning("web-1-2");
        awaitThat("the worker in mid-step is gone", x -> pods().size() == 3);
        keep("way-back");
    }

    @Test
    void scaledToZero() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        edit("{version: v2, replicas: 0}");
        awaitThat("no worker is left", x -> pods().isEmpty());
        atRest();
        keep("scaled-to-zero");
    }

    /** One of two workers is of v2, and the other's replacement runs and is not ready. */
    private void secondOfTwoSteps() {
        create("{replicas: 2, rollout: {pauseSeconds: 1}}");
        awaitUpToDate("v1");
        edit("{version: v2}");
        await(
                "the first step's end",
                s -> s.rollout() != null && "1/2".equals(s.rollout().progress()));
        server.nodes().readyDelay(NEVER);
        awaitRunning("web-2-1");
    }

    /** One of two workers is of v2 and goes back: its replacement runs and is not ready. */
    private void halfRolledBack() {
        secondOfTwoSteps();
        server.nodes().crash("default", "web-2-1", 3);
        await("a rollback", s -> s.rollout() != null && s.rollout().phase() == Phase.RollingBack);
        awaitRunning("web-1-2");
        awaitThat("the failed worker is gone", x -> pods().size() == 3);
    }

    private void awaitRunning(String... pods) {
        for (String name : pods) {
            awaitThat(name + " runs", x -> pods().stream()
                    .filter(p -> p.getMetadata().getName().equals(name))
                    .anyMatch(p -> "Running".equals(p.getStatus().getPhase())));
        }
    }

    private void keep(String phase) {
        stopOperator();
        Sample sample = Sample.of(phase, client);
        if (Boolean.getBoolean("upgrade.write")) {
            sample.write();
        }
    }
}
