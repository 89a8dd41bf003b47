package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A rollout that goes well, step by step (contract, section 3). */
class RolloutTest {

    @Test
    void fillsAllAtOnceAndKeepsWhatItRuns() {
        aPool().replicas(3)
                .created()
                .plays(
                        "record", // what is wanted, and when the fill began
                        "dry run 1-0",
                        "keep A",
                        "create 1-0 A + create 2-0 A + create 3-0 A")
                .ready("1-0", "2-0")
                .rests() // one is missing
                .ready("3-0")
                .plays("record", "promote A to 1"); // the snapshot
    }

    @Test
    void rollsWorkersOneByOneNewBeforeOld() {
        aPool().replicas(3)
                .running()
                .begins("B")
                .plays("create 1-1 B") // A b A A
                .ready("1-1")
                .plays("evict 1-0") // 1-0 drains
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .ready("2-1")
                .plays("evict 2-0")
                .gone("2-0")
                .plays("record: WorkerReplaced", "create 3-1 B")
                .ready("3-1")
                // with all at B and available it has succeeded; the last old worker drains on
                .plays("evict 3-0", "record: RolloutSucceeded", "promote B to 2")
                .gone("3-0")
                .rests();
    }

    @Test
    void saysWhatItWaitsForBeforeThePauseAfterIt() {
        Film film = aPool().replicas(3).maxSurge(2).pauseSeconds(60).running().begins("B");
        film.plays("create 1-1 B + create 2-1 B")
                .after(1)
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced")
                .says("worker 2 of 3: web-2-1 has until 12:00:30Z to become ready, then web-2-0 is evicted");
        film.ready("2-1").plays("evict 2-0").gone("2-0").plays("record: WorkerReplaced");
        film.says("the next worker is replaced from 12:01:01Z on (rollout.pauseSeconds)");
    }

    @Test
    void nextStepWaitsUntilTheOldWorkerIsGone() {
        Film film = aPool().replicas(2).running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .waits(65, "worker 1 of 2: web-1-0 drains; it is waited for until 12:01:05Z") // grace + 30 s
                .after(64)
                .rests()
                .after(1) // stuck: it holds up nothing any longer
                .plays("record: WorkerReplaced", "create 2-1 B");
    }

    @Test
    void anOldWorkerIsWaitedForAsLongAsItsOwnGracePeriodSays() {
        aPool().replicas(2)
                .progressDeadlineSeconds(1000)
                .created()
                .graceSeconds(300)
                .fills()
                .graceSeconds(35) // B's
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .wakesIn(330)
                .after(329)
                .rests()
                .after(1)
                .plays("record: WorkerReplaced", "create 2-1 B");
    }

    @Test
    void nextStepDoesNotWaitWithTerminationStarted() {
        aPool().replicas(2)
                .terminationStarted()
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0", "record: WorkerReplaced", "create 2-1 B");
    }

