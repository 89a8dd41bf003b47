package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.State.Result;
import org.junit.jupiter.api.Test;

/** Scaling at any moment is no rollout (contract, section 3). */
class ScalingTest {

    @Test
    void workersWithAHigherNumberThanThereAreAreCalledByThatAlone() {
        Film film = aPool().replicas(3).running().deletionCost("3-0", 1);
        film.apply(p -> p.replicas(2)).plays("delete 2-0: Scaled").gone("2-0").rests();
        film.begins("B")
                .plays("create 1-1 B")
                .says("worker 1 of 2: web-1-1 has until 12:00:30Z to become ready, then web-1-0 is evicted");
        film.ready("1-1").plays("evict 1-0").gone("1-0").plays("record: WorkerReplaced", "create 3-1 B");
        film.says("worker 3: web-3-1 has until 12:00:30Z to become ready, then web-3-0 is evicted");
    }

    /** What is missing is not listed, and no sum overflows. */
    @Test
    void millionsOfWorkersAreBegunWith500() {
        Film film = aPool().replicas(1).running().apply(p -> p.replicas(Integer.MAX_VALUE));
        assertThat(film.pass().split(" \\+ ")).hasSize(500);
    }

    @Test
    void scalesUpAllAtOnceAtTheSnapshot() {
        aPool().replicas(2)
                .running()
                .apply(p -> p.replicas(4))
                .plays("create 3-0 A + create 4-0 A: Scaled")
                .ready("3-0", "4-0")
                .rests();
    }

    @Test
    void scalesDownFromTheHighestSlotAndFillsGapsFirst() {
        aPool().replicas(3)
                .running()
                .apply(p -> p.replicas(2))
                .plays("delete 3-0: Scaled")
                .gone("3-0")
                .unready("1-0")
                .apply(p -> p.replicas(1))
                .plays("delete 1-0: Scaled") // not ready: it goes first
                .gone("1-0")
                .apply(p -> p.replicas(3))
                .plays("create 1-0 A + create 3-0 A: Scaled");
    }

    @Test
    void scalingUpWhileThoseThatLeftStillDrainHealsNobody() {
        aPool().replicas(3)
                .running()
                .apply(p -> p.replicas(2))
                .plays("delete 3-0: Scaled")
                .apply(p -> p.replicas(3))
                .plays("create 3-1 A: Scaled");
    }

    @Test
    void whatWasLostBeforeScalingDownIsForgotten() {
        Film film = aPool().replicas(3).running().quotaExceeded().gone("3-0");
        film.rests().apply(p -> p.replicas(2)).rests().quotaGranted().rollsTo("B");
        film.apply(p -> p.replicas(3)).plays("create 3-0 B: Scaled");
    }

    @Test
    void scalesDownByPodDeletionCostBeforeSlot() {
        aPool().replicas(3)
                .running()
                .deletionCost("2-0", -1)
                .deletionCost("3-0", 1)
                .apply(p -> p.replicas(2))
                .plays("delete 2-0: Scaled");
    }

