package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What passes for time in an operator whose machine's clock is set. */
class SteadyClockTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final Machine machine = new Machine();
    private final SteadyClock clock = new SteadyClock(machine, () -> machine.tick);

    @Test
    void goesWithAClockThatNobodySets() {
        machine.pass(Duration.ofSeconds(1));
        assertThat(clock.instant()).isEqualTo(NOON.plusSeconds(1));
        machine.pass(Duration.ofDays(30));
        assertThat(clock.instant()).isEqualTo(NOON.plusSeconds(1).plus(Duration.ofDays(30)));
    }

    @ParameterizedTest
    @ValueSource(longs = {300, -300, 86_400, -86_400})
    void aClockThatIsSetChangesNoSpanOfTimeByMoreThanATenth(long jump) {
        machine.set(Duration.ofSeconds(jump));
        assertThat(clock.instant()).isEqualTo(NOON);

        for (int second = 0; second < 60; second++) {
            machine.pass(Duration.ofSeconds(1));
            clock.instant();
        }

        assertThat(Duration.between(NOON, clock.instant())).isEqualTo(Duration.ofSeconds(jump > 0 ? 66 : 54));
    }

    @ParameterizedTest
    @ValueSource(longs = {300, -300})
    void theDifferenceIsMadeUpForInTenTimesItsLength(long jump) {
        machine.set(Duration.ofSeconds(jump));

        machine.pass(Duration.ofSeconds(2999));
        assertThat(clock.instant()).isNotEqualTo(machine.instant());
        machine.pass(Duration.ofSeconds(1));
        assertThat(clock.instant()).isEqualTo(machine.instant());
        machine.pass(Duration.ofSeconds(10));
        assertThat(clock.instant()).isEqualTo(machine.instant());
    }

    @Test
    void neverGoesBack() {
        machine.pass(Duration.ofSeconds(1));
        Instant before = clock.instant();
        machine.set(Duration.ofDays(-1));
        machine.pass(Duration.ofNanos(1));

        assertThat(clock.instant()).isAfter(before);
    }

    private static final class Machine extends Clock {
        private long tick = 42;
        private Instant now = NOON;

        void pass(Duration time) {
            tick += time.toNanos();
            now = now.plus(time);
        }

        void set(Duration ahead) {
            now = now.plus(ahead);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
