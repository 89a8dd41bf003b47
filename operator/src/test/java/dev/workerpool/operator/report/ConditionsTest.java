package dev.workerpool.operator.report;

import static dev.workerpool.operator.report.Said.of;
import static dev.workerpool.operator.report.Said.text;
import static dev.workerpool.operator.report.World.NOW;
import static dev.workerpool.operator.report.World.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.State;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The other conditions, and the rules that tools rely on (contract, section 6). */
class ConditionsTest {
    @Test
    void availableGoesByReplicasWhateverTheVersion() {
        assertThat(text(aPool().spec("2.0").workers("2.0", 1), "Available")).isEqualTo("True MinimumWorkersAvailable");
        World two = aPool().noWorkers().workers("1.0", 1, 2);
        assertThat(text(two, "Available")).isEqualTo("False MinimumWorkersUnavailable");
        assertThat(of(two, "Available").getMessage()).isEqualTo("2 of 3 available");
    }

    @Test
    void onlyAPassAtRestSaysWhatIsInTheWay() {
        World pool = aPool().spec("2.0").rollingOut("2.0").blocked("web-1-1: a budget");
        assertThat(progressing(pool.renderActing())).startsWith("RollingOut: ");
        assertThat(text(pool, "Progressing")).isEqualTo("True Blocked");
        pool.notBlocked();
        assertThat(progressing(pool.renderActing())).isEqualTo("Blocked: web-1-1: a budget");
        pool.rollingBack("2.0", Optional.of(1));
        assertThat(progressing(pool.renderActing())).startsWith("RollingBack: ");
    }

    @Test
    void atReplicas0NoRetryIsPromised() {
        World pool = aPool().spec("2.0").failed("2.0", State.Result.RolledBack, NOW.plusSeconds(20));
        assertThat(text(pool, "Stalled")).isEqualTo("False Moving");
        pool.replicas(0).noWorkers();
        assertThat(text(pool, "Stalled")).isEqualTo("True RolledBack");
        assertThat(of(pool, "Ready").getMessage()).doesNotContain("tried again at");
    }

    @Test
    void theBreakersConditionFollowsIt() {
        assertThat(text(aPool(), "CircuitBreakerOpen")).isEqualTo("False Closed");
        assertThat(text(aPool().open(), "CircuitBreakerOpen")).isEqualTo("True TooManyFailures");
        assertThat(of(aPool().open(), "CircuitBreakerOpen").getMessage()).contains("12:00:30Z");
        assertThat(text(aPool().breaker(new Breaker.HalfOpen(3, Optional.of(NOW))), "CircuitBreakerOpen"))
                .isEqualTo("False HalfOpen");
    }

    @Test
    void lastTransitionTimeMovesOnlyWithStatus() {
        World pool = aPool().spec("2.0").rollingOut("2.0");
        assertThat(of(pool, "Ready").getLastTransitionTime()).isEqualTo("2026-11-24T12:00:00Z");
        pool.rollingBack("2.0", Optional.of(1)).later(Duration.ofSeconds(90));
        assertThat(of(pool, "Ready").getReason()).isEqualTo("RollingBack");
        assertThat(of(pool, "Ready").getLastTransitionTime()).isEqualTo("2026-11-24T12:00:00Z");
        pool.spec("1.0").running(aPool().state.rollout());
        assertThat(of(pool, "Ready").getLastTransitionTime()).isEqualTo("2026-11-24T12:01:30Z");
    }

    private static String progressing(WorkerPoolStatus status) {
        return status.conditions().stream()
                .filter(c -> c.getType().equals("Progressing"))
                .map(c -> c.getReason() + ": " + c.getMessage())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void eachConditionSpeaksOfTheObservedGeneration() {
        assertThat(aPool().render().conditions()).hasSize(5).allSatisfy(c -> assertThat(c.getObservedGeneration())
                .isEqualTo(7L));
    }
}
