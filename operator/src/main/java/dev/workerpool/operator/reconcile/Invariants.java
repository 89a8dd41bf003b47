package dev.workerpool.operator.reconcile;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Judges the calls of a pass by the contract (section 3), apart from the planner that chose them. */
final class Invariants {
    private Invariants() {}

    /** The invariants, {@code I1} ..., that these calls break on what was observed; empty is the only good value. */
    static List<String> brokenBy(Observation o, List<Action> actions) {
        List<String> broken = new ArrayList<>();
        int replicas = o.settings().replicas();
        long live = o.workers().stream().filter(Worker::live).count();
        long available = o.workers().stream().filter(Worker::available).count();
        long availableGone = 0;
        long created = 0;
        Optional<String> snapshot = o.state().snapshot().map(State.Snapshot::revision);
        for (Action action : actions) {
            switch (action) {
                case Action.Create create -> {
                    created++;
                    if (o.state().breaker() instanceof Breaker.Open
                            && !snapshot.equals(Optional.of(create.revision()))) {
                        broken.add("I5");
                    }
                }
                case Action.Evict evict -> {
                    live--;
                    availableGone += evict.pod().available() ? 1 : 0;
                }
                case Action.Delete delete -> {
                    live -= delete.pod().live() ? 1 : 0;
                    availableGone += delete.pod().available() ? 1 : 0;
                }
                default -> {
                    // touches no pod
                }
            }
        }
        if (availableGone > 0 && available - availableGone < replicas) {
            broken.add("I1");
        }
        if (created > 0 && live + created > replicas + o.settings().maxSurge()) {
            broken.add("I2");
        }
        return List.copyOf(broken);
    }
}
