package dev.workerpool.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.observe.Obstacles.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WakeTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    private final Keeping keeping = new Keeping();

    @Test
    void nothingToWaitForIsNoReasonToWakeUp() {
        assertThat(atRest(Optional.empty(), Optional.empty())).isEqualTo(Instant.MAX);
    }

    @Test
    void theEarliestReasonWins() {
        assertThat(atRest(Optional.of(NOW.plusSeconds(30)), Optional.of(NOW.plusSeconds(1))))
                .isEqualTo(NOW.plusSeconds(1));
        keeping.expectations().created("web-1-0", NOW);
        assertThat(atRest(Optional.of(NOW.plusSeconds(30)), Optional.empty())).isEqualTo(NOW.plusSeconds(5));
    }

    @Test
    void afterAWriteItWaitsUntilTheCachesShowIt() {
        keeping.expectations().created("web-1-0", NOW);
        assertThat(Wake.afterActing(true, Optional.empty(), keeping, NOW)).isEqualTo(NOW.plusSeconds(5));
    }

    @Test
    void afterAQuestionItGoesOnAtOnce() {
        assertThat(Wake.afterActing(true, Optional.empty(), keeping, NOW)).isEqualTo(NOW);
    }

    @Test
    void afterARefusalItSoonLooksForWhatElseCanBeDone() {
        keeping.memory().obstacles().refused(Kind.CREATE, "quota", NOW);
        keeping.memory().obstacles().refused(Kind.CREATE, "quota", NOW);
        assertThat(Wake.afterActing(false, Optional.empty(), keeping, NOW)).isEqualTo(NOW.plusSeconds(1));
    }

    @Test
    void neverTurnsInATightLoopAndNeverComesTooEarly() {
        assertThat(Wake.delay(NOW, NOW)).isEqualTo(Duration.ofMillis(1));
        assertThat(Wake.delay(NOW, NOW.minusSeconds(5))).isEqualTo(Duration.ofMillis(1));
        assertThat(Wake.delay(NOW, NOW.plusSeconds(5))).isEqualTo(Duration.ofMillis(5001));
        assertThat(Wake.delay(NOW, Instant.MAX)).isEqualTo(Duration.ofHours(1));
    }

    private Instant atRest(Optional<Instant> wakeAt, Optional<Instant> statusDue) {
        return Wake.atRest(new Plan.Rest(wakeAt, "", Optional.empty()), statusDue, keeping, NOW);
    }
}
