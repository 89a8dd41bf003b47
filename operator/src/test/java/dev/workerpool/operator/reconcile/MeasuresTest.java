package dev.workerpool.operator.reconcile;

import static dev.workerpool.operator.reconcile.Seen.rollingOut;
import static dev.workerpool.operator.reconcile.Seen.seen;
import static dev.workerpool.operator.reconcile.Seen.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Event;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Planner;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Worker;
import dev.workerpool.operator.metrics.PoolMetrics;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** From a pass to the series that it moves. */
class MeasuresTest {
    private static final Map<String, Long> RECORDS = Map.of("rA", 1L, "rB", 0L);
    private static final Worker OLD = worker(1, 0, "A", 60);
    private static final Worker OTHER = worker(2, 0, "A", 60);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Measures measures = new Measures(new PoolMetrics(registry));

    @Test
    void aRolloutThatEndsIsCountedWithItsLastSteps() {
        recorded(seen("B", rollingOut("A", "B"), RECORDS, worker(1, 1, "B", 60), worker(2, 1, "B", 60)));

        assertThat(scraped("rollouts_total", "result=\"Succeeded\"")).isEqualTo(1);
        assertThat(scraped("rollout_duration_seconds_count", "result=\"Succeeded\""))
                .isEqualTo(1);
        assertThat(scraped("steps_total", "")).isEqualTo(2);
    }

    @Test
    void aRollbackIsCountedOnceAndItsStepsAreToo() {
        recorded(seen("B", rollingBack(Optional.of(1)), RECORDS, OLD, OTHER));

        assertThat(scraped("rollouts_total", "result=\"RolledBack\"")).isEqualTo(1);
        assertThat(scraped("steps_total", "")).isEqualTo(1);
    }

    @Test
    void theWayBackIsNoRolloutButItsStepsAreCounted() {
        recorded(seen("A", rollingBack(Optional.empty()), RECORDS, OLD, OTHER));

        assertThat(scraped("rollouts_total", "result=\"RolledBack\"")).isZero();
        assertThat(scraped("steps_total", "")).isEqualTo(1);
    }

    @Test
    void workersThatAreMadeAgainAndBrokenInvariantsAreCounted() {
        Observation o = seen("A", new Rollout.Idle(), RECORDS, OTHER);
        List<Event> healed = List.of(new Event(Event.Kind.WorkerHealed, "1 lost worker is made again"));
        Plan.Act act =
                new Plan.Act(List.of(new Action.Evict(OTHER.pod())), healed, Optional.empty(), "", Optional.empty());
        measures.acted(o, act, POOL);

        assertThat(scraped("invariant_violations_total", "invariant=\"I1\"")).isEqualTo(1);
        assertThat(scraped("healed_total", "")).isZero();
    }

    @Test
    void showsThePoolAsItWasSeenAndNothingOnceItIsGone() {
        StepClock steps = new StepClock();
        Observation before = seen("B", rollingOut("A", "B"), RECORDS, OLD, OTHER);
        steps.acted(before, List.of(new Action.Create(1, 1, "rB")));
        measures.observed(seen("B", rollingOut("A", "B"), RECORDS, OLD, worker(1, 1, "B", 0), OTHER), POOL, steps);

        assertThat(scraped("workers", "state=\"desired\"")).isEqualTo(2);
        assertThat(scraped("workers", "state=\"ready\"")).isEqualTo(3);
        assertThat(scraped("workers", "state=\"available\"")).isEqualTo(3);
        assertThat(scraped("workers", "state=\"updated\"")).isEqualTo(1);
        assertThat(scraped("workers", "state=\"terminating\"")).isZero();
        assertThat(scraped("circuit_breaker_state", "state=\"Closed\"")).isEqualTo(1);
        assertThat(scraped("circuit_breaker_failures", "")).isZero();
        assertThat(scraped("step_ready_seconds_count", "")).isEqualTo(1);

        measures.forget(POOL);
        assertThat(registry.scrape()).doesNotContain("pool=\"web\"");
    }

    private static final WorkerPool POOL = pool();

    private static WorkerPool pool() {
        WorkerPool pool = new WorkerPool();
        pool.setMetadata(
                new ObjectMetaBuilder().withName("web").withNamespace("shop").build());
        return pool;
    }

    /** From B to A, one worker there. */
    private static Rollout rollingBack(Optional<Integer> afterAttempt) {
        Rollout.Course course = new Rollout.Course(
                "B", Optional.of("rB"), "A", "rA", Seen.NOW, Seen.NOW, Optional.empty(), Duration.ZERO, 1);
        return new Rollout.RollingBack(course, afterAttempt);
    }

    private void recorded(Observation o) {
        Observation known = o.with(o.state().withWanted(o.settings().revision()));
        measures.recorded(known, (Plan.Record) Planner.plan(known), POOL);
    }

    private double scraped(String name, String label) {
        return registry.scrape()
                .lines()
                .filter(line -> line.startsWith("workerpool_" + name + "{") && line.contains(label))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
