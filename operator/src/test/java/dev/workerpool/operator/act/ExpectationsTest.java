package dev.workerpool.operator.act;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.act.Expectations.Visibility;
import java.time.Instant;
import java.util.List;
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
}
