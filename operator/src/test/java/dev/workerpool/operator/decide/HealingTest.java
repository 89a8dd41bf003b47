package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Lost workers are replaced at once; no rollout, and never the breaker's business (contract, section 3). */
class HealingTest {

    @Test
    void replacesALostWorkerAtOnceWhileTheOldPodStillDrains() {
        aPool().replicas(2)
                .running()
                .deleted("1-0")
                .plays("create 1-1 A: WorkerHealed")
                .ready("1-1")
                .gone("1-0")
                .rests();
    }

    @Test
    void clearsAwayAnEndedPodAndReplacesIt() {
        aPool().replicas(2).running().ended("2-0").plays("delete 2-0", "create 2-0 A: WorkerHealed");
    }

    @Test
    void anEndedPodThatCannotBeRemovedIsReplacedAllTheSame() {
        aPool().replicas(2).running().undeletable("2-0").ended("2-0").plays("create 2-1 A: WorkerHealed");
    }

    @Test
    void anEndedPodThatCannotBeRemovedKeepsNoOtherFromGoing() {
        aPool().replicas(3)
                .running()
                .undeletable("2-0")
                .ended("2-0", "3-0")
                .plays("delete 3-0", "create 2-1 A + create 3-0 A: WorkerHealed")
                .ready("2-1", "3-0")
                .rests()
                .wakesIn(10);
    }

    @Test
    void healsWhileTheRecordOfANewSpecIsRefused() {
        Film film = aPool().replicas(2).running().recordsRefused();
        film.apply(p -> p.version("B")).plays("record", "dry run 1-1");
        film.gone("2-0").plays("create 2-0 A: WorkerHealed");
    }

    @Test
    void healsAtTheRevisionTheWorkerHad() {
        Film film = halfway();
        film.apply(p -> p.paused(true)) // healing goes on
                .gone("1-1")
                .plays("record", "create 1-0 B: WorkerHealed", "record"); // one less is done
        film.gone("2-0").plays("create 2-0 A: WorkerHealed");
    }

    @Test
    void healsAtTheSnapshotWhenTheRecordOfTheRevisionIsGone() {
        Film film = halfway().refuses("C").apply(p -> p.version("C"));
        film.plays("record", "dry run 1-2", "record") // stands still: C is refused
                .recordDeleted("B")
                .gone("1-1")
                .plays("create 1-0 A: WorkerHealed", "record");
    }

    @Test
    void healsAtTheSnapshotWhenTheRevisionHasFailed() {
        Film film = aPool().replicas(2).pauseOnFailure().running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed")
                .gone("1-1")
                .plays("create 1-0 A: WorkerHealed");
    }

    @Test
    void healsAtTheSnapshotWhileTheBreakerIsOpen() {
        Film film = aPool().replicas(2)
                .pauseOnFailure()
                .failureThreshold(1)
                .running()
                .begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, CircuitBreakerOpened")
                .apply(p -> p.version("C"))
                .plays("record")
                .gone("1-1")
                .plays("create 1-0 A: WorkerHealed");
    }

    @Test
    void rolledBackPoolHealsAtTheSnapshot() {
        Film film = aPool().replicas(2).running().failsAt("B").gone("2-0");
        film.plays("create 2-0 A: WorkerHealed");
        assertThat(film.state().breaker().failures()).isEqualTo(1); // as before
    }

