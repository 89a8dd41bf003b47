package dev.workerpool.operator.decide;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What one pass does: it records or it acts, never both, so that no crash lies between a decision and its record (design,
 * "Record or act").
 */
public sealed interface Plan {
    /** What the rollout waits for right now and until when, for {@code status.rollout.message}; empty when nothing runs. */
    String waiting();

    /** Whom it waits for that is not of its own making: the reason {@code Blocked}. */
    Optional<String> blocked();

    /** Status must change before anything is done; the pass after it acts on what was recorded. */
    record Record(State next, List<Event> events, String waiting, Optional<String> blocked) implements Plan {}

    /**
     * Calls to make, in order; the rest is skipped when one fails.
     *
     * @param wakeAt look again then, if nothing else happens
     * @param events to tell once the calls have succeeded
     */
    record Act(
            List<Action> actions,
            List<Event> events,
            Optional<Instant> wakeAt,
            String waiting,
            Optional<String> blocked)
            implements Plan {}

    /** Nothing to do before {@code wakeAt}, or before something changes. */
    record Rest(Optional<Instant> wakeAt, String waiting, Optional<String> blocked) implements Plan {}
}
