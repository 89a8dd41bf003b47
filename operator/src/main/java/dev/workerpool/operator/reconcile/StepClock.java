package dev.workerpool.operator.reconcile;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** How long the new workers of a rollout take to become ready, for the metric alone. */
final class StepClock {
    private record Place(int slot, int generation) {}

    private final Map<Place, Instant> started = new HashMap<>();

    /** Actions of a rollout were carried out. */
    void acted(Observation o, List<Action> actions) {
        if (o.state().rollout() instanceof Rollout.Idle) {
            return;
        }
        for (Action action : actions) {
            if (action instanceof Action.Create create) {
                started.put(new Place(create.slot(), create.generation()), o.now());
            }
        }
    }

    /** The times of those that were found ready since the last look. */
    List<Duration> ready(Observation o) {
        List<Duration> times = new ArrayList<>();
        Map<Place, Worker> seen = o.workers().stream()
                .collect(Collectors.toMap(w -> new Place(w.slot(), w.pod().generation()), w -> w, (a, b) -> a));
        started.entrySet().removeIf(entry -> {
            Worker worker = seen.get(entry.getKey());
            if (worker != null && worker.available()) {
                times.add(Duration.between(entry.getValue(), o.now()));
            }
            return worker == null || !worker.live() || worker.available();
        });
        return times;
    }
}
