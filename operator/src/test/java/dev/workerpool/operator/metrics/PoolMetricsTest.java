package dev.workerpool.operator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PoolMetricsTest {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final PoolMetrics metrics = new PoolMetrics(registry);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "workerpool_rollouts_total{namespace=\"shop\",pool=\"web\",result=\"RolledBack\"} 1.0",
                "workerpool_rollouts_total{namespace=\"shop\",pool=\"web\",result=\"Succeeded\"} 0.0",
                "workerpool_rollouts_total{namespace=\"shop\",pool=\"web\",result=\"RollbackFailed\"} 0.0",
                "workerpool_rollouts_total{namespace=\"shop\",pool=\"web\",result=\"Failed\"} 0.0",
                "workerpool_rollouts_total{namespace=\"shop\",pool=\"web\",result=\"Superseded\"} 0.0",
                "workerpool_rollout_duration_seconds_bucket{namespace=\"shop\",pool=\"web\",result=\"RolledBack\",le=\"30.0\"} 1",
                "workerpool_rollout_duration_seconds_bucket{namespace=\"shop\",pool=\"web\",result=\"RolledBack\",le=\"10.0\"} 0",
                "workerpool_steps_total{namespace=\"shop\",pool=\"web\"} 2.0",
                "workerpool_step_ready_seconds_bucket{namespace=\"shop\",pool=\"web\",le=\"5.0\"} 1",
                "workerpool_workers{namespace=\"shop\",pool=\"web\",state=\"desired\"} 4.0",
                "workerpool_workers{namespace=\"shop\",pool=\"web\",state=\"ready\"} 5.0",
                "workerpool_workers{namespace=\"shop\",pool=\"web\",state=\"available\"} 3.0",
                "workerpool_workers{namespace=\"shop\",pool=\"web\",state=\"updated\"} 2.0",
                "workerpool_workers{namespace=\"shop\",pool=\"web\",state=\"terminating\"} 1.0",
                "workerpool_circuit_breaker_state{namespace=\"shop\",pool=\"web\",state=\"Open\"} 1.0",
                "workerpool_circuit_breaker_state{namespace=\"shop\",pool=\"web\",state=\"Closed\"} 0.0",
                "workerpool_circuit_breaker_state{namespace=\"shop\",pool=\"web\",state=\"HalfOpen\"} 0.0",
                "workerpool_circuit_breaker_failures{namespace=\"shop\",pool=\"web\"} 6.0",
                "workerpool_healed_total{namespace=\"shop\",pool=\"web\"} 1.0",
                "workerpool_invariant_violations_total{invariant=\"I2\",namespace=\"shop\",pool=\"web\"} 1.0",
                "workerpool_invariant_violations_total{invariant=\"I1\",namespace=\"shop\",pool=\"web\"} 0.0",
            })
    void showsEachSeriesOfTheContract(String line) {
        everythingHappensTo("web");

        assertThat(registry.scrape().lines()).contains(line);
    }

    @Test
    void countsFromZeroOnceAPoolIsSeen() {
        metrics.observed("shop", "web", new PoolMetrics.Numbers(4, 4, 4, 4, 0, "Closed", 0));

        assertThat(registry.scrape().lines())
                .contains(
                        "workerpool_invariant_violations_total{invariant=\"I3\",namespace=\"shop\",pool=\"web\"} 0.0",
                        "workerpool_invariant_violations_total{invariant=\"I4\",namespace=\"shop\",pool=\"web\"} 0.0",
                        "workerpool_healed_total{namespace=\"shop\",pool=\"web\"} 0.0",
                        "workerpool_steps_total{namespace=\"shop\",pool=\"web\"} 0.0");
    }

    @Test
    void forgetsADeletedPoolAndNoOther() {
        everythingHappensTo("web");
        everythingHappensTo("mail");

        metrics.forget("shop", "web");

        assertThat(registry.scrape()).doesNotContain("pool=\"web\"").contains("pool=\"mail\"");
    }

    @Test
    void startsAnewForAPoolThatIsMadeAgain() {
        everythingHappensTo("web");
        metrics.forget("shop", "web");

        metrics.step("shop", "web");

        assertThat(registry.scrape().lines()).contains("workerpool_steps_total{namespace=\"shop\",pool=\"web\"} 1.0");
    }

    private void everythingHappensTo(String pool) {
        metrics.observed("shop", pool, new PoolMetrics.Numbers(4, 5, 3, 2, 1, "Open", 6));
        metrics.rolloutEnded("shop", pool, "RolledBack", Duration.ofSeconds(12));
        metrics.step("shop", pool);
        metrics.step("shop", pool);
        metrics.stepReady("shop", pool, Duration.ofSeconds(3));
        metrics.healed("shop", pool);
        metrics.invariantViolated("shop", pool, "I2");
    }
}
