package dev.workerpool.operator.decide;

import static dev.workerpool.operator.decide.PoolSpec.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.Breaker.Closed;
import dev.workerpool.operator.decide.Breaker.HalfOpen;
import dev.workerpool.operator.decide.Breaker.Open;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every move of the circuit breaker, and what a pool does in each state (contract, section 5). */
class BreakerTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final Optional<Instant> EARLIER = Optional.of(NOON.minusSeconds(40));
    private static final Duration RESET = Duration.ofSeconds(60);
    private static final int THRESHOLD = 3;

    private static final Breaker NEW = new Closed(0, Optional.empty());
    private static final Breaker ONE = new Closed(1, EARLIER);
    private static final Breaker TWO = new Closed(2, EARLIER);
    private static final Breaker OPEN = new Open(3, EARLIER, NOON.plusSeconds(20));
    private static final Breaker HALF_OPEN = new HalfOpen(3, EARLIER);

    @ParameterizedTest
    @MethodSource
    void failed(Breaker before, Breaker after) {
        assertThat(before.failed(NOON, THRESHOLD, RESET)).isEqualTo(after);
    }

    static Stream<Arguments> failed() {
        Optional<Instant> now = Optional.of(NOON);
        return Stream.of(
                Arguments.of(NEW, new Closed(1, now)),
                Arguments.of(ONE, new Closed(2, now)),
                Arguments.of(TWO, new Open(3, now, NOON.plusSeconds(60))),
                Arguments.of(OPEN, new Open(4, now, NOON.plusSeconds(60))),
                Arguments.of(HALF_OPEN, new Open(4, now, NOON.plusSeconds(60))),
                // the threshold is read when a rollout fails: it may have been raised since
                Arguments.of(new HalfOpen(1, EARLIER), new Open(2, now, NOON.plusSeconds(60))),
                Arguments.of(new Closed(7, EARLIER), new Open(8, now, NOON.plusSeconds(60))));
    }

    @ParameterizedTest
    @MethodSource
    void closed(Breaker before, Breaker after) {
        assertThat(before.closed()).isEqualTo(after);
    }

    static Stream<Arguments> closed() {
        return Stream.of(
                Arguments.of(NEW, NEW),
                Arguments.of(TWO, new Closed(0, EARLIER)),
                Arguments.of(OPEN, new Closed(0, EARLIER)),
                Arguments.of(HALF_OPEN, new Closed(0, EARLIER)));
    }

    @ParameterizedTest
    @MethodSource
    void asTimePasses(Breaker before, long seconds, Duration reset, Breaker after) {
        assertThat(before.at(NOON.plusSeconds(seconds), reset)).isEqualTo(after);
    }

    static Stream<Arguments> asTimePasses() {
        return Stream.of(
                Arguments.of(NEW, 1_000_000, RESET, NEW),
                Arguments.of(TWO, 1_000_000, RESET, TWO),
                Arguments.of(HALF_OPEN, 1_000_000, RESET, HALF_OPEN),
                Arguments.of(OPEN, 19, RESET, OPEN),
                Arguments.of(OPEN, 20, RESET, HALF_OPEN),
                // a new resetTimeout moves retryTime at once
                Arguments.of(OPEN, 0, Duration.ofSeconds(90), new Open(3, EARLIER, NOON.plusSeconds(50))),
                Arguments.of(OPEN, 0, Duration.ofSeconds(40), HALF_OPEN),
                // a status without the time of the last failure
                Arguments.of(
                        new Open(3, Optional.empty(), NOON.plusSeconds(5)),
                        5,
                        RESET,
                        new HalfOpen(3, Optional.empty())));
    }

    @Test
    void opensAtTheThresholdAndThenStartsNoRollout() {
        Film film = opened();
        assertThat(film.state().breaker()).isInstanceOf(Open.class);
        film.apply(p -> p.version("C"))
                .plays("record", "drop Y") // wanted, and held
                .wakesIn(60);
        assertThat(film.told())
                .contains("CircuitBreakerOpened: 2 rollouts in a row failed: none starts before 12:01:00Z");
    }

    @Test
    void scalesAndHealsAtTheSnapshotWhileOpen() {
        opened().apply(p -> p.replicas(4).version("C"))
                .plays("record", "create 4-0 A: Scaled", "drop Y")
                .gone("2-0")
                .plays("create 2-0 A: WorkerHealed");
    }

    @Test
    void triesOneWorkerFirstWhenHalfOpenAndClosesOnSuccess() {
        Film film = opened();
        film.apply(p -> p.version("C").maxSurge(2))
                .plays("record", "drop Y")
                .after(59)
                .rests()
                .after(1)
                .plays(
                        "record: CircuitBreakerHalfOpen",
                        "dry run 1-1",
                        "keep C",
                        "record: RolloutStarted",
                        "create 1-1 C")
                .ready("1-1")
                .plays("evict 1-0")
                .gone("1-0")
                .plays("record: WorkerReplaced", "create 2-1 C + create 3-1 C") // now as maxSurge says
                .ready("2-1", "3-1")
                .plays("evict 2-0", "evict 3-0", "record: RolloutSucceeded, CircuitBreakerClosed", "promote C to 2");
        assertThat(film.state().breaker()).isEqualTo(new Closed(0, Optional.of(NOON)));
        assertThat(film.told())
                .contains("RolloutStarted: from version A to C, on trial: the circuit breaker is half-open")
                .contains("CircuitBreakerHalfOpen: 60 s after the last failure: the next rollout is a trial");
    }

    @Test
    void opensAgainWhenTheTrialFails() {
        Film film = opened();
        film.after(60)
                .apply(p -> p.version("C"))
                .plays(
                        "record: CircuitBreakerHalfOpen",
                        "dry run 1-1",
                        "keep C",
                        "record: RolloutStarted",
                        "create 1-1 C")
                .crashes("1-1")
                .plays(
                        "record: RolloutFailed, CircuitBreakerOpened, RollbackStarted",
                        "delete 1-1 by rollout",
                        "record: RollbackSucceeded",
                        "drop Y");
        assertThat(film.state().breaker())
                .isEqualTo(new Open(3, Optional.of(film.now()), film.now().plusSeconds(60)));
    }

    @Test
    void waitsHalfOpenWhileNothingIsWanted() {
        Film film = opened();
        film.after(60)
                .plays("record: CircuitBreakerHalfOpen")
                .after(3600)
                .rests()
                .waitsForNoTime();
        assertThat(film.state().breaker()).isInstanceOf(HalfOpen.class);
    }

    @Test
    void supersededTrialLeavesItHalfOpenAndTheNextIsTheTrial() {
        Film film = opened();
        film.apply(p -> p.version("C")).after(60);
        film.plays("record: CircuitBreakerHalfOpen", "dry run 1-1", "keep C", "record: RolloutStarted", "create 1-1 C")
                .apply(p -> p.version("D").maxSurge(2))
                .plays(
                        "record",
                        "dry run 1-2",
                        "keep D",
                        "record: RolloutSuperseded, RolloutStarted",
                        "delete 1-1 by rollout")
                .gone("1-1")
                .plays("create 1-1 D"); // alone again
        assertThat(film.state().breaker()).isInstanceOf(HalfOpen.class);
    }

    @Test
    void retryClosesItAndTriesTheFailedRevisionAgain() {
        Film film = opened();
        film.apply(p -> p.retry("please"))
                .plays("record: CircuitBreakerClosed", "dry run 1-1", "record: RolloutStarted", "create 1-1 Y");
        assertThat(film.state().breaker()).isEqualTo(new Closed(0, Optional.of(NOON)));
        assertThat(film.state().failed()).isEmpty();
    }

    @Test
    void specThatEqualsTheSnapshotWorksWhileOpen() {
        Film film = opened();
        film.apply(p -> p.version("A")).plays("record", "drop Y");
        assertThat(film.state().failed()).isEmpty();
        assertThat(film.state().breaker()).isInstanceOf(Open.class);
    }

    @Test
    void successSetsTheCountToZero() {
        Film film = aPool().replicas(1)
                .failureThreshold(2)
                .running()
                .failsAt("X")
                .rollsTo("B")
                .failsAt("Y");
        assertThat(film.state().breaker().failures()).isEqualTo(1);
        assertThat(film.state().breaker()).isInstanceOf(Closed.class);
    }

    /** Three workers of A; X and Y have failed at noon. */
    private static Film opened() {
        return aPool().replicas(3).failureThreshold(2).running().failsAt("X").failsAt("Y");
    }

    /** One that served alone when it failed is the one that is tried first. */
    @Test
    void theTrialWaitsForTheGateOfAWorkerThatAnEarlierTryLeft() {
        Film film = aPool().replicas(4)
                .maxSurge(3)
                .verified(2, 5)
                .pauseOnFailure()
                .failureThreshold(1)
                .retryLimit(3)
                .running()
                .unready("4-0")
                .rests()
                .after(30)
                .unhealthy("B");
        film.begins("B")
                .plays("delete 4-0 by rollout + create 4-1 B", "create 1-1 B + create 2-1 B")
                .gone("4-0");
        film.ready("4-1")
                .plays("verify 4-1")
                .after(5)
                .plays("verify 4-1", "record: RolloutFailed, CircuitBreakerOpened");
        film.gone("1-1", "2-1")
                .after(60)
                .plays("record: CircuitBreakerHalfOpen", "record: RolloutStarted", "verify 4-1");
    }
}
