package dev.workerpool.operator.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Planner;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Many lives of a pool, each from one seed. {@code -Dsim.seeds=1000000} runs more of them; {@code -Dsim.seed=42} replays one,
 * and its failure is thrown as it is.
 */
class SimulationTest {
    private static final long SEEDS = Long.getLong("sim.seeds", 10_000);

    @Test
    void keepsTheInvariantsAndSettlesWhateverHappens() {
        Long seed = Long.getLong("sim.seed");
        if (seed != null) {
            new Simulation(seed, Planner::plan, true).run();
            return;
        }
        Map<Long, String> violations = violations(SEEDS, Planner::plan, true);
        assertThat(violations.size())
                .as("of %d seeds; replay one with -Dsim.seed=<seed>: %s", SEEDS, firstOf(violations))
                .isZero();
    }

    /** Proof that the simulation can fail: each planner breaks one promise, and is caught. */
    @Nested
    class CatchesABrokenPlanner {
        @Test
        void thatDoesNotWaitForTheSoak() {
            assertThat(violations(1000, o -> Planner.plan(BrokenPlanners.withoutSoak(o)), true)
                            .values())
                    .anyMatch(v -> v.contains("I4"));
        }

        @Test
        void thatRemovesTheOldWorkerFirst() {
            assertThat(violations(1000, o -> BrokenPlanners.oldBeforeNew(Planner.plan(o), o), true)
                            .values())
                    .anyMatch(v -> v.contains("I1"));
        }

        @Test
        void thatForgetsItsBreaker() {
            assertThat(violations(1000, o -> Planner.plan(BrokenPlanners.withBreakerClosed(o)), true)
                            .values())
                    .anyMatch(v -> v.contains("I5"));
        }

        @Test
        void thatForgetsThatTheApiServerWasAway() {
            assertThat(violations(1000, o -> Planner.plan(BrokenPlanners.withoutOutage(o)), true)
                            .values())
                    .anyMatch(v -> v.contains("unheard"));
        }

        @Test
        void thatPlansOnCachesWhichLagBehindItsOwnWrites() {
            assertThat(violations(1000, Planner::plan, false)).isNotEmpty();
        }
    }

    private static String firstOf(Map<Long, String> violations) {
        return violations.entrySet().stream()
                .limit(8)
                .map(v -> v.getKey() + ": "
                        + v.getValue().substring(0, Math.min(300, v.getValue().length())))
                .collect(Collectors.joining("\n"));
    }

    private static Map<Long, String> violations(long seeds, Function<Observation, Plan> planner, boolean guarded) {
        Map<Long, String> found = new ConcurrentSkipListMap<>();
        LongStream.range(0, seeds).parallel().forEach(seed -> {
            try {
                new Simulation(seed, planner, guarded).run();
            } catch (AssertionError | RuntimeException e) {
                found.put(seed, e.toString());
            }
        });
        return new TreeMap<>(found);
    }
}