    @Test
    void oldWorkerLostInMidStepIsHealedBesideItsSurgeWorker() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .gone("1-0")
                .plays("create 1-2 A: WorkerHealed") // 1-1 has proved nothing yet
                .ready("1-2", "1-1")
                .plays("evict 1-2")
                .gone("1-2")
                .plays("record: WorkerReplaced", "create 2-1 B");
    }

    @Test
    void oldWorkerLostBesideWhatFailedAndWasKeptIsHealedBesideIt() {
        aPool().replicas(2)
                .pauseOnFailure()
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .crashes("1-1")
                .plays("record: RolloutFailed")
                .gone("1-0")
                .plays("create 1-2 A: WorkerHealed")
                .ready("1-2")
                .rests();
    }

    @Test
    void surgeWorkerLostInMidStepIsMadeAgainAndTheDeadlineGoesOn() {
        Film film = aPool().replicas(2).progressDeadlineSeconds(100).running().begins("B");
        film.plays("create 1-1 B")
                .after(10)
                .gone("1-1")
                .plays("create 1-1 B")
                .pending("1-1")
                .rests()
                .wakesIn(90);
        assertThat(film.state().breaker().failures()).isZero(); // no failure
    }

    @Test
    void surgeWorkerOnALostNodeIsMadeAgain() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .nodeLost("1-1")
                .plays("delete 1-1 by rollout")
                .gone("1-1")
                .plays("create 1-1 B");
    }

    @Test
    void replacesWorkersThatFailAgainAndAgainWithGrowingDelay() {
        Film film = aPool().replicas(1).running();
        film.ended("1-0").plays("delete 1-0", "create 1-0 A: WorkerHealed"); // the first in a row
        film.ended("1-0")
                .plays("delete 1-0")
                .waits(10, "worker 1 failed again and again and is made again at 12:00:10Z");
        film.after(10).plays("create 1-0 A: WorkerHealed");
        film.ended("1-0").plays("delete 1-0").wakesIn(20);
        film.after(20).plays("create 1-0 A: WorkerHealed");
        film.ready("1-0").rests().gone("1-0").plays("create 1-0 A: WorkerHealed"); // it served: no delay
    }

    /** As on a node whose disk is full: each is ready for a while, and then evicted by its kubelet. */
    @Test
    void replacesReadyWorkersThatEndAgainAndAgainWithGrowingDelay() {
        Film film = aPool().replicas(1).running();
        film.ended("1-0").plays("delete 1-0", "create 1-0 A: WorkerHealed");
        film.ready("1-0").rests().ended("1-0").plays("delete 1-0").wakesIn(10);
        film.after(10).plays("create 1-0 A: WorkerHealed");
        film.ready("1-0").rests().ended("1-0").plays("delete 1-0").wakesIn(20);
        film.after(20).plays("create 1-0 A: WorkerHealed");
        film.ready("1-0").rests().deleted("1-0").plays("create 1-1 A: WorkerHealed"); // by a user: no delay
        film.ready("1-1").gone("1-0").rests().after(600); // at rest nobody looks meanwhile
        film.ended("1-1").plays("delete 1-1", "create 1-0 A: WorkerHealed");
    }

    /** The old worker beside it is ready all the time, and says nothing of the new one. */
    @Test
    void surgeWorkersThatNodesRefuseAgainAndAgainAreMadeWithGrowingDelay() {
        Film film = aPool().replicas(1).running().begins("B").plays("create 1-1 B");
        film.rests().ended("1-1").plays("delete 1-1", "create 1-1 B");
        film.rests()
                .ended("1-1")
                .plays("delete 1-1")
                .waits(10, "worker 1 failed again and again and is made again at 12:00:10Z");
        film.after(10).plays("create 1-1 B").rests();
        film.ended("1-1").plays("delete 1-1").wakesIn(20);
        film.after(20).plays("create 1-1 B").ready("1-1");
        film.plays("evict 1-0", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void passesOverNamesThatOthersHold() {
        aPool().replicas(2).running().foreign(3, 4).apply(p -> p.replicas(3)).plays("create 3-5 A: Scaled");
        aPool().replicas(1).running().foreign(1, 1).begins("B").plays("create 1-2 B");
    }

    @Test
    void waitsForQuotaAndSaysSo() {
        Film film = aPool().replicas(2).running().quotaExceeded().gone("1-0");
        film.rests().waits(10, "waits for quota");
        assertThat(film.rest().blocked()).contains("waits for quota");
        film.after(10).plays("create 1-0 A: WorkerHealed");
    }

    @Test
    void ofAWorkerThatWasLetGoAndComesBackAndTheOneMadeForItOneStays() {
        Film film = aPool().replicas(2).running().letGo("2-0").plays("create 2-1 A: WorkerHealed");
        film.comeBack().plays("delete 2-1").gone("2-1").rests(); // it was not ready yet
        film.letGo("2-0").plays("create 2-1 A: WorkerHealed").ready("2-1").rests();
        film.comeBack().plays("delete 2-1").gone("2-1").rests();
        film.letGo("2-0").plays("create 2-1 A: WorkerHealed").ready("2-1").rests();
        film.comeBack().unready("1-0", "2-0").plays("delete 2-0").gone("2-0").rests();
        assertThat(film.workers()).containsExactly("1-0 A", "2-1 A");
    }

    @Test
    void aBrokenWorkerThatComesBackDoesNotTakeThePlaceOfTheOneThatStarts() {
        Film film = aPool().replicas(2).running().crashes("2-0").letGo("2-0").plays("create 2-1 A: WorkerHealed");
        film.comeBack().rests().ready("2-1").plays("delete 2-0").gone("2-0").rests();
        assertThat(film.workers()).containsExactly("1-0 A", "2-1 A");
    }

    @Test
    void ofTwoThatServeNoneGoesBeforeNodesHaveHeardOfIt() {
        Film film = aPool().replicas(2).running().letGo("2-0").plays("create 2-1 A: WorkerHealed");
        film.ready("2-1").rests().comeBack().unheardFor(30).rests().wakesIn(30);
        assertThat(film.rest().blocked()).get().asString().startsWith("web-2-1 goes at 12:00:30Z at the earliest");
        film.after(30).plays("delete 2-1");
    }

    @Test
    void saysWhatToDoWhenNothingCanBeMade() {
        Film film = aPool().replicas(2).running().refuses("B").apply(p -> p.version("B"));
        film.plays("record", "dry run 1-1").recordDeleted("A").gone("1-0").rests();
        assertThat(film.rest().blocked())
                .contains("the ControllerRevision of the snapshot rA was deleted: apply a spec that asks for version A,"
                        + " or a new one");
    }

    @Test
    void fillWhoseNewSpecIsRefusedHealsAtWhatItHad() {
        Film film = aPool().replicas(2).created();
        film.plays("record", "dry run 1-0", "keep A", "create 1-0 A + create 2-0 A")
                .ready("1-0", "2-0");
        film.observe();
        film.refuses("B").apply(p -> p.version("B")).plays("record", "dry run 1-1");
        film.gone("2-0").plays("create 2-0 A: WorkerHealed");
    }

    @Test
    void wayBackHealsAtTheSnapshot() {
        Film back = halfway().apply(p -> p.version("A"));
        back.plays("record", "record: RolloutSuperseded, RollbackStarted", "create 1-2 A")
                .gone("1-1")
                .gone("1-2")
                .plays("create 1-0 A: WorkerHealed");
        halfway()
                .apply(p -> p.version("A").pauseSeconds(0))
                .gone("2-0")
                .plays("record", "record: RolloutSuperseded, RollbackStarted", "create 2-0 A: WorkerHealed");
    }

    /** What is lost on the way back is not made at what the spec no longer asks for. */
    @Test
    void wayBackHealsWhatItHadYetToReplaceAtTheSnapshot() {
        Film back = halfway().apply(p -> p.version("A"));
        back.plays("record", "record: RolloutSuperseded, RollbackStarted", "create 1-2 A")
                .gone("1-1")
                .rests(); // 1-2 is what is made in its place
        halfway()
                .apply(p -> p.version("A"))
                .quotaExceeded()
                .plays("record", "record: RolloutSuperseded, RollbackStarted")
                .gone("1-1")
                .quotaGranted()
                .plays("create 1-0 A: WorkerHealed");
    }

    /** The new worker had yet to prove itself: its version is not what the slot had. */
    @Test
    void ofASlotThatLostBothItsWorkersTheOldOneIsMadeAgain() {
        Film film = aPool().replicas(1).running().begins("B").plays("create 1-1 B");
        film.deleted("1-0", "1-1").plays("create 1-2 A: WorkerHealed", "create 1-3 B");
        Film again = aPool().replicas(1)
                .minReadySeconds(9)
                .running()
                .begins("B")
                .surges()
                .ready("1-1");
        again.rests().operatorRestarts().rests();
        again.deleted("1-0", "1-1").plays("create 1-2 A: WorkerHealed", "create 1-3 B");
        Film other = aPool().replicas(1).running().begins("B").plays("create 1-1 B");
        other.deleted("1-0").plays("create 1-2 A: WorkerHealed").gone("1-0");
        other.ready("1-2").rests().deleted("1-2", "1-1").plays("create 1-3 A: WorkerHealed", "create 1-4 B");
    }

    /** What a rollout has made is verified, not what heals. */
    @Test
    void aHealedOldWorkerIsKnownAsSoonAsItIsReady() {
        Film film = aPool().replicas(1)
                .verified(1, 1)
                .minReadySeconds(9)
                .running()
                .begins("B")
                .plays("create 1-1 B");
        film.deleted("1-0")
                .plays("create 1-2 A: WorkerHealed")
                .gone("1-0")
                .ready("1-2")
                .rests();
        film.deleted("1-2", "1-1").plays("create 1-3 A: WorkerHealed", "create 1-4 B");
    }

    /** B was good enough for the gate here, and failed elsewhere: it is over with it. */
    @Test
    void whatARollbackRemovedIsNotMadeAgainForTheOneThatStayed() {
        Film film = aPool().replicas(3).maxSurge(2).running().begins("B");
        film.plays("create 1-1 B + create 2-1 B").budgetExhausted().ready("1-1").rests();
        film.budgetGranted().crashes("2-1");
        film.plays(
                "record: RolloutFailed, RollbackStarted",
                "evict 1-1",
                "delete 2-1 by rollout",
                "record: RollbackSucceeded");
        film.gone("1-1", "2-1")
                .begins("C")
                .gone("1-0")
                .plays("create 1-0 A: WorkerHealed", "create 1-1 C + create 2-1 C");
        film.gone("1-0").plays("create 1-2 A: WorkerHealed");
    }

    @Test
    void norForTheOneThatWasMadeInItsPlaceAndHadYetToBecomeReady() {
        Film film = aPool().replicas(2).running().begins("B").surges().ready("1-1");
        film.plays("evict 1-0").gone("1-0").plays("record: WorkerReplaced", "create 2-1 B");
        film.unready("1-1").rests().after(30);
        film.plays(
                "record: RolloutFailed, RollbackStarted",
                "delete 1-1 by rollout",
                "create 1-2 A",
                "delete 2-1 by rollout");
        film.gone("1-1", "2-1").after(1).apply(p -> p.version("C")).playsUntilRest();
        assertThat(film.gone("1-2").pass()).startsWith("create 1-").endsWith(" A: WorkerHealed");
    }

    /** One of two workers is on B, and the rollout goes on. */
    private static Film halfway() {
        return aPool().replicas(2)
                .pauseSeconds(5)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .after(1)
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced");
    }
}
