package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.e2e.embedded.RecordedRequest;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What an operator left in any phase, another one goes on with: it does not begin anew, make a pod twice or count a failure
 * twice. The samples are files ({@link Sample}), so that a later version of the operator has to read what this one wrote.
 */
class UpgradeServerTest extends Stage {
    private WorkerPoolStatus left;

    @Test
    void aFillGoesOn() {
        goOn("filling");
        WorkerPoolStatus status = awaitUpToDate("v1");
        assertThat(made()).isEmpty();
        assertThat(status.history()).isNullOrEmpty();
        assertThat(status.fillStartedAt()).isNull();
    }

    @Test
    void aFillThatFailedWaitsForAnotherSpec() {
        goOn("fill-failed");
        remains(Duration.ofSeconds(1), "nothing is tried", x -> made().isEmpty() && left().isEmpty());
        assertThat(status().lastFailure()).isEqualTo(left.lastFailure());
        edit("{version: v3}");
        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
        assertThat(status.history()).isNullOrEmpty();
    }

    @Test
    void aSpecThatWasRefusedHasChangedNothing() {
        goOn("refused");
        assertNothingIsWritten();
        edit("{template: {spec: {terminationGracePeriodSeconds: 60}}}");
        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(results(status)).containsExactly(Result.Succeeded);
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
    }

    @Test
    void aPoolThatIsUpToDateIsLeftAlone() {
        goOn("up-to-date");
        assertNothingIsWritten();
        edit("{version: v3}");
        assertThat(awaitUpToDate("v3").history()).hasSize(2);
    }

    @Test
    void aRolloutGoesOnInTheMiddleOfItsStep() {
        goOn("rolling-out");
        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(film.scenes()).startsWith("ready web-2-1", "leave web-2-0");
        assertThat(made()).isEmpty();
        assertThat(film.fewestReady()).isEqualTo(2);
        assertEnded(status, Result.Succeeded);
    }

    @Test
    void aPausedRolloutStandsStillAndGoesOnWhenItMay() {
        goOn("paused");
        remains(Duration.ofSeconds(1), "no worker goes", x -> left().isEmpty());
        assertThat(made()).isEmpty();
        assertThat(status().rollout().pausedSince()).isEqualTo(left.rollout().pausedSince());
        edit("{paused: false}");
        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(made()).isEmpty();
        assertEnded(status, Result.Succeeded);
    }

    @Test
    void aWorkerThatHadToStayReadyHasToDoSoAgain() {
        Instant began = Instant.now();
        goOn("soaking");
        awaitThat("the old worker leaves", x -> left().contains("leave web-1-0"));
        assertThat(Duration.between(began, Instant.now())).isGreaterThanOrEqualTo(Duration.ofSeconds(3));
        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(made()).containsExactly("make web-2-1");
        assertThat(film.fewestReady()).isEqualTo(2);
        assertEnded(status, Result.Succeeded);
    }

    @Test
    void aRollbackGoesOn() {
        goOn("rolling-back");
        WorkerPoolStatus status = awaitReason("RolledBack");
        assertThat(film.scenes()).startsWith("ready web-1-2", "leave web-1-1");
        assertThat(made()).isEmpty();
        assertThat(film.fewestReady()).isEqualTo(2);
        assertEnded(status, Result.RolledBack);
        assertThat(status.circuitBreaker()).isEqualTo(left.circuitBreaker());
        assertThat(status.failedRevision()).isEqualTo(left.failedRevision());
    }

    @Test
    void whatWasRolledBackIsNotTriedAgain() {
        goOn("rolled-back");
        assertNothingIsWritten();
        edit("{version: v3}");
        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(results(status)).containsExactly(Result.Succeeded, Result.RolledBack);
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
    }

    @Test
    void aRetryThatIsDueComesWhenItWasToCome() {
        goOn("retry-pending");
        WorkerPoolStatus tried = await("the retry", s -> s.rollout() != null);
        assertThat(Instant.parse(tried.rollout().startedAt())).isAfterOrEqualTo(Instant.parse(left.nextRetryTime()));
        assertThat(tried.rollout().attempt()).isEqualTo(2);
        WorkerPoolStatus status = awaitReason("RolledBack");
        assertThat(status.failedAttempts()).isEqualTo(2);
        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(2);
    }

    @Test
    void aRolloutThatFailedStaysAsItStands() {
        goOn("rollout-failed");
        assertNothingIsWritten();
        edit("{version: v3}");
        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(results(status)).containsExactly(Result.Succeeded, Result.Failed);
    }

