package dev.workerpool.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.Obstacle;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class OutagesTest {
    private static final Instant START = Instant.parse("2026-01-01T12:00:00Z");

    private final Outages outages = new Outages();
    private Instant now = START;
    private int held;

    @Test
    void thereIsNoneAtFirst() {
        assertHeard();
    }

    @Test
    void nobodySleepsLongAfterAConnectionThatBroke() {
        away(1000);
        assertHeard();
    }

    @Test
    void othersMaySleepTwice() {
        away(10_000);
        assertUnheardFor(
                2 * 10.8 + 4 * 10.8 + 5,
                "the API server was not heard for 10 s, and nodes may not have heard it yet either");
        present(69_500);
        assertThat(outages.current(now)).isPresent();
        present(500);
        assertHeard();
    }

    @Test
    void nobodySleepsLongerThanAMinuteTwice() {
        away(600_000);
        assertUnheardFor(120 + 5, "the API server was not heard for 600 s, and nodes may not have heard it yet either");
    }

    @Test
    void whileItIsAwayTheTimeMovesOn() {
        pass(10_000, true);
        assertUnheardFor(2 * 10.8 + 4 * 10.8 + 5, "the API server is not heard, and nodes may not hear it either");
        pass(60_000, true);
        assertUnheardFor(120 + 5, "the API server is not heard, and nodes may not hear it either");
    }

    @Test
    void delaysThatHadGrownGrowOnInTheNextOutage() {
        away(2_000); // a delay of 2.8 s, and the next two: another begins with 11.2 s
        present(60_000);
        away(1_500);
        assertUnheardFor(
                2 * 12.7 + 4 * 12.7 + 5,
                "the API server was not heard for 1 s, and nodes may not have heard it yet either");
        present(10_000);
        away(2_000);
        assertUnheardFor(120 + 5, "the API server was not heard for 2 s, and nodes may not have heard it yet either");
    }

    @Test
    void aShortOneSoonAfterALongOneCounts() {
        away(20_000);
        present(115_000);
        assertHeard();
        away(500);
        assertUnheardFor(60 + 5, "the API server was not heard for 0 s, and nodes may not have heard it yet either");
    }

    @Test
    void aShortOneDoesNotShortenWhatIsLeftOfALongOne() {
        away(60_000);
        present(10_000);
        away(500);
        assertUnheardFor(
                125 - 10 - 0.5, "the API server was not heard for 0 s, and nodes may not have heard it yet either");
    }

    @Test
    void shortOnesInARowCount() {
        away(1000);
        assertHeard();
        present(10_000);
        away(1000); // begins with 3.6 s
        assertUnheardFor(
                2 * 4.6 + 5, "the API server was not heard for 1 s, and nodes may not have heard it yet either");
        present(10_000);
        away(1000); // begins with 9.2 s
        assertUnheardFor(
                2 * 10.2 + 5, "the API server was not heard for 1 s, and nodes may not have heard it yet either");
    }

    @Test
    void callsThatFailNowAndThenDoNotKeepWorkersForGood() {
        for (int minute = 0; minute < 60; minute++) {
            away(1000);
            long left = outages.current(now)
                    .map(o -> Duration.between(now, o.retryAt()).toSeconds())
                    .orElse(0L);
            assertThat(left).isLessThan(125);
            present(59_000);
            held += outages.current(now).isPresent() ? 1 : 0;
        }
        assertThat(held).isBetween(1, 40);
    }

    @Test
    void delaysAreShortAgainTwoMinutesAfterAllHaveHeard() {
        away(20_000);
        present(246_000);
        away(2_000);
        assertUnheardFor(
                2 * 2.8 + 4 * 2.8 + 5,
                "the API server was not heard for 2 s, and nodes may not have heard it yet either");
    }

    @Test
    void aTimeWithoutAnOperatorMayHaveBeenAnOutage() {
        outages.nobodyListened(now.minusSeconds(40), now);
        assertUnheardFor(
                120 + 5,
                "no operator was there for 40 s; if the API server was away in that time, nodes may not have heard it yet");
    }

    @Test
    void aRestartIsNone() {
        outages.nobodyListened(now.minusSeconds(1), now);
        assertHeard();
        outages.nobodyListened(now.plusSeconds(300), now); // by the clock of another machine
        assertHeard();
    }

    private void assertHeard() {
        assertThat(outages.current(now)).isEmpty();
    }

    private void assertUnheardFor(double seconds, String because) {
        assertThat(outages.current(now)).contains(new Obstacle(because, now.plusMillis(Math.round(1000 * seconds))));
    }

    /** The last word is that it is back, at the same time as the last word that it is not. */
    private void away(long millis) {
        pass(millis, true);
        outages.seen(false, now);
    }

    private void present(long millis) {
        pass(millis, false);
    }

    private void pass(long millis, boolean cut) {
        Instant end = now.plusMillis(millis);
        for (outages.seen(cut, now); now.isBefore(end); outages.seen(cut, now)) {
            now = now.plus(Duration.ofMillis(500));
        }
    }
}
