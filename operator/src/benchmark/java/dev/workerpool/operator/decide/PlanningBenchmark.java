package dev.workerpool.operator.decide;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One plan for a pool of 1,000 workers; it is to take less than 1 ms. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class PlanningBenchmark {
    private Observation atRest;
    private Observation rolling;

    @Setup
    public void pools() {
        Film film = PoolSpec.aPool().replicas(1000).maxSurge(100).running();
        atRest = film.observe();
        rolling = film.begins("B").surges().observe(); // 100 workers in their steps, 1,100 pods
    }

    @Benchmark
    public Plan atRest() {
        return Planner.plan(atRest);
    }

    @Benchmark
    public Plan rolling() {
        return Planner.plan(rolling);
    }
}
