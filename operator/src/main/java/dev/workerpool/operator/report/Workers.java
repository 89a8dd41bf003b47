package dev.workerpool.operator.report;

import dev.workerpool.api.Reason;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Worker;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What the workers that are there, or are not, mean for Ready while no rollout runs. */
final class Workers {
    private Workers() {}

    /** Whether all workers there should be run what the spec asks for, or rest where they are at replicas 0. */
    static boolean asAsked(Observation o) {
        List<Worker> live = o.workers().stream().filter(Worker::live).toList();
        return live.size() == o.settings().replicas()
                && live.stream()
                        .allMatch(w -> w.available()
                                && w.revision().equals(o.settings().revision()));
    }

    /** Whether the spec was changed during the first fill, so that workers have to be replaced. */
    static boolean refills(Observation o) {
        return o.state().snapshot().isEmpty()
                && o.workers().stream()
                        .anyMatch(w ->
                                w.live() && !w.revision().equals(o.settings().revision()));
    }

    /**
     * Scaling when the number of workers is to change, or those added are still starting; Healing when one is amiss.
     */
    static Optional<Readiness> scalingOrHealing(Observation o, Optional<Reason> before) {
        if (asAsked(o)) {
            return Optional.empty();
        }
        int replicas = o.settings().replicas();
        Set<Integer> slots =
                o.workers().stream().filter(Worker::live).map(Worker::slot).collect(Collectors.toSet());
        long lost = o.lostRevisions().keySet().stream()
                .filter(slot -> !slots.contains(slot))
                .count();
        List<Worker> unready =
                o.workers().stream().filter(w -> w.live() && !w.available()).toList();
        boolean allNew = !unready.isEmpty() && unready.stream().noneMatch(Worker::everReady);
        if (slots.size() > replicas
                || slots.size() + lost < replicas
                || (lost == 0 && allNew && !before.equals(Optional.of(Reason.Healing)))) {
            return Optional.of(
                    new Readiness(Reason.Scaling, "the number of workers follows spec.replicas: " + replicas));
        }
        if (unready.isEmpty() && lost == 0) {
            return Optional.of(
                    new Readiness(Reason.Healing, "a worker that was let go is back, and the one made for it goes"));
        }
        String who = unready.stream().map(Worker::name).sorted().limit(3).collect(Collectors.joining(", "));
        return Optional.of(new Readiness(
                Reason.Healing,
                who.isEmpty()
                        ? "a worker was lost and is replaced"
                        : "not available: " + who
                                + trouble(o).map(t -> " (" + t + ")").orElse("")));
    }

    /** What the first worker in trouble says of itself. */
    static Optional<String> trouble(Observation o) {
        return o.workers().stream()
                .filter(w -> w.live() && !w.available())
                .sorted(Comparator.comparing(Worker::slot))
                .flatMap(w -> trouble(w.pod()).map(text -> w.name() + ": " + text).stream())
                .findFirst();
    }

    private static Optional<String> trouble(PodFacts pod) {
        Optional<String> own =
                pod.fault().or(pod::crash).map(PodFacts.Problem::message).or(pod::blocked);
        return pod.nodeLost() ? pod.unreadyBecause() : own.or(pod::unreadyBecause);
    }
}
