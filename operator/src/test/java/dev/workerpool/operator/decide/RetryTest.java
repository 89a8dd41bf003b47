package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A failed revision is tried again: by itself, or when the user asks (contract, section 4). */
class RetryTest {

    @Test
    void triesAgainByItselfAfterTenTwentyFortySeconds() {
        Film film =
                aPool().replicas(1).retryLimit(3).failureThreshold(10).running().failsAt("B");
        film.rests().wakesIn(10);
        failsAgainAfter(film, 10);
        film.rests().wakesIn(20);
        failsAgainAfter(film, 20);
        film.rests().wakesIn(40);
        failsAgainAfter(film, 40);
        film.rests().waitsForNoTime(); // no more than retryLimit
        assertThat(film.state().failed().orElseThrow().attempts()).isEqualTo(4);
        assertThat(film.told()).contains("RolloutStarted: from version A to B, attempt 4");
    }

    @Test
    void aLowerRetryLimitEndsARetryThatIsDue() {
        Film film =
                aPool().replicas(1).retryLimit(3).failureThreshold(10).running().failsAt("B");
        film.wakesIn(10).apply(p -> p.retryLimit(0)).plays("record").waitsForNoTime();
        film.apply(p -> p.retryLimit(3)).rests().waitsForNoTime(); // over is over: the annotation asks anew
        assertThat(film.state().failed().orElseThrow().attempts()).isEqualTo(1);
    }

    @Test
    void triesAgainByItselfWithOnFailurePauseToo() {
        aPool().replicas(1)
                .retryLimit(1)
                .pauseOnFailure()
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .crashes("1-1")
                .plays("record: RolloutFailed")
                .wakesIn(10)
                .after(10)
                .plays("delete 1-1 by rollout", "record: RolloutStarted")
                .gone("1-1")
                .plays("create 1-1 B");
    }

    @Test
    void retryPresentAtCreationCountsAsSeen() {
        Film film = aPool().replicas(1).retry("old").running();
        assertThat(film.state().seenRetry()).contains("old");
        film.failsAt("B").rests();
    }

    @Test
    void retryForgetsTheFailureAndStartsTheRollout() {
        Film film = aPool().replicas(1).running().failsAt("B");
        film.apply(p -> p.retry("1")).plays("record", "dry run 1-1", "record: RolloutStarted", "create 1-1 B");
        assertThat(film.state().breaker().failures()).isZero();
        assertThat(film.told()).contains("RolloutStarted: from version A to B"); // its attempts are forgotten
    }

    @Test
    void retryWaitsUntilARollbackHasEnded() {
        aPool().replicas(2)
                .running()
                .begins("B")
                .plays("create 1-1 B")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 B")
                .crashes("2-1")
                .plays("record: RolloutFailed, RollbackStarted", "delete 2-1 by rollout")
                .apply(p -> p.retry("1"))
                .gone("2-1")
                .plays("record: WorkerReplaced", "create 1-2 A")
                .ready("1-2")
                .plays("evict 1-1", "record: RollbackSucceeded", "record", "dry run 1-3", "record: RolloutStarted")
                .gone("1-1");
    }

    @Test
    void retryWaitsWhilePaused() {
        aPool().replicas(1)
                .running()
                .failsAt("B")
                .apply(p -> p.paused(true).retry("1"))
                .rests()
                .apply(p -> p.paused(false))
                .plays("record", "dry run 1-1", "record: RolloutStarted", "create 1-1 B");
    }

    @Test
    void retryDuringARolloutOnlyClosesTheBreaker() {
        Film film =
                aPool().replicas(1).failureThreshold(1).running().failsAt("X").after(60);
        film.apply(p -> p.version("B"))
                .plays(
                        "record: CircuitBreakerHalfOpen",
                        "dry run 1-1",
                        "keep B",
                        "record: RolloutStarted",
                        "create 1-1 B")
                .apply(p -> p.retry("1"))
                .plays("record: CircuitBreakerClosed");
        assertThat(film.workers()).containsExactly("1-0 A", "1-1 B");
    }

    private static void failsAgainAfter(Film film, int seconds) {
        film.after(seconds - 1)
                .rests()
                .after(1)
                .plays("record: RolloutStarted", "create 1-1 B")
                .crashes("1-1");
        film.playsOut();
    }

    /** It serves alone in its slot and so cannot be made anew; what was wrong may have been somebody else. */
    @Test
    void asksAWorkerThatServesAloneAnew() {
        Film film =
                aPool().replicas(1).verified(1, 1).pauseOnFailure().running().unhealthy("B");
        film.apply(p -> p.replicas(0)).playsOut();
        film.apply(p -> p.version("B")).playsOut();
        film.apply(p -> p.replicas(1)).playsOut();
        assertThat(film.told()).anyMatch(e -> e.startsWith("RolloutFailed"));
        film.healthy("B").apply(p -> p.retry("1"));
        assertThat(film.playsOut()).last().asString().contains("promote B");
        assertThat(film.state().snapshot().orElseThrow().version()).isEqualTo("B");
    }
}
