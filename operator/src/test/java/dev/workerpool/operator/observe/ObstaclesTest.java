package dev.workerpool.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.observe.Obstacles.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObstaclesTest {
    private final Obstacles<Kind> obstacles = new Obstacles<>();
    private Instant now = Instant.parse("2026-01-01T12:00:00Z");

    @Test
    void isTriedAgainMoreAndMoreSeldomButAtLeastEveryTenSeconds() {
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            obstacles.refused(Kind.CREATE, "quota", now);
            Instant retryAt = obstacles.current(Kind.CREATE, now).orElseThrow().retryAt();
            waits.add(Duration.between(now, retryAt).toSeconds());
            now = retryAt;
        }
        assertThat(waits).containsExactly(1L, 2L, 4L, 8L, 10L, 10L, 10L);
    }

    @Test
    void holdsItsKindOfCallUntilItIsTriedAgain() {
        obstacles.refused(Kind.EVICT, "budget", now);
        assertThat(obstacles.hold(Kind.EVICT, now)).isTrue();
        assertThat(obstacles.hold(Kind.CREATE, now)).isFalse();
        assertThat(obstacles.hold(Kind.EVICT, now.plusSeconds(1))).isFalse();
        assertThat(obstacles.wakeAt(now)).contains(now.plusSeconds(1));
        assertThat(obstacles.wakeAt(now.plusSeconds(1))).isEmpty();
    }

    @Test
    void isGoneAfterACallThatWentThrough() {
        obstacles.refused(Kind.CREATE, "quota", now);
        obstacles.passed(Kind.CREATE);
        assertThat(obstacles.current(Kind.CREATE, now)).isEmpty();
    }

    @Test
    void isForgottenWhenNobodyRanIntoItAgain() {
        obstacles.refused(Kind.CREATE, "quota", now);
        assertThat(obstacles.current(Kind.CREATE, now.plusSeconds(30))).isPresent();
        assertThat(obstacles.current(Kind.CREATE, now.plusSeconds(31))).isEmpty();
    }
}
