package dev.workerpool.operator.reconcile;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.decide.Event;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The Events of what is a state and no decision: told once, when the condition begins to say so (contract, section 6). */
final class ConditionEvents {
    private static final Set<Event.Kind> REFUSALS = Set.of(Event.Kind.InvalidTemplate, Event.Kind.NoReadinessProbe);

    private ConditionEvents() {}

    /** {@code before} may be null. */
    static List<Event> between(WorkerPoolStatus before, WorkerPoolStatus after) {
        List<Event> events = new ArrayList<>();
        add(events, before, after, ConditionType.Progressing, Set.of(Event.Kind.Blocked));
        add(events, before, after, ConditionType.Ready, REFUSALS);
        return List.copyOf(events);
    }

    private static void add(
            List<Event> events,
            WorkerPoolStatus before,
            WorkerPoolStatus after,
            ConditionType type,
            Set<Event.Kind> told) {
        Optional<Condition> now = condition(after, type);
        String was = condition(before, type).map(Condition::getReason).orElse("");
        now.filter(c -> !was.equals(c.getReason())).ifPresent(c -> told.stream()
                .filter(kind -> kind.name().equals(c.getReason()))
                .forEach(kind -> events.add(new Event(kind, c.getMessage()))));
    }

    private static Optional<Condition> condition(WorkerPoolStatus status, ConditionType type) {
        return status == null || status.conditions() == null
                ? Optional.empty()
                : status.conditions().stream()
                        .filter(c -> type.name().equals(c.getType()))
                        .findFirst();
    }
}
