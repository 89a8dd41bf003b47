package dev.workerpool.operator.reconcile;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Judges the calls of a pass by the contract (section 3), apart from the planner that chose them, and by what the pass
 * observed. I3 shows in surge workers, made in a slot that has a live pod: all are of the one target of what runs, but for an
 * old worker that is healed beside its surge worker. I4 shows in old workers that a rollout removes while they are available:
 * beside each stands one that has been ready for minReady, or that is none of the target's, since that was left.
 */
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
                    if (missesTarget(o, create)) {
                        broken.add("I3");
                    }
                }
                case Action.Evict evict -> {
                    live--;
                    availableGone += evict.pod().available() ? 1 : 0;
                    if (goesTooEarly(o, evict.pod())) {
                        broken.add("I4");
                    }
                }
                case Action.Delete delete -> {
                    live -= delete.pod().live() ? 1 : 0;
                    availableGone += delete.pod().available() ? 1 : 0;
                    if (delete.byRollout() && goesTooEarly(o, delete.pod())) {
                        broken.add("I4");
                    }
                }
                default -> {
                    // touches no pod
                }
            }
        }
        if (availableGone > 0 && available - availableGone < replicas) {
            broken.add("I1");
        }
        if (created > 0 && live + created > o.settings().mostPods()) {
            broken.add("I2");
        }
        return List.copyOf(broken);
    }

    private static boolean missesTarget(Observation o, Action.Create create) {
        List<Worker> beside = o.workers().stream()
                .filter(w -> w.live() && w.slot() == create.slot())
                .toList();
        Optional<String> target = target(o);
        Optional<String> surged = target.or(() -> o.state().failed().map(State.Failed::revision));
        boolean heals = beside.stream().allMatch(w -> surged.equals(Optional.of(w.revision())));
        return !beside.isEmpty() && !heals && !target.equals(Optional.of(create.revision()));
    }

    private static boolean goesTooEarly(Observation o, PodFacts pod) {
        String target = target(o).orElse(o.settings().revision());
        return pod.available()
                && !pod.revision().equals(target)
                && o.workers().stream()
                        .filter(w -> w.available() && w.slot() == pod.slot())
                        .filter(w -> !w.pod().uid().equals(pod.uid()))
                        .noneMatch(w -> !w.revision().equals(target)
                                || w.pod().generation() < pod.generation()
                                || hasSoaked(o, w));
    }

    private static boolean hasSoaked(Observation o, Worker w) {
        return w.readySince()
                .filter(since -> !o.now().isBefore(since.plus(o.settings().minReady())))
                .isPresent();
    }

    /** Of what runs; a first fill heads for the spec. */
    private static Optional<String> target(Observation o) {
        return o.state()
                .rollout()
                .running()
                .map(Rollout.Course::toRevision)
                .or(() -> o.state().snapshot().isEmpty()
                        ? Optional.of(o.settings().revision())
                        : Optional.empty());
    }
}
