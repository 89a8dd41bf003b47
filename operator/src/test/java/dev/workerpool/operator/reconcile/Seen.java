package dev.workerpool.operator.reconcile;

import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Settings;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.decide.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Pool "web" with 2 workers, minReadySeconds 10 and snapshot "rA", as a pass sees it. */
final class Seen {
    static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    private Seen() {}

    static Observation seen(String version, Rollout rollout, Map<String, Long> records, Worker... workers) {
        State state = new State(
                Optional.empty(),
                Optional.of(new State.Snapshot("rA", "A")),
                Optional.of("rA"),
                Optional.empty(),
                Optional.empty(),
                rollout,
                new Breaker.Closed(0, Optional.empty()),
                Optional.empty(),
                List.of());
        return seen(version, state, new Verdict.Accepted(), records, workers);
    }

    static Observation seen(
            String version, State state, Verdict verdict, Map<String, Long> records, Worker... workers) {
        return new Observation(
                "web",
                settings(version),
                state,
                List.of(workers),
                records,
                verdict,
                Map.of(),
                Map.of(),
                Set.of(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                NOW);
    }

    static Rollout rollingOut(String from, String to) {
        return new Rollout.RollingOut(
                new Rollout.Course(
                        from, Optional.of("r" + from), to, "r" + to, NOW, NOW, Optional.empty(), Duration.ZERO, 0),
                1,
                false);
    }

    /** @param readyFor seconds; below 0 it is not ready */
    static Worker worker(int slot, int generation, String version, long readyFor) {
        boolean ready = readyFor >= 0;
        PodFacts pod = new PodFacts(
                "web-" + slot + "-" + generation,
                "uid-" + slot + "-" + generation,
                "1",
                slot,
                generation,
                "r" + version,
                version,
                false,
                false,
                ready,
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
        return new Worker(
                pod,
                ready ? Optional.of(NOW.minusSeconds(readyFor)) : Optional.empty(),
                ready ? Optional.empty() : Optional.of(NOW),
                Optional.of(NOW),
                Duration.ZERO,
                0,
                ready,
                ready,
                Optional.empty(),
                Worker.Removal.NONE,
                Worker.Check.NONE);
    }

    private static Settings settings(String version) {
        return new Settings(
                version,
                "r" + version,
                2,
                false,
                Optional.empty(),
                1,
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(600),
                Duration.ofSeconds(1),
                true,
                Optional.empty(),
                false,
                0,
                3,
                Duration.ofSeconds(60),
                10,
                100);
    }
}
