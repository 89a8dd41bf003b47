package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.State.Result;
import org.junit.jupiter.api.Test;

/** The spec changes while a rollout runs, or is refused (contract, sections 1 and 3). */
class SupersedeTest {

    @Test
    void newSpecSupersedesAndTheRolloutGoesOnTowardIt() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.after(7)
                .apply(p -> p.version("C"))
                .plays(
                        "record",
                        "dry run 1-2",
                        "keep C",
                        "record: RolloutSuperseded, RolloutStarted",
                        "delete 1-1 by rollout") // a slot keeps one of two: 1-0 is available, 1-1 is not
                .gone("1-1")
                .plays("create 1-1 C") // the name is free again
                .ready("1-1")
                .plays("evict 1-0");
        assertThat(film.state().snapshot().orElseThrow().version()).isEqualTo("A");
        assertThat(film.newest().result()).isEqualTo(Result.Superseded);
        assertThat(film.newest().version()).isEqualTo("B");
        assertThat(film.newest().durationMillis()).isEqualTo(7000);
        assertThat(film.newest().message()).isEqualTo("the spec asks for version C now");
        assertThat(film.course().fromVersion()).isEqualTo("A");
    }

    @Test
    void rolloutThatStandsStillForARefusedSpecDoesNotMoveWhileThatIsAskedAboutAgain() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.refuses("C").apply(p -> p.version("C")).plays("record", "dry run 1-2", "record");
        film.after(4).apply(p -> p.replicas(3)).plays("dry run 1-2", "create 3-0 A: Scaled");
        film.operatorRestarts().plays("dry run 1-2");
        film.accepts("C")
                .after(10)
                .plays(
                        "dry run 1-2",
                        "record",
                        "keep C",
                        "record: RolloutSuperseded, RolloutStarted",
                        "delete 1-1 by rollout");
    }

    @Test
    void rollbackSaysWhatItWaitsForItselfWhileTheNewSpecIsRefused() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.ready("1-1").plays("evict 1-0").gone("1-0").plays("record: WorkerReplaced", "create 2-1 B");
        film.crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A");
        film.refuses("C")
                .apply(p -> p.version("C"))
                .plays("record", "dry run 1-3")
                .says("worker 1 of 2: web-1-2 has until 12:00:30Z to become ready, then web-1-1 is evicted");
    }

    @Test
    void whenATargetIsLeftTheSlotKeepsTheWorkerThatAloneIsAvailable() {
        aPool().replicas(1)
                .running()
                .begins("B")
                .unready("1-0")
                .plays("create 1-1 B")
                .ready("1-1")
                .apply(p -> p.minReadySeconds(60)) // 1-1 soaks
                .rests()
                .apply(p -> p.version("C"))
                .plays(
                        "record",
                        "dry run 1-2",
                        "keep C",
                        "record: RolloutSuperseded, RolloutStarted",
                        "delete 1-0 by rollout");
    }

    @Test
    void whenATargetIsLeftTheSlotKeepsTheSnapshotsOfTwoAvailable() {
        aPool().replicas(1)
                .minReadySeconds(60)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .rests()
                .apply(p -> p.version("C"))
                .plays(
                        "record",
                        "dry run 1-2",
                        "keep C",
                        "record: RolloutSuperseded, RolloutStarted",
                        "evict 1-1"); // it serves: asked for by eviction
    }

    @Test
    void backToTheSnapshotEndsTheRolloutAndBringsBackOnlyWhatWasReplaced() {
        Film film = aPool().replicas(3).running().begins("B");
        film.plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .apply(p -> p.version("A"))
                .plays(
                        "record",
                        "record: RolloutSuperseded, RollbackStarted",
                        "delete 2-1 by rollout") // not ready, and of what was left
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .ready("1-2")
                .plays("evict 1-1", "record: RollbackSucceeded")
                .gone("1-1")
                .plays("drop B");
        assertThat(film.workers()).containsExactly("1-2 A", "2-0 A", "3-0 A"); // 2-0 and 3-0 were not touched
        assertThat(film.state().history()).hasSize(1); // the way back has no entry
        assertThat(film.newest().result()).isEqualTo(Result.Superseded);
        assertThat(film.newest().workersReplaced()).isEqualTo(1);
        assertThat(film.state().breaker().failures()).isZero();
    }

    @Test
    void backToTheSnapshotBeforeAnythingWasMadeJustEnds() {
        aPool().replicas(1)
                .running()
                .begins("B")
                .apply(p -> p.version("A"))
                .plays("record", "record: RolloutSuperseded", "drop B");
    }

    @Test
    void refusedSpecChangesNothing() {
        Film film = aPool().replicas(2).running().refuses("B");
        film.apply(p -> p.version("B")).plays("record", "dry run 1-1").wakesIn(10);
        film.after(9)
                .rests()
                .after(1)
                .plays("dry run 1-1") // tried again
                .accepts("B")
                .after(10)
                .plays("dry run 1-1", "keep B", "record: RolloutStarted", "create 1-1 B");
        assertThat(film.state().breaker().failures()).isZero();
    }

    @Test
    void rolloutStandsStillWhileTheSpecIsRefusedAndGoesOnWithTheNextOne() {
        Film film = aPool().replicas(2).running().begins("B").plays("create 1-1 B");
        film.refuses("C")
                .apply(p -> p.version("C"))
                .plays("record", "dry run 1-2", "record") // since when it stands still
                .ready("1-1")
                .rests() // as if paused: 1-0 stays
                .says("stands still: version C, which the spec asks for now, is refused; correct the spec and apply it"
                        + " again")
                .after(4)
                .apply(p -> p.version("B"))
                .plays("record", "evict 1-0");
        assertThat(film.course().pausedFor()).hasSeconds(4);
        assertThat(film.state().history()).isEmpty();
    }

    @Test
    void whenATargetIsLeftTheSlotKeepsTheOneThatIsNotOfIt() {
        Film film = aPool().replicas(2)
                .pauseSeconds(5)
                .running()
                .begins("B")
                .surges()
                .after(1)
                .ready("1-1");
        film.plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced")
                .apply(p -> p.version("C").minReadySeconds(60))
                .plays("record", "dry run 1-2", "keep C", "record: RolloutSuperseded, RolloutStarted", "create 1-2 C")
                .ready("1-2")
                .rests()
                .apply(p -> p.version("D")) // B and C are available, neither is the snapshot
                .plays("record", "dry run 1-3", "keep D", "record: RolloutSuperseded, RolloutStarted", "evict 1-2");
    }

    @Test
    void backToTheSnapshotWhileTheSurgeWorkerServes() {
        aPool().replicas(1)
                .minReadySeconds(60)
                .running()
                .begins("B")
                .surges()
                .ready("1-1")
                .rests()
                .apply(p -> p.version("A"))
                .plays(
                        "record",
                        "record: RolloutSuperseded, RollbackStarted",
                        "evict 1-1",
                        "record: RollbackSucceeded");
    }

    @Test
    void supersededWayBackKeepsTheSnapshotsWorker() {
        Film film = aPool().replicas(2)
                .pauseSeconds(5)
                .running()
                .begins("B")
                .surges()
                .after(1)
                .ready("1-1");
        film.plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced")
                .apply(p -> p.version("A").minReadySeconds(60))
                .plays("record", "record: RolloutSuperseded, RollbackStarted", "create 1-2 A")
                .ready("1-2")
                .rests()
                .apply(p -> p.version("C"))
                .plays("record", "dry run 1-3", "keep C", "record: RolloutStarted", "evict 1-1");
        assertThat(film.state().history()).hasSize(1); // the way back has no entry
    }

    @Test
    void saysInEveryPassWhatARolloutWaitsFor() {
        Film film = aPool().replicas(2).pauseSeconds(5).running();
        int before = film.said().size();
        film.begins("B").surges().after(1).ready("1-1").plays("evict 1-0").gone("1-0");
        film.plays("record: WorkerReplaced").apply(p -> p.version("A"));
        film.plays("record", "record: RolloutSuperseded, RollbackStarted", "create 1-2 A")
                .rests();
        assertThat(film.said().subList(before, film.said().size()))
                .contains(
                        "worker 1 of 2 is next",
                        "the next worker is replaced from 12:00:06Z on (rollout.pauseSeconds)",
                        "the workers go back to version A one step after another")
                .anyMatch(text -> text.startsWith("worker 1 of 2: its new worker starts, and then has 30 s"));
    }

    @Test
    void saysThatARollbackRuns() {
        Film film = aPool().replicas(2).running().failsAt("B");
        assertThat(film.said())
                .contains("broken workers go at once, the others go back to version A one step after another");
    }

    /** What the spec no longer asks for is not rolled out further, whatever keeps the new one from being kept as a record. */
    @Test
    void rolloutStandsStillWhileTheRecordOfTheNewSpecIsRefused() {
        Film film =
                aPool().replicas(2).running().begins("B").plays("create 1-1 B").recordsRefused();
        film.apply(p -> p.version("C")).plays("record", "dry run 1-2");
        film.ready("1-1")
                .rests() // 1-0 stays
                .says("waits for quota of records")
                .isBlocked();
        film.after(10).recordsGranted();
        film.plays("record", "keep C", "record: RolloutSuperseded, RolloutStarted", "evict 1-1");
    }
}