    @Test
    void aRollbackThatFailedStaysAsItStands() {
        goOn("rollback-failed");
        assertThat(status().failedResult()).isEqualTo(Result.RollbackFailed);
        remains(Duration.ofSeconds(1), "nothing is tried", x -> made().isEmpty() && left().isEmpty());
        edit("{version: v3}");
        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(results(status)).containsExactly(Result.Succeeded, Result.RollbackFailed);
        assertThat(film.fewestReady()).isGreaterThanOrEqualTo(1);
    }

    @Test
    void anOpenBreakerHoldsUntilItsTimeAndThenTries() {
        goOn("breaker-open");
        WorkerPoolStatus tried = await("the trial", s -> s.rollout() != null);
        assertThat(tried.rollout().trial()).isTrue();
        assertThat(tried.rollout().startedAt())
                .isGreaterThanOrEqualTo(left.circuitBreaker().retryTime());
        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        assertThat(results(status)).containsExactly(Result.Succeeded, Result.RolledBack);
    }

    @Test
    void aBreakerThatIsHalfOpenMakesTheNextRolloutATrial() {
        goOn("half-open");
        assertNothingIsWritten();
        edit("{version: v3}");
        assertThat(await("the trial", s -> s.rollout() != null).rollout().trial())
                .isTrue();
        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        assertThat(results(status)).containsExactly(Result.Succeeded, Result.RolledBack);
    }

    @Test
    void aTrialGoesOnAndClosesTheBreaker() {
        goOn("trial");
        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(made()).containsExactly("make web-2-1");
        assertEnded(status, Result.Succeeded);
        assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
    }

    @Test
    void aWayBackGoesOnAndLeavesNoEntry() {
        goOn("way-back");
        WorkerPoolStatus status = awaitUpToDate("v1");
        assertThat(film.scenes()).startsWith("ready web-1-2", "leave web-1-1");
        assertThat(made()).isEmpty();
        assertThat(film.fewestReady()).isEqualTo(2);
        assertThat(status.history()).isEqualTo(left.history());
        assertThat(status.circuitBreaker()).isEqualTo(left.circuitBreaker());
    }

    @Test
    void aPoolAtZeroKeepsItsSnapshot() {
        goOn("scaled-to-zero");
        assertNothingIsWritten();
        edit("{replicas: 2}");
        WorkerPoolStatus status = await("a rollout from zero", s -> s.version().equals("v2"));
        awaitUpToDate("v2");
        assertThat(made()).containsExactlyInAnyOrder("make web-1-0", "make web-2-0");
        assertThat(status.history().getFirst().fromVersion()).isEqualTo("v1");
    }

    /** An operator begins where another left off, and then the pods that were starting become ready. */
    private void goOn(String phase) {
        stopOperator();
        server.nodes().readyDelay(Duration.ofHours(1));
        left = Sample.read(phase).load(server).getStatus();
        film.cut();
        server.forgetRequests();
        startOperator();
        server.nodes().readyDelay(Duration.ofMillis(10));
        List<Pod> starting =
                pods().stream().filter(UpgradeServerTest::isStarting).toList();
        awaitThat("the workers that started are ready", x -> {
            starting.forEach(
                    p -> server.nodes().ready("default", p.getMetadata().getName(), true));
            return pods().stream().noneMatch(UpgradeServerTest::isStarting);
        });
    }

    private static boolean isStarting(Pod pod) {
        return pod.getStatus().getContainerStatuses().stream()
                .anyMatch(c -> c.getState().getRunning() != null && !c.getReady() && c.getRestartCount() == 0);
    }

    /** Everything that was written is understood: there is nothing to add. */
    private void assertNothingIsWritten() {
        remains(Duration.ofSeconds(1), "a while", x -> true);
        assertThat(server.requests().stream().filter(RecordedRequest::write)).isEmpty();
        assertThat(film.scenes()).isEmpty();
        assertThat(status()).isEqualTo(left);
    }

    /** It is the same rollout, recorded once. */
    private void assertEnded(WorkerPoolStatus status, Result result) {
        List<HistoryEntry> before = left.history() == null ? List.of() : left.history();
        assertThat(status.history()).hasSize(before.size() + 1).endsWith(before.toArray(HistoryEntry[]::new));
        assertThat(status.history().getFirst().result()).isEqualTo(result);
        assertThat(status.history().getFirst().startedAt())
                .isEqualTo(left.rollout().startedAt());
        assertThat(events()).doesNotContainKeys("RolloutStarted", "RollbackStarted", "RolloutFailed");
    }

    private List<String> made() {
        return film.scenes().stream().filter(s -> s.startsWith("make")).toList();
    }

    private List<String> left() {
        return film.scenes().stream().filter(s -> s.startsWith("leave")).toList();
    }

    private static List<Result> results(WorkerPoolStatus status) {
        return status.history().stream().map(HistoryEntry::result).toList();
    }
}
