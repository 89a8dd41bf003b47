package dev.workerpool.operator.act;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.act.Expectations.Visibility;
import dev.workerpool.operator.decide.PodFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ExpectationsTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** Otherwise the pass after it reads again, and the one after that, as fast as the API server answers. */
    @Test
    void stalledWatchIsNoHotLoop() {
        Expectations expectations = new Expectations();
        expectations.poolWritten("7", START);
        Instant late = START.plus(Expectations.LIMIT);
        assertThat(expectations.visibility(List.of(), "6", late)).isEqualTo(Visibility.STALE);

        expectations.settle(List.of(), "7");
        expectations.readAt(late);

        assertThat(expectations.visibility(List.of(), "6", late)).isEqualTo(Visibility.WAITING);
        assertThat(expectations.limit()).isEqualTo(late.plusSeconds(1));
        assertThat(expectations.visibility(List.of(), "6", late.plusSeconds(1))).isEqualTo(Visibility.STALE);
    }

    /** A plan made on a read of the API server may remove what the cache has yet to hear of (simulation, seed 698676). */
    @Test
    void aWorkerThatTheCacheNeverShowedIsNotTakenForGone() {
        Expectations expectations = new Expectations();
        expectations.visibility(List.of(), "1", START);
        expectations.going("u1", START);

        assertThat(expectations.visibility(List.of(), "1", START)).isEqualTo(Visibility.WAITING);
        assertThat(expectations.visibility(List.of(pod(false)), "1", START)).isEqualTo(Visibility.WAITING);
        assertThat(expectations.visibility(List.of(pod(true)), "1", START)).isEqualTo(Visibility.CURRENT);
    }

    /** The event of an older pod of that name may come late (simulation, seed 996723): the cache cannot tell them apart. */
    @Test
    void afterALostAnswerOnlyTheApiServerSettlesWhetherThePodWasMade() {
        Expectations expectations = new Expectations();
        expectations.maybeCreated("web-1-0", START);
        assertThat(expectations.visibility(List.of(pod(false)), "1", START)).isEqualTo(Visibility.WAITING);
        assertThat(expectations.visibility(List.of(pod(true)), "1", START.plus(Expectations.LIMIT)))
                .isEqualTo(Visibility.STALE);

        expectations.settle(List.of(pod("u2", false)), "1");

        assertThat(expectations.visibility(List.of(pod(true)), "1", START)).isEqualTo(Visibility.WAITING);
        assertThat(expectations.visibility(List.of(pod("u2", false)), "1", START))
                .isEqualTo(Visibility.CURRENT);
    }

    @Test
    void aPodThatTheApiServerDoesNotHaveWasNotMade() {
        Expectations expectations = new Expectations();
        expectations.maybeCreated("web-1-0", START);
        expectations.settle(List.of(), "1");
        assertThat(expectations.visibility(List.of(), "1", START)).isEqualTo(Visibility.CURRENT);
    }

    private static PodFacts pod(boolean terminating) {
        return pod("u1", terminating);
    }

    private static PodFacts pod(String uid, boolean terminating) {
        return new PodFacts(
                "web-1-0",
                uid,
                "1",
                1,
                0,
                "r1",
                "v1",
                terminating,
                false,
                true,
                "",
                true,
                false,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                Duration.ofSeconds(35));
    }
}
