package dev.workerpool.operator.report;

import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Settings;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One worker, what is remembered of a pool at rest, and the settings of a pool whose spec leaves everything to the
 * defaults.
 */
final class Sample {
    private Sample() {}

    enum Health {
        AVAILABLE,
        STARTING,
        BROKEN
    }

    static Worker worker(int slot, String of, Health health) {
        boolean ready = health == Health.AVAILABLE;
        PodFacts pod = new PodFacts(
                "web-" + slot + "-0",
                "uid-" + slot,
                "1",
                slot,
                0,
                "r" + of,
                of,
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
                ready ? Optional.of(World.NOW) : Optional.empty(),
                ready ? Optional.empty() : Optional.of(World.NOW),
                Optional.of(World.NOW),
                Duration.ZERO,
                0,
                health != Health.STARTING,
                health != Health.STARTING,
                Optional.empty(),
                Worker.Removal.NONE,
                Worker.Check.NONE);
    }

    static State atRest() {
        return new State(
                Optional.empty(),
                Optional.of(new State.Snapshot("r1.0", "1.0")),
                Optional.of("r1.0"),
                Optional.empty(),
                Optional.empty(),
                new Rollout.Idle(),
                new Breaker.Closed(0, Optional.empty()),
                Optional.empty(),
                List.of());
    }

    static Settings settings(
            String version, int replicas, boolean paused, boolean pauseOnFailure, int rolloutHistoryLimit) {
        return new Settings(
                version,
                "r" + version,
                replicas,
                paused,
                Optional.empty(),
                1,
                Duration.ZERO,
                Duration.ofSeconds(30),
                Duration.ofSeconds(600),
                Duration.ofSeconds(1),
                true,
                Optional.empty(),
                pauseOnFailure,
                0,
                3,
                Duration.ofSeconds(60),
                10,
                rolloutHistoryLimit);
    }
}