    @Test
    void scalesDownWorkersThatAreNotAtTheTargetBeforeThoseThatAre() {
        Film film = aPool().replicas(3).pauseSeconds(5).running().begins("B");
        film.plays("create 1-1 B")
                .after(1)
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced")
                .apply(p -> p.replicas(1))
                .plays("delete 3-0 + delete 2-0: Scaled", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void scalingDownNeverTakesTheLastAvailableWorkers() {
        Film film = aPool().replicas(3).running().unready("1-0", "2-0").rests();
        film.apply(p -> p.replicas(2)).plays("delete 2-0: Scaled").gone("2-0");
        film.apply(p -> p.replicas(1)).plays("delete 1-0: Scaled").gone("1-0").rests();
        assertThat(film.workers()).containsExactly("3-0 A");
    }

    @Test
    void slotInAStepCountsAsOneWorkerAndLeavesWithBothPods() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .unready("2-0")
                .plays("create 1-1 B")
                .deletionCost("1-1", -1) // but 2-0 is not ready
                .apply(p -> p.replicas(1))
                .plays("delete 2-0: Scaled")
                .gone("2-0")
                .ready("1-1")
                .plays("evict 1-0", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void slotWithASurgeWorkerLeavesWithBoth() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .deletionCost("1-0", -1)
                .apply(p -> p.replicas(1))
                .plays("delete 1-0 + delete 1-1: Scaled", "create 2-1 B");
    }

    @Test
    void scalingDownMidRollWaitsForCapacity() {
        Film film = aPool().replicas(3).running().begins("B").plays("create 1-1 B");
        film.unready("2-0", "3-0", "1-0").rests();
        film.ready("1-0").apply(p -> p.replicas(2)).plays("delete 3-0: Scaled");
    }

    @Test
    void workersThatScalingAddsMidRollAreMadeAtTheSnapshotAndRolledInTheirTurn() {
        Film film = aPool().replicas(1).running().begins("B").plays("create 1-1 B");
        film.apply(p -> p.replicas(2))
                .plays("create 2-0 A: Scaled")
                .ready("2-0", "1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B");
    }

    @Test
    void workerThatCannotBeRemovedKeepsNoOtherFromGoing() {
        Film film = aPool().replicas(4).running().undeletable("4-0").apply(p -> p.replicas(2));
        film.plays("delete 3-0: Scaled").gone("3-0").rests().wakesIn(10);
        assertThat(film.rest().blocked()).contains("pod web-4-0 cannot be removed: no");
        film.deletable("4-0").plays("delete 4-0: Scaled");
    }

    @Test
    void scalingDownThatIsRefusedHoldsUpNoStep() {
        aPool().replicas(3)
                .maxSurge(2)
                .running()
                .undeletable("3-0")
                .apply(p -> p.replicas(2).version("B"))
                .plays("record", "dry run 1-1", "keep B", "record: RolloutStarted", "create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .after(10)
                .plays("delete 3-0: Scaled", "create 2-1 B");
    }

    @Test
    void scalingToZeroEndsARollout() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.apply(p -> p.replicas(0))
                .plays("record: RolloutSuperseded", "delete 2-0 + delete 1-0 + delete 1-1: Scaled");
        assertThat(film.newest().result()).isEqualTo(Result.Superseded);
        assertThat(film.newest().message()).isEqualTo("spec.replicas was set to 0");
        assertThat(film.state().snapshot().orElseThrow().version()).isEqualTo("A");
    }

    @Test
    void scalingToZeroEndsARollbackAsFailed() {
        Film film = aPool().replicas(2).running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .apply(p -> p.replicas(0))
                .plays("record", "delete 2-0 + delete 1-1: Scaled");
        assertThat(film.newest().result()).isEqualTo(Result.Failed);
        assertThat(film.state().failed().orElseThrow().result()).contains(Result.Failed);
        assertThat(film.state().breaker().failures()).isEqualTo(1);
    }

    @Test
    void atZeroANewSpecIsNoRollout() {
        Film film = aPool().replicas(0).created();
        film.plays("record"); // what is wanted
        assertThat(film.state().fillStartedAt()).isEmpty();
    }

    @Test
    void scalingUpFromZeroStartsTheRolloutWithAllWorkersAtOnce() {
        Film film = atZero(aPool().replicas(2)).apply(p -> p.version("B")).plays("record");
        film.apply(p -> p.replicas(2).maxSurge(1))
                .plays("dry run 1-0", "keep B", "record: RolloutStarted", "create 1-0 B + create 2-0 B")
                .ready("1-0", "2-0")
                .plays("record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void failureAfterScalingUpFromZeroGoesBackToTheSnapshot() {
        atZero(aPool().replicas(2))
                .apply(p -> p.version("B").replicas(2))
                .plays("record", "dry run 1-0", "keep B", "record: RolloutStarted", "create 1-0 B + create 2-0 B")
                .ready("2-0")
                .crashes("1-0")
                .plays(
                        "record: RolloutFailed, RollbackStarted",
                        "delete 1-0 by rollout", // broken: at once
                        "create 1-1 A") // missing from replicas: made at once
                .ready("1-1")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 A")
                .ready("2-1")
                .plays("evict 2-0", "record: RollbackSucceeded");
    }

    @Test
    void fromZeroWorkersAreMadeAtTheSnapshotWhenTheRolloutIsNotWanted() {
        Film film = atZero(aPool().replicas(2)).apply(p -> p.version("B")).plays("record");
        film.apply(p -> p.paused(true).replicas(2)).plays("create 1-0 A + create 2-0 A");
        Film failed = atZero(aPool().replicas(1).running().failsAt("B"));
        failed.apply(p -> p.replicas(1)).plays("create 1-0 A");
        Film refused = atZero(aPool().replicas(1)).refuses("B").apply(p -> p.version("B")
                .replicas(1));
        refused.plays("record", "dry run 1-0", "create 1-0 A");
        Film open = atZero(aPool().replicas(1).failureThreshold(1).running().failsAt("B"));
        open.apply(p -> p.version("C").replicas(1)).plays("record", "create 1-0 A", "drop B");
    }

    @Test
    void scalesDownWorkersThatAreNotAtTheTargetEvenFromTheMiddle() {
        Film film = aPool().replicas(3)
                .pauseSeconds(5)
                .running()
                .unready("3-0")
                .rests()
                .after(30)
                .begins("B");
        film.plays("delete 3-0 by rollout + create 3-1 B")
                .after(1)
                .ready("3-1")
                .gone("3-0")
                .plays("record: WorkerReplaced")
                .apply(p -> p.replicas(2))
                .plays("delete 2-0: Scaled"); // not 3-1
    }

    @Test
    void fromZeroWorkersAreMadeAtTheSnapshotWhileTheBreakerIsHalfOpen() {
        Film film = atZero(
                aPool().replicas(2).failureThreshold(1).running().failsAt("B").after(60));
        film.apply(p -> p.version("C").replicas(2))
                .plays(
                        "record",
                        "create 1-0 A + create 2-0 A",
                        "dry run 1-1", // now there is something to go back to: the trial
                        "keep C",
                        "record: RolloutStarted",
                        "create 1-1 C");
    }

    @Test
    void nothingIsWantedAtZeroOrBeforeThereIsASnapshot() {
        Film film = atZero(aPool().replicas(1)).apply(p -> p.version("B"));
        assertThat(Wish.rolloutWanted(film.observe())).isFalse();
        assertThat(Wish.rolloutWanted(aPool().created().observe())).isFalse();
        film.apply(p -> p.replicas(1));
        assertThat(Wish.rolloutWanted(film.observe())).isTrue();
    }

    private static Film atZero(PoolSpec pool) {
        return atZero(pool.running());
    }

    private static Film atZero(Film film) {
        film.apply(p -> p.replicas(0)).playsOut();
        assertThat(film.workers()).isEmpty();
        return film;
    }
}
