package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** When it looks again is data: the earliest of all that it waits for, and never a poll (design, choice 4). */
class WakeUpTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    @Test
    void poolAtRestWaitsForNoTime() {
        aPool().running().rests().waitsForNoTime();
    }

    @Test
    void earliestTimeAndFirstSentenceWin() {
        Agenda agenda = new Agenda(NOON);
        agenda.wakeAt(NOON.plusSeconds(20));
        agenda.wakeAt(NOON.plusSeconds(10));
        agenda.wakeAt(NOON.plusSeconds(30));
        agenda.wakeAt(NOON); // has come already: no reason to look again
        agenda.wakeAt(NOON.minusSeconds(5));
        agenda.waiting("first");
        agenda.waiting("second");
        agenda.blocked("whom");
        agenda.blocked("and whom else");
        Plan.Rest rest = agenda.rest();
        assertThat(rest).isEqualTo(new Plan.Rest(Optional.of(NOON.plusSeconds(10)), "first", Optional.of("whom")));
        assertThat(agenda.act(List.of(), List.of()))
                .isEqualTo(new Plan.Act(
                        List.of(), List.of(), Optional.of(NOON.plusSeconds(10)), "first", Optional.of("whom")));
        assertThat(agenda.record(State.NEW, List.of()))
                .isEqualTo(new Plan.Record(State.NEW, List.of(), "first", Optional.of("whom")));
    }

    @Test
    void whatBlocksIsAlsoWhatItWaitsFor() {
        Agenda agenda = new Agenda(NOON);
        agenda.blocked("whom");
        assertThat(agenda.rest().waiting()).isEqualTo("whom");
    }

    @Test
    void timesAreReadRoundedUpToTheSecond() {
        assertThat(Agenda.clock(NOON)).isEqualTo("12:00:00Z");
        assertThat(Agenda.clock(NOON.plusMillis(1))).isEqualTo("12:00:01Z");
    }

    @Test
    void soakEndsBeforeTheDeadline() {
        surge(aPool().minReadySeconds(20).progressDeadlineSeconds(100))
                .ready("1-1")
                .rests()
                .wakesIn(20);
    }

    @Test
    void deadlineEndsBeforeTheSoak() {
        surge(aPool().minReadySeconds(99).progressDeadlineSeconds(100))
                .after(50)
                .ready("1-1")
                .rests()
                .wakesIn(50);
    }

    @Test
    void readyTimeoutEndsBeforeTheDeadline() {
        surge(aPool().progressDeadlineSeconds(100))
                .rests()
                .wakesIn(30)
                .after(10)
                .rests()
                .wakesIn(20);
    }

    @Test
    void deadlineAloneWhileThePodIsPending() {
        surge(aPool().progressDeadlineSeconds(100)).pending("1-1").rests().wakesIn(100);
    }

    @Test
    void theEarliestOfSeveralWorkers() {
        surge(aPool().maxSurge(2).minReadySeconds(25))
                .rests() // both must be ready 30 s from now
                .after(4)
                .ready("2-1")
                .rests()
                .wakesIn(25)
                .after(2)
                .rests()
                .wakesIn(23);
    }

    @Test
    void pauseBetweenStepsIsNoPartOfTheDeadline() {
        Film film = surge(aPool().progressDeadlineSeconds(100).pauseSeconds(120))
                .after(1)
                .ready("1-1");
        film.plays("evict 1-0").gone("1-0").plays("record: WorkerReplaced").wakesIn(120);
        film.after(120).plays("create 2-1 B").pending("2-1").rests().wakesIn(100);
    }

    @Test
    void oldWorkerThatIsNotReadyIsLookedAtWhenItCountsAsBroken() {
        Film film = aPool().running().unready("2-0").rests().begins("B").surges();
        film.after(10).ready("1-1").rests().wakesIn(20); // 30 s after it was seen unready
    }

    @Test
    void breakerResetAndNothingElse() {
        Film film =
                aPool().failureThreshold(1).resetTimeoutSeconds(45).running().failsAt("B");
        film.rests()
                .wakesIn(45)
                .apply(p -> p.resetTimeoutSeconds(30))
                .plays("record")
                .wakesIn(30);
    }

    @Test
    void retryBeforeTheBreakerReset() {
        aPool().failureThreshold(1).retryLimit(1).running().failsAt("B").rests().wakesIn(10);
    }

    @Test
    void obstacle() {
        aPool().running().quotaExceeded().gone("2-0").rests().wakesIn(10);
    }

    @Test
    void refusal() {
        aPool().running()
                .refuses("B")
                .apply(p -> p.version("B"))
                .plays("record", "dry run 1-1")
                .wakesIn(10);
    }

    @Test
    void whilePausedNoTimeOfTheStepCounts() {
        surge(aPool()).apply(p -> p.paused(true)).plays("record").waitsForNoTime();
    }

    /** In the middle of the first steps. */
    private static Film surge(PoolSpec pool) {
        return pool.replicas(3).running().begins("B").surges();
    }
}
