package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** After the API server was away no worker that serves is removed before nodes have heard that it leaves. */
class OutageTest {

    @Test
    void rolloutEvictsNoWorkerThatNodesWouldSendRequestsTo() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .unheardFor(60)
                .rests()
                .waits(60, "web-1-0 goes at 12:01:00Z at the earliest: the API server was away")
                .after(59)
                .rests()
                .after(1)
                .plays("evict 1-0");
    }

    @Test
    void norOneWhoseNodeCouldNotSayThatItIsReady() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .unready("1-0")
                .unheardFor(60)
                .rests()
                .waits(60, "web-1-0 goes at 12:01:00Z at the earliest: the API server was away")
                .after(60)
                .plays("delete 1-0 by rollout");
    }

    @Test
    void rollbackDoesNotEither() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .unheardFor(30)
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout") // at once
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .ready("1-2")
                .rests()
                .waits(30, "web-1-1 goes at 12:00:30Z at the earliest: the API server was away")
                .after(30)
                .plays("evict 1-1", "record: RollbackSucceeded");
    }

    @Test
    void targetThatIsLeftKeepsItsWorkerForSoLong() {
        Film film = aPool().replicas(2).running().begins("B").surges();
        film.ready("1-1")
                .unheardFor(30)
                .apply(p -> p.version("C"))
                .plays("record", "dry run 1-2", "keep C", "record: RolloutSuperseded, RolloutStarted");
        film.after(30).plays("evict 1-1").gone("1-1").plays("create 1-1 C");
    }

    @Test
    void scalingDownWaits() {
        aPool().replicas(3)
                .running()
                .unheardFor(30)
                .apply(p -> p.replicas(1))
                .rests()
                .waits(30, "web-3-0 goes at 12:00:30Z at the earliest: the API server was away")
                .isBlocked()
                .after(30)
                .plays("delete 3-0 + delete 2-0: Scaled");
    }

    @Test
    void scalingDownTakesAtOnceWhatServesNobody() {
        aPool().replicas(3)
                .running()
                .crashes("2-0")
                .unheardFor(30)
                .apply(p -> p.replicas(1))
                .plays("delete 2-0: Scaled")
                .wakesIn(30);
    }

    @Test
    void workersAreMadeMeanwhile() {
        aPool().replicas(2).running().unheardFor(30).gone("2-0").plays("create 2-0 A: WorkerHealed");
    }

    @Test
    void isNoPartOfTheDeadlineOfTheStep() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(50)
                .running()
                .begins("B")
                .surges();
        film.ready("1-1").unheardFor(60).rests().wakesIn(25);
        film.after(25).plays("record");
        film.after(25).plays("record");
        film.after(10).plays("evict 1-0");
    }

    @Test
    void isNoPartOfTheDeadlineOfARollbackThatOnlyHasToTidyUp() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(14)
                .minReadySeconds(6)
                .running()
                .begins("B")
                .plays("create 1-1 B");
        film.ready("1-1").after(5).unready("1-1").after(5).ready("1-1").rests();
        assertThat(film.after(4).pass()).isEqualTo("record: RolloutFailed, RollbackStarted");
        film.unheardFor(20).rests().waits(7, "web-1-1 goes at 12:00:34Z at the earliest: the API server was away");
        film.after(7).plays("record"); // half of the step's time is over, and its clock is set anew
        film.after(7).plays("record");
        film.after(6).plays("evict 1-1", "record: RollbackSucceeded");
    }

    @Test
    void isNoPartOfTheDeadlineOfAStepWhoseNewWorkerHasToBeMadeAgain() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(50)
                .running()
                .begins("B")
                .surges();
        film.ready("1-1").unheardFor(60).rests().nodeLost("1-1").rests();
        film.after(25).plays("record");
        film.after(25).plays("record");
        film.after(10).plays("delete 1-1 by rollout").gone("1-1").plays("create 1-1 B");
    }

    @Test
    void isNoExcuseForANewWorkerThatIsNotReadyWhenAllHaveHeardAgain() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(50)
                .running()
                .begins("B")
                .plays("create 1-1 B");
        film.unheardFor(20)
                .after(20)
                .rests()
                .after(10)
                .plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "record: RollbackSucceeded");
        assertThat(film.state().lastFailure().orElseThrow().message()).doesNotContain("the API server was away");
    }

    /** Its kubelet could not say that it is ready, and needs a moment to say so afterwards. */
    @Test
    void aNewWorkerIsNotFailedBecauseNobodyCouldSayThatItIsReady() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(50)
                .running()
                .begins("B")
                .surges();
        film.after(55)
                .unheardFor(60)
                .plays("record")
                .waits(25, "worker 1 of 2: web-1-1 has until 12:01:55Z to become" + " ready, then web-1-0 is evicted");
        film.ready("1-1")
                .after(25)
                .plays("record")
                .after(25)
                .plays("record")
                .after(10)
                .plays("evict 1-0");
    }

    @Test
    void aFirstFillIsNotFailedBeforeAllHaveHeardAgain() {
        Film film = aPool().replicas(1).progressDeadlineSeconds(50).created();
        film.plays("record", "dry run 1-0", "keep A", "create 1-0 A").pending("1-0");
        film.after(50).unheardFor(20).rests().wakesIn(20);
        film.after(20).plays("record: Blocked");
    }

    @Test
    void aRetryWaitsForWhatTheLastTryLeftBehind() {
        Film film = aPool().replicas(1)
                .pauseOnFailure()
                .failureThreshold(9)
                .minReadySeconds(60)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .rests();
        film.unready("1-1").rests().after(30).plays("record: RolloutFailed").unheardFor(50);
        film.apply(p -> p.retry("1")).plays("record", "dry run 1-2").wakesIn(50);
        film.after(50)
                .plays("delete 1-1 by rollout", "record: RolloutStarted")
                .gone("1-1")
                .plays("create 1-1 B");
        assertThat(film.state().breaker().failures()).isZero();
    }

    /** It asks the new worker anew, which takes as long as it takes: nothing of that is the worker's. */
    @Test
    void isNoPartOfTheDeadlineOfAStepForANewOperatorEither() {
        Film film = aPool().replicas(2)
                .progressDeadlineSeconds(50)
                .minReadySeconds(1)
                .running()
                .begins("B")
                .surges();
        film.ready("1-1").rests().after(60).operatorRestarts().unheardFor(60).plays("record");
        film.after(1).rests().says("web-1-0 goes at 12:02:00Z at the earliest: the API server was away");
    }

    /** Else an operator that is started again now and then would keep it from its end. */
    @Test
    void isNoExcuseForWhatANewWorkerSaysItselfThatItWaitsFor() {
        Film film = aPool().replicas(2).running().begins("B").surges();
        film.blocked("1-1", "0/3 nodes are available")
                .rests()
                .after(580)
                .operatorRestarts()
                .unheardFor(40)
                .rests();
        film.after(39)
                .rests()
                .after(1)
                .plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "record: RollbackSucceeded");
    }
}
