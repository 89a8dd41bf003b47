package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The first fill of a new pool, which is no rollout (contract, section 3), and the records that are kept. */
class FillTest {

    @Test
    void fillThatIsNotAvailableRemovesNothingAndCountsNoFailure() {
        Film film = filling().pending("1-0").pending("2-0").rests().wakesIn(600); // when it says NoSnapshot
        film.crashes("1-0").plays("record: Blocked").after(3600).rests();
        assertThat(film.state().breaker().failures()).isZero();
        assertThat(film.state().fillStartedAt()).contains(film.now().minusSeconds(3600));
        film.ready("1-0", "2-0").plays("record", "promote A to 1"); // late, but that is the snapshot
        assertThat(film.state().snapshot()).contains(new State.Snapshot("rA", "A"));
        assertThat(film.state().fillStartedAt()).isEmpty();
    }

    @Test
    void fillThatFailsSaysWhyOnce() {
        Film film = filling().faulty("2-0", "ErrImagePull").plays("record: Blocked");
        State.Failure evidence = film.state().lastFailure().orElseThrow();
        assertThat(evidence.pod()).isEqualTo("web-2-0");
        assertThat(evidence.revision()).isEqualTo("rA");
        assertThat(evidence.reason()).isEqualTo("ErrImagePull");
        assertThat(film.told())
                .last()
                .isEqualTo("Blocked: first workers, of version A: web-2-0: ErrImagePull: it is broken");
        film.crashes("1-0").rests().after(600).rests();
    }

    @Test
    void fillThatWaitsForOthersSaysWhyAtItsDeadline() {
        Film film = filling()
                .ready("1-0")
                .blocked("2-0", "0/3 nodes are available")
                .rests()
                .wakesIn(600);
        film.after(599).rests().after(1).plays("record: Blocked");
        assertThat(film.state().lastFailure().orElseThrow().message())
                .isEqualTo("the first fill took longer than 600 s (rollout.progressDeadlineSeconds): "
                        + "0/3 nodes are available");
        film.rests();
    }

    @Test
    void nextFillThatFailsSaysSoAnew() {
        Film film = aPool().replicas(1).created().plays("record", "dry run 1-0", "keep A", "create 1-0 A");
        film.crashes("1-0").plays("record: Blocked").after(1);
        film.apply(p -> p.version("B"))
                .plays("record", "dry run 1-1", "keep B", "delete 1-0 by rollout", "create 1-1 B")
                .gone("1-0")
                .crashes("1-1")
                .plays("record: Blocked");
        assertThat(film.state().lastFailure().orElseThrow().version()).isEqualTo("B");
        film.after(1).apply(p -> p.version("A")).playsOut();
        assertThat(film.told()).filteredOn(e -> e.startsWith("Blocked")).hasSize(2);
    }

    @Test
    void pausedFillSaysWhyToo() {
        filling().apply(p -> p.paused(true)).plays("dry run 1-1").crashes("1-0").plays("record: Blocked");
    }

    @Test
    void newSpecReplacesUnreadyWorkersAtOnceAndAvailableOnesNewBeforeOld() {
        Film film = filling().ready("2-0").rests().after(60);
        film.apply(p -> p.version("B"))
                .plays("record", "dry run 1-1", "keep B", "delete 1-0 by rollout", "create 1-1 B")
                .gone("1-0")
                .ready("1-1")
                .plays("create 2-1 B")
                .ready("2-1")
                .plays("evict 2-0", "record", "promote B to 1")
                .gone("2-0")
                .plays("drop A");
        assertThat(film.state().history()).isEmpty();
    }

    @Test
    void newSpecSetsTheClockOfTheFillAnew() {
        Film film = filling().after(60).apply(p -> p.version("B").paused(true));
        film.plays("record", "dry run 1-1", "keep B").pending("1-0").rests().wakesIn(600);
        assertThat(film.state().fillStartedAt()).isEqualTo(Optional.of(film.now()));
    }

    @Test
    void fillThatIsBlockedNamesNoTimeAtWhichItFails() {
        Film film = filling().blocked("1-0", "no node takes it").rests().isBlocked();
        film.after(600).plays("record: Blocked").says("worker 1 of 2: web-1-0 waits: no node takes it");
    }

    @Test
    void refusedPoolMakesNothing() {
        Film film = aPool().replicas(3).created().refuses("A");
        film.plays("record", "dry run 1-0").wakesIn(10).accepts("A").after(10);
        film.plays("dry run 1-0", "keep A", "create 1-0 A + create 2-0 A + create 3-0 A");
    }

    @Test
    void pausedFillBecomesTheSnapshot() {
        filling().apply(p -> p.paused(true)).ready("1-0", "2-0").plays("dry run 1-1", "record", "promote A to 1");
    }

    @Test
    void keepsGoodRevisionsForUndoUpToTheLimit() {
        Film film = aPool().replicas(1).revisionHistoryLimit(1).running().rollsTo("B");
        assertThat(film.records()).containsExactly("A 1", "B 2");
        film.rollsTo("C");
        assertThat(film.records()).containsExactly("B 2", "C 3");
        film.rollsTo("B"); // undone: it is the newest good one now
        assertThat(film.records()).containsExactly("B 4", "C 3");
    }

    @Test
    void writesARecordAgainThatSomebodyDeleted() {
        aPool().replicas(1).running().recordDeleted("A").plays("keep A", "promote A to 1");
        aPool().replicas(1).running().failsAt("B").recordDeleted("B").plays("keep B");
        aPool().replicas(1)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .recordDeleted("B")
                .plays("keep B");
    }

    @Test
    void waitsWithARecordWhileTheServerRefusesIt() {
        Film film = aPool().replicas(1).running().recordDeleted("A").recordsRefused();
        film.rests().wakesIn(10);
        film.after(10).plays("keep A", "promote A to 1");
    }

    @Test
    void firstWorkersAreNotVerified() {
        aPool().replicas(2)
                .verified(1, 1)
                .created()
                .plays("record", "dry run 1-0", "keep A", "create 1-0 A + create 2-0 A")
                .unhealthy("A")
                .ready("1-0")
                .rests();
    }

    private static Film filling() {
        return aPool().replicas(2).created().plays("record", "dry run 1-0", "keep A", "create 1-0 A + create 2-0 A");
    }
}
