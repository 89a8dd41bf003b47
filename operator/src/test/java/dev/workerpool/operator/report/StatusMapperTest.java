package dev.workerpool.operator.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatusMapperTest {

    @Test
    void anyStateIsReadBackFromJsonAsItWasWritten() {
        for (long seed = 0; seed < 2_000; seed++) {
            World world = World.aPool();
            world.state = new Dice(seed).state();
            assertThat(StatusMapper.state(throughJson(world.render())))
                    .as("seed %d", seed)
                    .isEqualTo(world.state);
        }
    }

    @Test
    void aPoolWithoutStatusIsNew() {
        assertThat(StatusMapper.state(null)).isEqualTo(State.NEW);
        assertThat(read("{}")).isEqualTo(State.NEW);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'phase':'RollingOut'}",
                "{'phase':'RollingOut','toVersion':'2','toRevision':'b'}",
                "{'phase':'RollingOut','toVersion':'2','toRevision':'b','startedAt':'yesterday'}",
                "{'toVersion':'2','toRevision':'b','startedAt':'2026-11-24T12:00:00Z'}",
                "{'phase':'RollingBack','toVersion':'2','startedAt':'2026-11-24T12:00:00Z'}",
            })
    void aRolloutWithoutWhatItNeedsIsNone(String rollout) {
        assertThat(read("{'rollout':" + rollout + "}").rollout()).isEqualTo(new Rollout.Idle());
    }

    @Test
    void whatARolloutCanDoWithoutIsFilledIn() {
        Instant start = Instant.parse("2026-11-24T12:00:00Z");
        assertThat(read("{'rollout':{'phase':'RollingOut','toVersion':'2','toRevision':'b',"
                                + "'startedAt':'2026-11-24T12:00:00Z','progress':'most'}}")
                        .rollout())
                .isEqualTo(new Rollout.RollingOut(
                        new Rollout.Course(
                                "", Optional.empty(), "2", "b", start, start, Optional.empty(), Duration.ZERO, 0),
                        1,
                        false));
    }

    @Test
    void anOpenBreakerThatForgotItsTimesIsDueForATrial() {
        assertThat(read("{'circuitBreaker':{'state':'Open','consecutiveFailures':4}}")
                        .breaker())
                .isEqualTo(new Breaker.HalfOpen(4, Optional.empty()));
    }

    @Test
    void aFailureThatForgotItsAttemptsCountsAsOne() {
        assertThat(read("{'failedRevision':'b','nextRetryTime':'soon'}").failed())
                .contains(new State.Failed("b", 1, Optional.empty(), Optional.empty()));
    }

    @Test
    void unreadableHistoryEntriesAreForgotten() {
        assertThat(read("{'history':[null,{'version':'1'},{'startedAt':'2026-11-24T12:00:00Z'}]}")
                        .history())
                .isEmpty();
    }

    @Test
    void aPauseIsRoundedUpSoThatNoDeadlineComesEarly() {
        Rollout.Course c = new Rollout.Course(
                "1", Optional.empty(), "2", "b", World.NOW, World.NOW, Optional.empty(), Duration.ofMillis(1_001), 0);
        assertThat(StatusMapper.rolloutStatus(new Rollout.RollingOut(c, 1, false), 3, "")
                        .pausedSeconds())
                .isEqualTo(2);
    }

    private static State read(String json) {
        return StatusMapper.state(Serialization.unmarshal(json.replace('\'', '"'), WorkerPoolStatus.class));
    }

    private static WorkerPoolStatus throughJson(WorkerPoolStatus status) {
        return Serialization.unmarshal(Serialization.asJson(status), WorkerPoolStatus.class);
    }

    /** States of every kind, the same for the same seed. */
    private static final class Dice {
        private final SplittableRandom random;

        Dice(long seed) {
            random = new SplittableRandom(seed);
        }

        State state() {
            return new State(
                    maybe(this::text),
                    maybe(() -> new State.Snapshot(text(), text())),
                    maybe(this::text),
                    maybe(() -> new State.Failed(
                            text(), 1 + random.nextInt(5), maybe(this::time), maybe(() -> State.Result.Failed))),
                    maybe(this::time),
                    rollout(),
                    breaker(),
                    maybe(() -> new State.Failure(
                            text(), text(), text(), text(), text(), maybe(() -> 3), maybe(() -> "a\nb \"c\""), time())),
                    Stream.generate(this::ending).limit(random.nextInt(12)).toList());
        }

        private Rollout rollout() {
            return switch (random.nextInt(3)) {
                case 0 -> new Rollout.Idle();
                case 1 -> new Rollout.RollingOut(course(), 1 + random.nextInt(4), random.nextBoolean());
                default -> new Rollout.RollingBack(course(), maybe(() -> 1 + random.nextInt(4)));
            };
        }

        private Rollout.Course course() {
            return new Rollout.Course(
                    text(),
                    maybe(this::text),
                    text(),
                    text(),
                    time(),
                    time(),
                    maybe(this::time),
                    Duration.ofSeconds(random.nextInt(3)),
                    random.nextInt(4));
        }

        private Breaker breaker() {
            return switch (random.nextInt(3)) {
                case 0 -> new Breaker.Closed(random.nextInt(3), maybe(this::time));
                case 1 -> new Breaker.HalfOpen(3, maybe(this::time));
                default -> new Breaker.Open(3, maybe(this::time), time());
            };
        }

        private State.Ending ending() {
            List<State.Result> results = List.of(State.Result.values());
            return new State.Ending(
                    text(),
                    text(),
                    text(),
                    time(),
                    random.nextLong(10_000_000),
                    random.nextInt(9),
                    results.get(random.nextInt(results.size())),
                    text());
        }

        private <T> Optional<T> maybe(Supplier<T> value) {
            return random.nextBoolean() ? Optional.of(value.get()) : Optional.empty();
        }

        private String text() {
            return Long.toString(random.nextLong(1L << 40), 36);
        }

        private Instant time() {
            return World.NOW.plusMillis(random.nextLong(1_000_000_000));
        }
    }
}
