package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The clock of the operator's machine is 5 minutes off, or set while the operator works. */
class SetClockServerTest extends Stage {
    private volatile Duration off = Duration.ZERO;

    @Override
    Clock clock() {
        InstantSource set = () -> Instant.now().plus(off);
        return set.withZone(ZoneOffset.UTC);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, -5})
    void aConstantOffsetChangesNothing(int minutes) {
        stopOperator();
        off = Duration.ofMinutes(minutes);
        startOperator();
        create("{replicas: 2, rollout: {readyTimeoutSeconds: 1, progressDeadlineSeconds: 20, minReadySeconds: 1}}");
        awaitUpToDate("v1");
        film.cut();
        server.forgetRequests();

        edit("{version: v2}");
        rolledOut(awaitUpToDate("v2"));

        film.cut();
        edit("{version: v3-never}");
        WorkerPoolStatus failed = awaitReason("RolledBack");
        assertThat(failed.history().getFirst().durationSeconds()).isBetween(1.0, 20.0);
        assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(1);
        assertThat(film.fewestReady()).isEqualTo(2);
    }

    /** In the middle of a soak, of which nothing else tells the operator when it is over. */
    @ParameterizedTest
    @ValueSource(ints = {5, -5, 60 * 24, -60 * 24})
    void setInTheMiddleOfARolloutItNeitherFailsItNorHoldsItUp(int minutes) {
        create("{replicas: 2, rollout: {readyTimeoutSeconds: 3, progressDeadlineSeconds: 20, minReadySeconds: 2}}");
        awaitUpToDate("v1");
        film.cut();
        server.forgetRequests();
        edit("{version: v2}");
        awaitThat("a worker soaks", x -> film.scenes().contains("ready web-1-1"));

        off = Duration.ofMinutes(minutes);

        WorkerPoolStatus status = awaitUpToDate("v2");
        rolledOut(status);
        // Two soaks of 2 s; a time that is off by a tenth is not told from one that is not.
        assertThat(status.history().getFirst().durationSeconds()).isGreaterThan(3.5);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, -5})
    void aRefusedCallIsTriedAgainInTime(int minutes) {
        create("{replicas: 1}");
        awaitUpToDate("v1");
        server.quotaPods("default", 1);
        edit("{version: v2}");
        await("Blocked", s -> reason(s, "Progressing").equals("Blocked"));

        off = Duration.ofMinutes(minutes);
        server.noQuota("default");

        awaitUpToDate("v2");
    }

    @Test
    void anotherProcessWithItsClockSetBackWaitsNoLongerForTheBreaker() {
        create("{replicas: 1, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 3}}");
        awaitUpToDate("v1");
        stopOperator();
        off = Duration.ofHours(1);
        startOperator();
        edit("{version: v2-crash, circuitBreaker: {resetTimeoutSeconds: 600}}");
        await("an open breaker", s -> s.rollout() == null && s.circuitBreaker().retryTime() != null);
        stopOperator();
        off = Duration.ZERO;
        startOperator();
        edit("{version: v3, circuitBreaker: {resetTimeoutSeconds: 3}}");

        WorkerPoolStatus status = awaitUpToDate("v3");

        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
    }

    private void rolledOut(WorkerPoolStatus status) {
        assertThat(versions()).isEqualTo(Map.of("v2", 2L));
        assertThat(status.history()).hasSize(1);
        assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
        assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(2);
        assertThat(film.fewestReady()).isEqualTo(2);
        assertThat(film.mostLive()).isEqualTo(3);
        // Two calls and at most three records a worker, and 5 for the rollout.
        assertThat(server.writes()).isLessThanOrEqualTo(15);
    }
}
