package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.State.Result;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A rollout that fails, and what becomes of its workers (contract, section 4). */
class FailureTest {

    @Test
    void brokenNewWorkerGoesAtOnceAndNothingElseIsTouched() {
        Film film = aPool().replicas(3).running().begins("B").plays("create 1-1 B");
        film.after(4)
                .crashes("1-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "record: RollbackSucceeded")
                .gone("1-1")
                .rests();
        assertThat(film.workers()).containsExactly("1-0 A", "2-0 A", "3-0 A");
        assertThat(film.newest())
                .isEqualTo(new State.Ending(
                        "A",
                        "B",
                        "rB",
                        film.now().minusSeconds(4),
                        4000,
                        0,
                        Result.RolledBack,
                        "web-1-1: Error: container worker exited"));
        assertThat(film.state().failed())
                .contains(new State.Failed("rB", 1, Optional.empty(), Optional.of(Result.RolledBack)));
        State.Failure evidence = film.state().lastFailure().orElseThrow();
        assertThat(evidence.pod()).isEqualTo("web-1-1");
        assertThat(evidence.version()).isEqualTo("B");
        assertThat(evidence.exitCode()).contains(1);
        assertThat(film.state().breaker().failures()).isEqualTo(1);
    }

    @Test
    void rollbackReplacesBrokenAtOnceAndServingOnesNewBeforeOld() {
        aPool().replicas(3)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout") // broken: at once
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A") // slot 2 is at A; 1-1 serves: its replacement first
                .rests()
                .ready("1-2")
                .plays("evict 1-1", "record: RollbackSucceeded");
    }

    @Test
    void failedRevisionIsNotTriedAgainBySameSpecOrNewOperator() {
        aPool().replicas(2)
                .running()
                .failsAt("B")
                .apply(p -> p.maxSurge(2))
                .rests()
                .operatorRestarts()
                .rests();
    }

    @Test
    void failedRevisionIsForgottenWhenTheSpecAsksForAnythingElse() {
        Film film = aPool().replicas(2).running().failsAt("B");
        film.apply(p -> p.version("A")).plays("record", "drop B");
        assertThat(film.state().failed()).isEmpty();
        film.begins("B").plays("create 1-1 B"); // coming back is a new wish
    }

    @Test
    void rollbackIsGatedByTheSoakButNotByVerification() {
        aPool().replicas(2)
                .minReadySeconds(10)
                .verified(1, 1)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .rests()
                .after(10)
                .plays("verify 1-1", "evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .unhealthy("A") // verification may be what broke
                .ready("1-2")
                .rests()
                .wakesIn(10)
                .after(10)
                .plays("evict 1-1", "record: RollbackSucceeded");
    }

    @Test
    void rollbackIsNeverRolledBackAndKeepsEveryServingWorker() {
        Film film = aPool().replicas(2).running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .crashes("1-2") // the snapshot does not start either
                .plays("record: RollbackFailed")
                .after(3600)
                .rests();
        assertThat(film.workers()).containsExactly("1-1 B", "1-2 A", "2-0 A");
        assertThat(film.newest().result()).isEqualTo(Result.RollbackFailed);
        assertThat(film.newest().version()).isEqualTo("B");
        assertThat(film.newest().workersReplaced()).isEqualTo(1); // still on B
        assertThat(film.state().failed().orElseThrow().result()).contains(Result.RollbackFailed);
        assertThat(film.state().failed().orElseThrow().revision()).isEqualTo("rB");
    }

    @Test
    void onFailurePauseKeepsEverythingAsItStands() {
        Film film = aPool().replicas(2).pauseOnFailure().running().begins("B").plays("create 1-1 B");
        film.crashes("1-1").plays("record: RolloutFailed").after(3600).rests();
        assertThat(film.workers()).containsExactly("1-0 A", "1-1 B", "2-0 A");
        assertThat(film.newest().result()).isEqualTo(Result.Failed);
        assertThat(film.state().failed().orElseThrow().result()).contains(Result.Failed);
        // a new spec goes on, and what was kept gives way to it
        film.begins("C").plays("delete 1-1 by rollout").gone("1-1").plays("create 1-1 C");
    }

    @Test
    void wayBackFromWhatOnFailurePauseKept() {
        Film film = aPool().replicas(2).pauseOnFailure().running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed")
                .apply(p -> p.version("A"))
                .plays("record", "record: RollbackStarted", "delete 2-1 by rollout")
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .ready("1-2")
                .plays("evict 1-1", "record: RollbackSucceeded")
                .gone("1-1")
                .plays("drop B");
        assertThat(film.state().history()).hasSize(1);
        assertThat(film.state().breaker().failures()).isEqualTo(1); // untouched
    }

    /** What cannot be made anew is not cleared away. */
    @Test
    void wayBackWhoseRecordIsRefusedRemovesNothing() {
        Film film = aPool().replicas(2).pauseOnFailure().running().begins("B");
        film.plays("create 1-1 B").ready("1-1").plays("evict 1-0").gone("1-0");
        film.plays("record: WorkerReplaced", "create 2-1 B").crashes("2-1").plays("record: RolloutFailed");
        film.apply(p -> p.replicas(3)).plays("create 3-0 A: Scaled");
        film.apply(p -> p.version("A")).recordDeleted("A").recordsRefused().plays("record");
    }

    @Test
    void wayBackThatFailsRestsUntilANewSpecOrRetry() {
        Film film = halfway(aPool().replicas(2));
        film.apply(p -> p.version("A"))
                .plays("record", "record: RolloutSuperseded, RollbackStarted", "create 1-2 A")
                .crashes("1-2")
                .plays("record: RollbackFailed")
                .after(3600)
                .rests();
        assertThat(film.workers()).containsExactly("1-1 B", "1-2 A", "2-0 A");
        assertThat(film.state().failed())
                .contains(new State.Failed("rA", 1, Optional.empty(), Optional.of(Result.RollbackFailed)));
        assertThat(film.state().history()).hasSize(1); // of the rollout that was superseded
        assertThat(film.state().breaker().failures()).isZero();
        film.apply(p -> p.retry("now"))
                .plays("record", "delete 1-2 by rollout", "record: RollbackStarted")
                .gone("1-2")
                .plays("create 1-2 A")
                .ready("1-2")
                .plays("evict 1-1", "record: RollbackSucceeded");
    }

    @Test
    void newSpecSupersedesARollback() {
        Film film = aPool().replicas(2).running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .apply(p -> p.version("C"))
                .plays(
                        "record",
                        "dry run 1-3",
                        "keep C",
                        "record: RolloutStarted",
                        "delete 1-2 by rollout"); // 1-1 alone is available
        assertThat(film.newest().result()).isEqualTo(Result.Failed);
        assertThat(film.newest().version()).isEqualTo("B");
        assertThat(film.state().breaker().failures()).isEqualTo(1); // already counted
    }

    @Test
    void rollbackEndsFirstWhileTheBreakerIsOpen() {
        Film film = halfway(aPool().replicas(2).failureThreshold(1));
        film.plays("create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, CircuitBreakerOpened, RollbackStarted", "delete 2-1 by rollout")
                .apply(p -> p.version("C"))
                .gone("2-1")
                .plays("record", "record: WorkerReplaced", "create 1-2 A")
                .ready("1-2")
                .plays("evict 1-1", "record: RollbackSucceeded");
    }

    @Test
    void withoutTheSnapshotsRecordNothingIsRemoved() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.recordDeleted("A").crashes("1-1").plays("record: RolloutFailed").rests();
        assertThat(film.workers()).containsExactly("1-0 A", "1-1 B", "2-0 A");
        assertThat(film.newest().result()).isEqualTo(Result.Failed);
        assertThat(film.newest().message()).startsWith("nothing to go back to, the snapshot's record is gone; web-1-1");
    }

    @Test
    void rollbackWhoseSnapshotsRecordIsDeletedIsAbandoned() {
        Film film = aPool().replicas(2).running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .recordDeleted("A")
                .plays("record: RollbackFailed");
        assertThat(film.newest().result()).isEqualTo(Result.Failed);
        assertThat(film.state().lastFailure().orElseThrow().reason()).isEqualTo("SnapshotRecordGone");
    }

    @Test
    void failsAtTheDeadlineOfTheStepWhateverItWaitsFor() {
        Film film = aPool().replicas(2).progressDeadlineSeconds(100).running().begins("B");
        film.plays("create 1-1 B")
                .blocked("1-1", "0/1 nodes are available")
                .rests()
                .wakesIn(100)
                .after(99)
                .rests()
                .after(1)
                .plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "record: RollbackSucceeded");
        assertThat(film.state().lastFailure().orElseThrow().message())
                .isEqualTo(
                        "the step took longer than 100 s (rollout.progressDeadlineSeconds): 0/1 nodes are available");
    }

