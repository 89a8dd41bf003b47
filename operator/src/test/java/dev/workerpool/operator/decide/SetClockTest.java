package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;

import org.junit.jupiter.api.Test;

/**
 * A process begins with a clock that was set back since another one wrote status: what it finds recorded has yet to come.
 * (Within a process time passes evenly, whatever is done to the clock.)
 */
class SetClockTest {
    private static final long DAY = 86_400;

    @Test
    void anOpenBreakerWaitsItsTimeAndNoLonger() {
        Film film = aPool().replicas(1)
                .failureThreshold(1)
                .resetTimeoutSeconds(60)
                .running()
                .failsAt("B");

        film.operatorRestarts().after(-DAY).plays("record").wakesIn(60);
        film.after(60).plays("record: CircuitBreakerHalfOpen");
    }

    @Test
    void aStepHasItsDeadlineAndNoMore() {
        Film film = aPool().replicas(1).progressDeadlineSeconds(600).running();
        film.begins("B").surges().pending("1-1");

        film.operatorRestarts().after(-DAY).plays("record").wakesIn(600);
        film.after(600)
                .plays("record: RolloutFailed, RollbackStarted", "delete 1-1 by rollout", "record: RollbackSucceeded");
    }

    @Test
    void aPauseBetweenStepsIsNoLonger() {
        Film film = aPool().replicas(2).pauseSeconds(5).running();
        film.begins("B").surges().after(1).ready("1-1").plays("evict 1-0").gone("1-0");
        film.plays("record: WorkerReplaced").wakesIn(5);

        film.operatorRestarts().after(-DAY).plays("record");
        film.after(5).plays("create 2-1 B");
    }

    @Test
    void aFailedRevisionIsTriedAgainInTime() {
        Film film = aPool().replicas(1).retryLimit(1).running().failsAt("B").wakesIn(10);

        film.operatorRestarts().after(-DAY).plays("record").wakesIn(10);
    }

    @Test
    void aPauseThatBeganInTheFutureIsNoTime() {
        Film film = aPool().replicas(1).progressDeadlineSeconds(600).running();
        film.begins("B").surges().pending("1-1").apply(p -> p.paused(true)).plays("record");

        film.operatorRestarts().after(-DAY).plays("record");
        film.apply(p -> p.paused(false)).plays("record").wakesIn(600);
    }

    @Test
    void aFillHasItsDeadlineAndNoMore() {
        Film film = aPool().replicas(1).progressDeadlineSeconds(20).created();
        film.plays("record", "dry run 1-0", "keep A", "create 1-0 A").wakesIn(20);

        film.operatorRestarts().after(-DAY).plays("record", "dry run 1-1").wakesIn(20);
    }
}
