package dev.workerpool.operator.decide;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/**
 * What a pass gathers on its way down the ladder: when to look again, what it waits for, whom it is blocked by. The earliest
 * time and the first sentence win.
 */
final class Agenda {
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss'Z'").withZone(ZoneOffset.UTC);

    private final Instant now;
    private Optional<Instant> wakeAt = Optional.empty();
    private String waiting = "";
    private Optional<String> blocked = Optional.empty();
    private Optional<Instant> deadline = Optional.empty();

    Agenda(Instant now) {
        this.now = now;
    }

    /** Look again at {@code at}; a time that has come already is no reason to. */
    void wakeAt(Instant at) {
        if (at.isAfter(now) && wakeAt.map(at::isBefore).orElse(true)) {
            wakeAt = Optional.of(at);
        }
    }

    void waiting(String sentence) {
        if (waiting.isEmpty()) {
            waiting = sentence;
        }
    }

    /** What is blocked from here on fails then. */
    void deadline(Instant at) {
        deadline = Optional.of(at);
    }

    void blocked(String sentence) {
        String whole = deadline.map(at -> sentence + "; it goes on by itself when that is mended, and fails at "
                        + clock(at) + " (rollout.progressDeadlineSeconds)")
                .orElse(sentence);
        if (blocked.isEmpty()) {
            blocked = Optional.of(whole);
        }
        waiting(whole);
    }

    Plan.Record record(State next, List<Event> events) {
        return new Plan.Record(next, List.copyOf(events), waiting, blocked);
    }

    Plan.Act act(List<Action> actions, List<Event> events) {
        return new Plan.Act(List.copyOf(actions), List.copyOf(events), wakeAt, waiting, blocked);
    }

    Plan.Act act(Action action) {
        return act(List.of(action), List.of());
    }

    Plan.Rest rest() {
        return new Plan.Rest(wakeAt, waiting, blocked);
    }

    /** A time of day as people read it, rounded up to the second. */
    static String clock(Instant at) {
        Instant second = at.truncatedTo(ChronoUnit.SECONDS);
        return CLOCK.format(second.equals(at) ? at : second.plusSeconds(1));
    }
}