    @Test
    void replacesAsManyAtATimeAsMaxSurgeSays() {
        aPool().replicas(3)
                .maxSurge(2)
                .running()
                .begins("B")
                .plays("create 1-1 B + create 2-1 B") // two at a time
                .ready("2-1")
                .plays("evict 2-0")
                .gone("2-0")
                .plays("record: WorkerReplaced", "create 3-1 B") // beside 1-1, which has yet to become ready
                .ready("1-1", "3-1")
                .plays("evict 1-0", "evict 3-0", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void retiresOldWorkerOnlyAfterSoak() {
        aPool().replicas(1)
                .minReadySeconds(20)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .after(3)
                .ready("1-1")
                .rests()
                .waits(20, "worker 1 of 1: web-1-1 must stay ready until 12:00:23Z, then web-1-0 is evicted")
                .after(19)
                .rests()
                .after(1)
                .plays("evict 1-0", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void soakStartsAgainAfterAFlap() {
        aPool().replicas(1)
                .minReadySeconds(20)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .rests()
                .after(19)
                .unready("1-1")
                .ready("1-1") // between two looks: only the mark of the Ready condition has moved
                .rests()
                .wakesIn(20)
                .after(19)
                .rests()
                .after(1)
                .plays("evict 1-0", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void soakStartsAgainWithANewOperator() {
        aPool().replicas(1)
                .minReadySeconds(20)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .rests()
                .after(19)
                .operatorRestarts()
                .rests()
                .wakesIn(20);
    }

    @Test
    void pausesBetweenStepsButNotBeforeTheFirst() {
        aPool().replicas(2)
                .pauseSeconds(5)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .after(1)
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced")
                .waits(5, "the next worker is replaced from 12:00:06Z on (rollout.pauseSeconds)")
                .after(4)
                .rests()
                .after(1)
                .plays("create 2-1 B");
    }

    @Test
    void rollbackDoesNotPause() {
        Film film = aPool().replicas(3).pauseSeconds(5).running().begins("B");
        for (String slot : new String[] {"1", "2"}) {
            film.surges().after(1).ready(slot + "-1");
            film.plays("evict " + slot + "-0")
                    .gone(slot + "-0")
                    .plays("record: WorkerReplaced")
                    .after(5);
        }
        film.surges().after(1).crashes("3-1");
        film.plays("record: RolloutFailed, RollbackStarted", "delete 3-1 by rollout")
                .gone("3-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .ready("1-2")
                .plays("evict 1-1")
                .gone("1-1")
                .plays("record: WorkerReplaced", "create 2-2 A");
    }

    @Test
    void replacesBrokenOldWorkersFirstAndAtOnce() {
        aPool().replicas(3)
                .running()
                .unready("3-0")
                .rests()
                .after(30) // readyTimeoutSeconds
                .begins("B")
                .plays("delete 3-0 by rollout + create 3-1 B") // it gave no capacity
                .ready("3-1")
                .rests() // 3-0 drains
                .gone("3-0")
                .plays("record: WorkerReplaced", "create 1-1 B");
    }

    @Test
    void removesAnOldWorkerOnlyWhileEnoughOthersAreAvailable() {
        aPool().replicas(2)
                .running()
                .unready("2-0")
                .rests()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .rests()
                .waits(30, "worker 1 of 2: web-1-0 goes when 2 other workers are available")
                .ready("2-0")
                .plays("evict 1-0");
    }

    @Test
    void brokenOldWorkerIsReplacedWhileAnotherStepWaitsForCapacity() {
        aPool().replicas(2)
                .running()
                .unready("2-0")
                .rests()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .rests() // 1-0 may not go: 1-1 alone would be available
                .after(30)
                .plays("delete 2-0 by rollout + create 2-1 B")
                .ready("2-1")
                .plays("evict 1-0", "record: RolloutSucceeded", "promote B to 2");
    }

    /** 1-0 may go when both others are available, which they never are: a good version would fail for want of capacity. */
    @Test
    void oldWorkersThatAreReadyNowAndThenHoldUpAStepNoLongerThanANewOneMay() {
        Film film = aPool().replicas(3)
                .progressDeadlineSeconds(300)
                .running()
                .unready("2-0")
                .rests()
                .begins("B")
                .surges();
        film.ready("1-1").rests();
        for (int i = 0; i < 5; i++) {
            film.unready("3-0").rests().ready("2-0").rests().after(3);
            film.unready("2-0").rests().ready("3-0").rests().after(3);
        }
        film.plays("delete 2-0 by rollout + create 2-1 B")
                .ready("2-1")
                .plays("evict 1-0")
                .gone("1-0", "2-0");
        assertThat(film.playsOut()).contains("record: RolloutSucceeded");
    }

    @Test
    void doesNothingWhilePausedInTheMiddleOfAStepToo() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.apply(p -> p.paused(true))
                .plays("record") // since when it stands still
                .ready("1-1")
                .after(1000) // longer than any deadline
                .rests()
                .says("stands still: spec.paused is true; set it to false to go on")
                .apply(p -> p.paused(false))
                .plays("record", "evict 1-0");
        assertThat(film.said()).contains("goes on now");
    }

    @Test
    void aStepThatEndsWhilePausedIsToldThen() {
        Film film = aPool().replicas(3).running().begins("B").plays("create 1-1 B");
        film.ready("1-1").plays("evict 1-0").apply(p -> p.paused(true)).plays("record");
        film.after(20).gone("1-0").plays("record: WorkerReplaced");
        assertThat(film.course().done()).isEqualTo(1);
        assertThat(film.said()).last().isEqualTo("stands still: spec.paused is true; set it to false to go on");
        film.after(1000).apply(p -> p.paused(false)).plays("record", "create 2-1 B");
        assertThat(film.course().pausedFor()).hasSeconds(1000); // of the step that began meanwhile
    }

    @Test
    void scalingDownWhilePausedLeavesNoMoreWorkersDoneThanThereAre() {
        Film film = aPool().replicas(3)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0");
        film.gone("1-0").plays("record: WorkerReplaced", "create 2-1 B");
        film.apply(p -> p.paused(true).replicas(1)).plays("record", "delete 3-0 + delete 2-0 + delete 2-1: Scaled");
        film.gone("1-1", "3-0", "2-0", "2-1").plays("create 1-0 B: WorkerHealed", "record");
        assertThat(film.course().done()).isZero();
    }

    @Test
    void startsNothingWhilePaused() {
        aPool().replicas(2)
                .running()
                .apply(p -> p.version("B").paused(true))
                .plays("record")
                .apply(p -> p.paused(false))
                .plays("dry run 1-1", "keep B", "record: RolloutStarted", "create 1-1 B");
    }

    @Test
    void evictionWaitsForThePodDisruptionBudget() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.budgetExhausted().ready("1-1").rests().wakesIn(10);
        assertThat(film.rest().blocked())
                .contains("waits for a PodDisruptionBudget; it goes on by itself when that is mended, and fails at"
                        + " 12:10:00Z (rollout.progressDeadlineSeconds)");
        assertThat(film.rest().waiting()).isEqualTo(film.rest().blocked().orElseThrow());
        film.after(10).plays("evict 1-0");
    }

    @Test
    void brokenOldWorkerThatCannotBeRemovedHoldsUpNoStep() {
        Film film = aPool().replicas(3)
                .maxSurge(2)
                .running()
                .unready("2-0", "3-0")
                .rests()
                .after(30)
                .undeletable("2-0");
        film.begins("B")
                .plays("delete 3-0 by rollout + create 3-1 B", "create 2-1 B")
                .gone("3-0")
                .ready("2-1", "3-1")
                .plays("record: WorkerReplaced", "create 1-1 B")
                .ready("1-1");
        film.plays("evict 1-0").gone("1-0").plays("record: WorkerReplaced").wakesIn(10);
        assertThat(film.rest().blocked().orElseThrow()).startsWith("pod web-2-0 cannot be removed: no; it goes on");
        film.after(10).plays("delete 2-0 by rollout", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void brokenOldWorkerWaitsUntilASmallerMaxSurgeIsReached() {
        Film film = aPool().replicas(3).maxSurge(2).running().begins("B");
        film.plays("create 1-1 B + create 2-1 B")
                .unready("3-0")
                .ready("1-1", "2-1")
                .budgetExhausted()
                .rests()
                .apply(p -> p.maxSurge(1))
                .after(30)
                .budgetExhausted()
                .rests() // five pods, where four may be
                .apply(p -> p.maxSurge(2))
                .plays("delete 3-0 by rollout + create 3-1 B");
    }

    @Test
    void brokenOldWorkersAreReplacedAtMostMaxSurgeAtATime() {
        Film film = aPool().replicas(5)
                .maxSurge(2)
                .running()
                .unready("3-0", "4-0", "5-0")
                .rests()
                .after(30);
        film.begins("B")
                .plays("delete 3-0 by rollout + create 3-1 B", "delete 4-0 by rollout + create 4-1 B")
                .gone("3-0", "4-0")
                .rests() // two have yet to prove themselves
                .ready("3-1")
                .plays("record: WorkerReplaced", "delete 5-0 by rollout + create 5-1 B")
                .gone("5-0")
                .rests()
                .ready("4-1", "5-1")
                .plays("record: WorkerReplaced", "create 1-1 B + create 2-1 B");
    }

    @Test
    void warningsAreWhatAPersonShouldLookAt() {
        assertThat(java.util.stream.Stream.of(Event.Kind.values()).filter(Event.Kind::warning))
                .containsExactlyInAnyOrder(
                        Event.Kind.RolloutFailed,
                        Event.Kind.RollbackStarted,
                        Event.Kind.RollbackFailed,
                        Event.Kind.CircuitBreakerOpened,
                        Event.Kind.Blocked,
                        Event.Kind.InvalidTemplate,
                        Event.Kind.NoReadinessProbe);
    }

    @Test
    void brokenOldWorkerWaitsUntilTheOneBeforeItIsGone() {
        Film film = aPool().replicas(4).running().unready("2-0", "3-0").rests().after(30);
        film.begins("B")
                .plays("delete 2-0 by rollout + create 2-1 B")
                .ready("2-1")
                .rests() // 2-0 drains, and counts
                .gone("2-0")
                .plays("record: WorkerReplaced", "delete 3-0 by rollout + create 3-1 B");
    }

    /** The quota counts the pod that drains: made at the snapshot, it would be broken again, and the fix never gets in. */
    @Test
    void brokenOldWorkerIsReplacedByTheTargetAlsoWhenItCannotBeMadeAtOnce() {
        Film film = aPool().replicas(3).running().unready("3-0").rests().after(30);
        film.begins("B")
                .refusesNextCreate()
                .plays("delete 3-0 by rollout + refused 3-1 B")
                .gone("3-0")
                .after(10)
                .plays("create 3-0 B");
        assertThat(film.told()).noneMatch(e -> e.startsWith("WorkerHealed") || e.startsWith("Scaled"));
    }

    @Test
    void inItsOwnSlotAlsoWhereALowerOneIsFree() {
        Film film = aPool().replicas(4).running().deletionCost("2-0", -1).apply(p -> p.replicas(3));
        film.playsOut();
        film.unready("4-0").rests().after(30).begins("B").refusesNextCreate();
        film.plays("delete 4-0 by rollout + refused 4-1 B")
                .gone("4-0")
                .after(10)
                .plays("create 4-0 B");
    }

    /** The new spec's own worker is made there, as the rollout before it would have done. */
    @Test
    void byTheNewTargetIfTheRolloutIsSuperseded() {
        Film film = aPool().replicas(3).running().unready("3-0").rests().after(30);
        film.begins("B")
                .refusesNextCreate()
                .plays("delete 3-0 by rollout + refused 3-1 B")
                .after(1)
                .gone("3-0");
        film.apply(p -> p.version("C"))
                .plays("record", "dry run 1-1", "keep C", "record: RolloutSuperseded, RolloutStarted");
        film.after(10).plays("create 3-0 C");
    }

    /** The old worker went by itself when the new one served already: nobody is to be healed later. */
    @Test
    void whoeverWasReplacedIsNotHealedLater() {
        Film film = aPool().replicas(3).running().begins("B").surges();
        film.budgetExhausted().ready("1-1").rests().gone("1-0").plays("record: WorkerReplaced", "create 2-1 B");
        film.budgetGranted().unready("1-1").rests().after(1).apply(p -> p.version("C"));
        film.playsUntilRest();
        film.gone("2-1").after(29).refusesNextCreate();
        film.plays("delete 1-1 by rollout + refused 1-2 C")
                .after(1)
                .gone("1-1")
                .after(10)
                .plays("create 1-0 C");
    }

    @Test
    void soakOfAWorkerAloneStartsAgainWithANewOperatorToo() {
        Film film = aPool().replicas(3)
                .minReadySeconds(20)
                .running()
                .unready("3-0")
                .rests()
                .after(30);
        film.begins("B")
                .plays("delete 3-0 by rollout + create 3-1 B")
                .gone("3-0")
                .ready("3-1")
                .rests();
        film.after(3).operatorRestarts().rests().after(20).plays("record: WorkerReplaced", "create 1-1 B");
        film.operatorRestarts().rests(); // it is known to have passed
    }

    @Test
    void byTheSnapshotIfTheRolloutFailed() {
        Film film = aPool().replicas(3)
                .progressDeadlineSeconds(50)
                .pauseOnFailure()
                .running()
                .unready("3-0")
                .rests()
                .after(30);
        film.begins("B")
                .refusesNextCreate()
                .plays("delete 3-0 by rollout + refused 3-1 B")
                .gone("3-0");
        film.quotaExceeded()
                .after(9)
                .quotaExceeded()
                .after(9)
                .quotaExceeded()
                .after(9)
                .quotaExceeded()
                .after(9);
        film.quotaExceeded()
                .after(9)
                .quotaExceeded()
                .after(9)
                .plays("record: RolloutFailed")
                .quotaGranted();
        film.plays("create 3-0 A: WorkerHealed");
    }

    /** Nothing of the new version is made meanwhile. */
    @Test
    void brokenOldWorkerThatCouldNotBeReplacedIsMadeAsItWasWhilePaused() {
        Film film = aPool().replicas(3).running().unready("3-0").rests().after(30);
        film.begins("B").refusesNextCreate().plays("delete 3-0 by rollout + refused 3-1 B");
        film.apply(p -> p.paused(true)).plays("record").after(10).plays("create 3-1 A: WorkerHealed");
    }

    /** It gates its slot's step as a surge worker does, although no old worker waits for it. */
    @Test
    void workerAloneInItsSlotHasToPassTheGateToo() {
        Film film = aPool().replicas(3)
                .minReadySeconds(5)
                .running()
                .unready("3-0")
                .rests()
                .after(30);
        film.begins("B").plays("delete 3-0 by rollout + create 3-1 B").gone("3-0");
        film.ready("3-1").rests().waits(5, "worker 3 of 3: web-3-1 must stay ready until 12:00:35Z");
        film.after(5).plays("record: WorkerReplaced", "create 1-1 B");
    }

    @Test
    void workerAloneInItsSlotMayNotRestartBeforeItHasPassedTheGate() {
        Film film = aPool().replicas(3)
                .minReadySeconds(5)
                .running()
                .unready("3-0")
                .rests()
                .after(30);
        film.begins("B").plays("delete 3-0 by rollout + create 3-1 B").gone("3-0");
        film.ready("3-1").rests();
        assertThat(film.crashes("3-1").pass()).isEqualTo("record: RolloutFailed, RollbackStarted");
    }
}
