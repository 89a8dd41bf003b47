package dev.workerpool.operator.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.ToDoubleFunction;

/**
 * The series of each pool (contract, section 7), all with the labels {@code namespace} and {@code pool}. A pool's
 * counters stand at 0 from the first time it is named here, so that {@code rate()} sees their first step; histograms
 * come with their first value. Every method may be called from any thread and none throws.
 */
public final class PoolMetrics {
    private static final List<String> RESULTS =
            List.of("Succeeded", "RolledBack", "RollbackFailed", "Failed", "Superseded");
    private static final List<String> BREAKER_STATES = List.of("Closed", "Open", "HalfOpen");
    /** Those that one pass can judge by what it sees and does (contract, section 3). */
    private static final List<String> INVARIANTS = List.of("I1", "I2", "I3", "I4", "I5");

    private static final Duration[] ROLLOUT_BUCKETS = seconds(5, 10, 30, 60, 120, 300, 600, 1800, 3600);
    private static final Duration[] STEP_BUCKETS = seconds(1, 2, 5, 10, 20, 30, 60, 120, 300, 600);

    private final MeterRegistry registry;
    private final ConcurrentHashMap<Name, Series> pools = new ConcurrentHashMap<>();

    public PoolMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * What a pool looks like now; counts of workers, all 0 or more.
     *
     * @param desired {@code spec.replicas}
     * @param breakerState {@code Closed}, {@code Open} or {@code HalfOpen}
     * @param breakerFailures failed rollouts in a row
     */
    public record Numbers(
            int desired,
            int ready,
            int available,
            int updated,
            int terminating,
            String breakerState,
            int breakerFailures) {
        private static final Numbers UNSEEN = new Numbers(0, 0, 0, 0, 0, "Closed", 0);
    }

    /** Sets the pool's gauges. */
    public void observed(String namespace, String pool, Numbers numbers) {
        of(namespace, pool).numbers = numbers;
    }

    /** A rollout has ended; {@code result} is that of {@code status.history}. */
    public void rolloutEnded(String namespace, String pool, String result, Duration duration) {
        Series series = of(namespace, pool);
        series.rollouts(result).increment();
        series.histogram(
                        "workerpool.rollout.duration",
                        "From a rollout's start to its end",
                        ROLLOUT_BUCKETS,
                        "result",
                        result)
                .record(duration);
    }

    /** A step is done: an old worker was replaced. */
    public void step(String namespace, String pool) {
        of(namespace, pool).steps.increment();
    }

    /** A step's new worker is ready; {@code sinceCreated} from its creation until then. */
    public void stepReady(String namespace, String pool, Duration sinceCreated) {
        of(namespace, pool)
                .histogram("workerpool.step.ready", "From a new worker's creation until it is ready", STEP_BUCKETS)
                .record(sinceCreated);
    }

    /** A lost worker was made again. */
    public void healed(String namespace, String pool) {
        of(namespace, pool).healed.increment();
    }

    /** An invariant of the contract, {@code I1} to {@code I7}, was seen broken. */
    public void invariantViolated(String namespace, String pool, String invariant) {
        of(namespace, pool).violations(invariant).increment();
    }

    /** The pool is gone: so are its series. */
    public void forget(String namespace, String pool) {
        Series series = pools.remove(new Name(namespace, pool));
        if (series != null) {
            series.meters.forEach(registry::remove);
        }
    }

    private Series of(String namespace, String pool) {
        return pools.computeIfAbsent(new Name(namespace, pool), Series::new);
    }

    private static Duration[] seconds(int... bounds) {
        return Arrays.stream(bounds).mapToObj(Duration::ofSeconds).toArray(Duration[]::new);
    }

    private record Name(String namespace, String pool) {}

    /** One pool's meters, all of them in {@code meters} so that they can go together. */
    private final class Series {
        private final Tags tags;
        private final Queue<Meter> meters = new ConcurrentLinkedQueue<>();
        private final Counter steps;
        private final Counter healed;
        private volatile Numbers numbers = Numbers.UNSEEN;

        Series(Name name) {
            tags = Tags.of("namespace", name.namespace(), "pool", name.pool());
            steps = counter("workerpool.steps", "Workers replaced by rollouts and rollbacks");
            healed = counter("workerpool.healed", "Lost workers that were made again");
            RESULTS.forEach(this::rollouts);
            INVARIANTS.forEach(this::violations);
            workers("desired", Numbers::desired);
            workers("ready", Numbers::ready);
            workers("available", Numbers::available);
            workers("updated", Numbers::updated);
            workers("terminating", Numbers::terminating);
            for (String state : BREAKER_STATES) {
                gauge(
                        "workerpool.circuit.breaker.state",
                        "1 for the state the breaker is in, else 0",
                        n -> n.breakerState().equals(state) ? 1 : 0,
                        Tags.of("state", state));
            }
            gauge(
                    "workerpool.circuit.breaker.failures",
                    "Failed rollouts in a row",
                    Numbers::breakerFailures,
                    Tags.empty());
        }

        Counter rollouts(String result) {
            return counter("workerpool.rollouts", "Rollouts that ended, by result", "result", result);
        }

        Counter violations(String invariant) {
            return counter(
                    "workerpool.invariant.violations",
                    "Times an invariant of the contract was seen broken; 0 is the only good value",
                    "invariant",
                    invariant);
        }

        Counter counter(String name, String description, String... labels) {
            return kept(Counter.builder(name)
                    .description(description)
                    .tags(tags.and(labels))
                    .register(registry));
        }

        Timer histogram(String name, String description, Duration[] buckets, String... labels) {
            return kept(Timer.builder(name)
                    .description(description)
                    .serviceLevelObjectives(buckets)
                    .tags(tags.and(labels))
                    .register(registry));
        }

        private void workers(String state, ToDoubleFunction<Numbers> value) {
            gauge("workerpool.workers", "Workers, by state", value, Tags.of("state", state));
        }

        private void gauge(String name, String description, ToDoubleFunction<Numbers> value, Iterable<Tag> labels) {
            kept(Gauge.builder(name, this, series -> value.applyAsDouble(series.numbers))
                    .description(description)
                    .tags(tags.and(labels))
                    .register(registry));
        }

        /** Registering what is registered returns the same meter, which is then kept once. */
        private <M extends Meter> M kept(M meter) {
            if (!meters.contains(meter)) {
                meters.add(meter);
            }
            return meter;
        }
    }
}