    @Test
    void theDeadlineStandsStillWhilePausedAndIsSetAnewByEachStep() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(100)
                .pauseSeconds(7)
                .running()
                .begins("B");
        film.plays("create 1-1 B")
                .pending("1-1")
                .after(60)
                .rests()
                .wakesIn(40)
                .apply(p -> p.paused(true))
                .plays("record")
                .after(500)
                .apply(p -> p.paused(false))
                .plays("record")
                .wakesIn(40)
                .after(39)
                .ready("1-1")
                .plays("evict 1-0", "record") // its drain is given time
                .gone("1-0")
                .plays("record: WorkerReplaced")
                .wakesIn(7) // pauseSeconds, no part of the deadline
                .after(7)
                .plays("create 2-1 B")
                .pending("2-1")
                .rests()
                .wakesIn(100);
        assertThat(film.course().pausedFor()).isEqualTo(Duration.ZERO);
    }

    @Test
    void theDrainOfAnOldWorkerIsNoPartOfTheDeadline() {
        Film film = aPool().replicas(2).progressDeadlineSeconds(40).running().begins("B");
        film.plays("create 1-1 B")
                .after(15)
                .ready("1-1")
                .plays("evict 1-0")
                .wakesIn(5)
                .after(5)
                .plays("record") // half of the step's time is over: its clock is set anew
                .wakesIn(20)
                .after(20)
                .plays("record")
                .after(1)
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .pending("2-1")
                .rests()
                .wakesIn(40);
    }

    @Test
    void aWorkerOfTheSnapshotThatOnceRestartedDoesNotFailTheRollback() {
        Film film = aPool().replicas(2).running().crashes("2-0").ready("2-0").rests();
        film.begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .unready("1-1")
                .ready("2-1")
                .rests() // 2-0 is needed
                .after(30)
                .plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "create 1-2 A")
                .gone("1-1")
                .rests() // 2-1 serves, and goes when it is not needed
                .ready("1-2")
                .plays("evict 2-1", "record: RollbackSucceeded");
    }

    @Test
    void aNewWorkerThatRestartedOnceAfterItWasReplacedPassesAlsoBesideABrokenOneOfTheSnapshot() {
        Film film = aPool().replicas(2)
                .failureThreshold(9)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("1-1")
                .ready("1-1")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .crashes("1-2")
                .plays("record: RollbackFailed");
        assertThat(film.apply(p -> p.retry("1")).playsOut()).contains("record: RolloutSucceeded");
    }

    @Test
    void theDrainOfASupersededWorkerLeavesTheNextOneHalfOfTheTime() {
        Film film = aPool().replicas(1).progressDeadlineSeconds(40).running().begins("B");
        film.plays("create 1-1 B")
                .apply(p -> p.version("C"))
                .plays(
                        "record",
                        "dry run 1-2",
                        "keep C",
                        "record: RolloutSuperseded, RolloutStarted",
                        "delete 1-1 by rollout")
                .after(39)
                .plays("record")
                .after(19)
                .gone("1-1")
                .plays("create 1-1 C")
                .wakesIn(21);
    }

    @Test
    void aStepThatEndedWhileNoOperatorRanHasNotFailed() {
        Film film = aPool().replicas(2).progressDeadlineSeconds(40).running().begins("B");
        film.plays("create 1-1 B").ready("1-1").plays("evict 1-0");
        film.operatorRestarts().after(100).gone("1-0").plays("record: WorkerReplaced", "create 2-1 B");
    }

    @Test
    void aLongMessageIsCutForHistory() {
        Film film = aPool().replicas(1).progressDeadlineSeconds(40).running().begins("B");
        film.plays("create 1-1 B").blocked("1-1", "x".repeat(200)).after(40);
        film.plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "record: RollbackSucceeded");
        assertThat(film.newest().message()).hasSize(160).endsWith("x…");
    }

    @Test
    void retryMakesWhatOnFailurePauseKeptAnew() {
        Film film = aPool().replicas(2).pauseOnFailure().running().begins("B").plays("create 1-1 B");
        film.crashes("1-1")
                .plays("record: RolloutFailed")
                .ready("1-1") // started again, and serving
                .rests()
                .apply(p -> p.retry("now"))
                .plays("record", "dry run 1-2", "evict 1-1", "record: RolloutStarted")
                .gone("1-1")
                .plays("create 1-1 B");
    }

    @Test
    void retryMakesAnewWhatFailedItsVerification() {
        Film film =
                aPool().replicas(2).pauseOnFailure().verified(1, 1).running().begins("B");
        film.unhealthy("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("verify 1-1", "record: RolloutFailed")
                .apply(p -> p.retry("now"))
                .plays("record", "dry run 1-2", "evict 1-1", "record: RolloutStarted")
                .gone("1-1")
                .plays("create 1-1 B");
    }

    @Test
    void retryMakesBrokenWorkersThatOnFailurePauseKeptAnew() {
        Film film = aPool().replicas(2).pauseOnFailure().running().begins("B").plays("create 1-1 B");
        film.crashes("1-1")
                .plays("record: RolloutFailed")
                .apply(p -> p.retry("now"))
                .plays("record", "dry run 1-2", "delete 1-1 by rollout", "record: RolloutStarted")
                .gone("1-1")
                .plays("create 1-1 B");
    }

    @Test
    void refusedRetryTouchesNothing() {
        Film film = aPool().replicas(2).pauseOnFailure().running().begins("B").plays("create 1-1 B");
        film.crashes("1-1")
                .plays("record: RolloutFailed")
                .refuses("B")
                .apply(p -> p.retry("now"))
                .plays("record", "dry run 1-2");
        assertThat(film.workers()).containsExactly("1-0 A", "1-1 B", "2-0 A");
    }

    @Test
    void retryKeepsWhatServes() {
        Film film = halfway(aPool().replicas(3).pauseOnFailure());
        film.plays("create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed")
                .ready("2-1")
                .apply(p -> p.retry("now"))
                .plays("record", "dry run 1-2", "evict 2-1", "record: RolloutStarted") // 1-1 stays
                .gone("2-1")
                .plays("create 2-1 B");
    }

    @Test
    void evidenceNamesWhomTheStepWaitedFor() {
        Film quota = aPool().replicas(2)
                .progressDeadlineSeconds(60)
                .running()
                .begins("B")
                .quotaExceeded();
        assertThat(messageAtTheDeadline(quota)).endsWith("(rollout.progressDeadlineSeconds): waits for quota");

        Film budget = aPool().replicas(2)
                .progressDeadlineSeconds(60)
                .running()
                .begins("B")
                .surges();
        budget.budgetExhausted().ready("1-1");
        assertThat(messageAtTheDeadline(budget)).endsWith(": waits for a PodDisruptionBudget");

        Film pending = aPool().replicas(2)
                .progressDeadlineSeconds(60)
                .running()
                .begins("B")
                .surges();
        assertThat(messageAtTheDeadline(pending.pending("1-1")))
                .endsWith(": web-1-1 starts, and then has 30 s to become ready, then web-1-0 is evicted");

        Film others = aPool().replicas(4)
                .maxSurge(2)
                .progressDeadlineSeconds(60)
                .running()
                .begins("B")
                .plays("create 1-1 B + create 2-1 B");
        others.unready("3-0", "4-0").ready("1-1", "2-1").rests().apply(p -> p.maxSurge(1));
        assertThat(messageAtTheDeadline(others)).endsWith(": web-1-0 goes when 4 other workers are available, not 3");

        Film delayed = aPool().replicas(1)
                .progressDeadlineSeconds(60)
                .running()
                .begins("B")
                .surges();
        delayed.ended("1-1").plays("delete 1-1", "create 1-1 B");
        delayed.ended("1-1").plays("delete 1-1").after(10).plays("create 1-1 B");
        delayed.ended("1-1").plays("delete 1-1").after(20).plays("create 1-1 B");
        delayed.ended("1-1").plays("delete 1-1").after(30).playsOut();
        assertThat(delayed.state().lastFailure().orElseThrow().message())
                .endsWith(": worker 1 failed again and again and is made again at 12:01:10Z");
    }

    @Test
    void brokenNewWorkerThatCannotBeRemovedHoldsUpNoRollback() {
        Film film = halfway(aPool().replicas(2).progressDeadlineSeconds(60))
                .apply(p -> p.maxSurge(2))
                .plays("create 2-1 B")
                .crashes("2-1")
                .undeletable("2-1");
        film.plays("record: RolloutFailed, RollbackStarted", "create 1-2 A")
                .ready("1-2")
                .plays("evict 1-1")
                .gone("1-1")
                .plays("record: WorkerReplaced");
        assertThat(film.rest().blocked().orElseThrow()).startsWith("pod web-2-1 cannot be removed: no; it goes on");
        film.after(10).plays("delete 2-1 by rollout", "record: RollbackSucceeded");
    }

    @Test
    void evidenceNamesThePodThatCannotBeRemoved() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(60)
                .running()
                .undeletable("2-0")
                .apply(p -> p.replicas(1).version("B"));
        film.plays("record", "dry run 1-1", "keep B", "record: RolloutStarted");
        assertThat(messageAtTheDeadline(film.after(9).rests())).endsWith(": pod web-2-0 cannot be removed: no");
    }

    @Test
    void evidenceIsOfTheWorkerThatHasNotPassed() {
        Film film = halfway(aPool().replicas(2).progressDeadlineSeconds(60))
                .plays("create 2-1 B")
                .pending("2-1");
        messageAtTheDeadline(film);
        assertThat(film.state().lastFailure().orElseThrow().pod()).isEqualTo("web-2-1");
    }

    private static String messageAtTheDeadline(Film film) {
        film.rests().after(60).playsOut();
        return film.state().lastFailure().orElseThrow().message();
    }

    /** One of two workers is on B and serves, with nothing in progress. */
    private static Film halfway(PoolSpec pool) {
        return pool.pauseSeconds(5)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .after(1)
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced")
                .apply(p -> p.pauseSeconds(0));
    }
}
