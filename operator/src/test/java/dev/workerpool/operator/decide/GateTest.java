package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What happens to the new worker, and what it means: the table of the contract's section 4. */
class GateTest {
    private static final String[] FAILS = {"record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout"};
    private static final String[] FAILS_SERVING = {"record: RolloutFailed, RollbackStarted", "evict 1-1"};
    private static final String[] WAITS = {};

    /** Something happens to the surge worker 1-1, which runs beside 1-0. */
    record Row(String what, Consumer<Film> happens, String[] then, String says) {
        @Override
        public String toString() {
            return what;
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void meansWhatTheTableSays(Row row) {
        Film film = aPool().replicas(2).progressDeadlineSeconds(100).running().begins("B");
        film.plays("create 1-1 B");
        row.happens.accept(film);
        if (row.then == FAILS || row.then == FAILS_SERVING) {
            film.plays(row.then[0], row.then[1], "record: RollbackSucceeded");
            assertThat(film.state().lastFailure().orElseThrow().reason()).isEqualTo(row.says);
        } else {
            film.plays(row.then);
            assertThat(film.rest().waiting()).isEqualTo(row.says);
            assertThat(film.state().breaker().failures()).isZero();
        }
    }

    static Stream<Row> rows() {
        return Stream.of(
                new Row("its container exits", f -> f.crashes("1-1"), FAILS, "Error"),
                new Row(
                        "it restarted, and is ready again",
                        f -> f.crashes("1-1").ready("1-1"),
                        FAILS_SERVING,
                        "Error"),
                new Row("invalid image name", f -> f.faulty("1-1", "InvalidImageName"), FAILS, "InvalidImageName"),
                new Row(
                        "starts",
                        f -> f.pending("1-1"),
                        WAITS,
                        "worker 1 of 2: web-1-1 starts, and then has 30 s to become ready, then web-1-0 is evicted"),
                new Row(
                        "not ready, but in time",
                        f -> f.rests().after(29),
                        WAITS,
                        "worker 1 of 2: web-1-1 has until 12:00:30Z to become ready, then web-1-0 is evicted"),
                new Row(
                        "starts, and says what takes its time",
                        f -> f.pending("1-1").unreadyBecause("1-1", "init container migrate runs"),
                        WAITS,
                        "worker 1 of 2: web-1-1 starts (init container migrate runs), and then has 30 s to become ready,"
                                + " then web-1-0 is evicted"),
                new Row(
                        "not ready, and says why",
                        f -> f.rests()
                                .unreadyBecause("1-1", "sidecar proxy is not ready")
                                .after(29),
                        WAITS,
                        "worker 1 of 2: web-1-1 has until 12:00:30Z to become ready (sidecar proxy is not ready),"
                                + " then web-1-0 is evicted"),
                new Row("not ready within readyTimeoutSeconds", f -> f.rests().after(30), FAILS, "NotReady"),
                new Row(
                        "readyTimeoutSeconds counts from running",
                        f -> f.pending("1-1")
                                .rests()
                                .after(25)
                                .running("1-1")
                                .rests()
                                .after(29),
                        WAITS,
                        "worker 1 of 2: web-1-1 has until 12:00:55Z to become ready, then web-1-0 is evicted"),
                new Row(
                        "readyTimeoutSeconds counts from the loss of readiness",
                        f -> f.apply(p -> p.minReadySeconds(60))
                                .ready("1-1")
                                .rests()
                                .after(25)
                                .unready("1-1")
                                .rests()
                                .after(29),
                        WAITS,
                        "worker 1 of 2: web-1-1 has until 12:00:55Z to become ready, then web-1-0 is evicted"),
                new Row(
                        "loses readiness while it must stay ready",
                        f -> f.apply(p -> p.minReadySeconds(20))
                                .ready("1-1")
                                .rests()
                                .after(15)
                                .unready("1-1")
                                .rests()
                                .after(2)
                                .ready("1-1"),
                        WAITS,
                        "worker 1 of 2: web-1-1 must stay ready until 12:00:37Z, then web-1-0 is evicted"),
                new Row(
                        "flaps until the deadline of the step",
                        f -> {
                            f.apply(p -> p.minReadySeconds(20));
                            for (int i = 0; i < 10; i++) {
                                f.ready("1-1")
                                        .rests()
                                        .after(5)
                                        .unready("1-1")
                                        .rests()
                                        .after(5);
                            }
                        },
                        FAILS,
                        "ProgressDeadlineExceeded"),
                new Row(
                        "unschedulable",
                        f -> f.blocked("1-1", "0/3 nodes are available"),
                        WAITS,
                        "worker 1 of 2: web-1-1 waits: 0/3 nodes are available; it goes on by itself when that is mended, and"
                                + " fails at 12:01:40Z (rollout.progressDeadlineSeconds)"),
                new Row(
                        "unschedulable until the deadline",
                        f -> f.blocked("1-1", "0/3 nodes are available").after(100),
                        FAILS,
                        "ProgressDeadlineExceeded"),
                new Row(
                        "the pod is deleted",
                        f -> f.deleted("1-1"),
                        new String[] {"create 1-2 B"}, // made again
                        "worker 1 of 2: web-1-2 has until 12:00:30Z to become ready, then web-1-0 is evicted"),
                new Row(
                        "it is evicted by its node",
                        f -> f.ended("1-1"),
                        new String[] {"delete 1-1", "create 1-1 B"},
                        "worker 1 of 2: web-1-1 has until 12:00:30Z to become ready, then web-1-0 is evicted"));
    }

    @Test
    void verificationIsAskedOnceAPeriodAndFailsAfterAllAttempts() {
        Film film = aPool().replicas(1).verified(3, 2).running().unhealthy("B");
        film.begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("verify 1-1")
                .waits(2, "worker 1 of 1: web-1-1 is verified again at 12:00:02Z, then web-1-0 is evicted")
                .after(2)
                .plays("verify 1-1")
                .after(2)
                .plays(
                        "verify 1-1",
                        "record: RolloutFailed, RollbackStarted",
                        "evict 1-1",
                        "record: RollbackSucceeded");
        assertThat(film.state().lastFailure().orElseThrow().message())
                .isEqualTo("verification failed 3 times: answered 500");
    }

    @Test
    void noMoreThanThirtyTwoAreVerifiedAtOnce() {
        Film film = aPool().replicas(40).maxSurge(40).verified(1, 1).running().begins("B");
        assertThat(film.playsOut().stream()
                        .filter(line -> line.startsWith("verify"))
                        .map(line -> line.split(" \\+ ").length))
                .containsExactly(32, 8);
    }

    @Test
    void verificationThatPassesAtLastLetsItThrough() {
        aPool().replicas(1)
                .verified(3, 2)
                .running()
                .unhealthy("B")
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("verify 1-1")
                .healthy("B")
                .after(2)
                .plays("verify 1-1", "evict 1-0", "record: RolloutSucceeded", "promote B to 2");
    }

    @Test
    void replacedWorkerMayRestartOnceButNotTwice() {
        Film film = halfway();
        film.crashes("1-1").rests().ready("1-1").rests();
        film.crashes("1-1")
                .plays(
                        "record: RolloutFailed, RollbackStarted",
                        "delete 1-1 by rollout",
                        "create 1-2 A",
                        "delete 2-1 by rollout");
    }

    @Test
    void replacedWorkerThatIsUnavailableForReadyTimeoutFails() {
        Film film = halfway();
        film.unready("1-1").rests().after(29).rests().wakesIn(1);
        film.after(1)
                .plays(
                        "record: RolloutFailed, RollbackStarted",
                        "delete 1-1 by rollout",
                        "create 1-2 A",
                        "delete 2-1 by rollout");
        assertThat(film.state().lastFailure().orElseThrow().pod()).isEqualTo("web-1-1");
    }

    @Test
    void replacedWorkerOnALostNodeIsNoFailure() {
        halfway()
                .nodeLost("1-1")
                .rests()
                .after(60)
                .rests()
                .says("worker 1 of 2: web-1-1 is not ready: its node n1 does not answer");
    }

    @Test
    void theFailureSaysWhatKeptTheWorkerFromBeingReady() {
        Film film = aPool().replicas(2).running().begins("B");
        film.plays("create 1-1 B")
                .rests()
                .unreadyBecause("1-1", "sidecar proxy is not ready")
                .after(30);
        film.plays(FAILS[0], FAILS[1], "record: RollbackSucceeded");
        assertThat(film.state().lastFailure().orElseThrow().message())
                .isEqualTo(
                        "was not ready within 30 s of running (rollout.readyTimeoutSeconds): sidecar proxy is not ready");
    }

    @Test
    void successWaitsUntilEveryWorkerIsThroughTheGate() {
        Film film =
                aPool().replicas(1).minReadySeconds(10).running().begins("B").plays("create 1-1 B");
        film.ready("1-1").rests().after(4).gone("1-0").rests().after(5).rests();
        film.after(1).plays("record: RolloutSucceeded", "promote B to 2");
    }

    /** 1-1 has replaced 1-0, and 2-1 is unschedulable. */
    private static Film halfway() {
        return aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .blocked("2-1", "0/3 nodes are available")
                .rests();
    }

    @Test
    void aPauseIsNotCountedForWhoWaitedInIt() {
        Film film = aPool().replicas(2).progressDeadlineSeconds(100).running().begins("B");
        film.plays("create 1-1 B").after(20).rests();
        film.apply(p -> p.paused(true)).plays("record").after(300);
        film.apply(p -> p.paused(false)).plays("record").wakesIn(10);
    }

    @Test
    void aPauseIsNoExtraTimeForWhoBecameUnreadyAfterIt() {
        Film film = aPool().replicas(2).pauseSeconds(1000).running().begins("B");
        film.plays("create 1-1 B").ready("1-1").plays("evict 1-0");
        film.after(1).gone("1-0").plays("record: WorkerReplaced");
        film.apply(p -> p.paused(true)).plays("record").after(600);
        film.apply(p -> p.paused(false)).plays("record").unready("1-1").rests().wakesIn(30);
        film.after(30).plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "create 1-2 A");
    }
}
