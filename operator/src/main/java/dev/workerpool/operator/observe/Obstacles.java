package dev.workerpool.operator.observe;

import dev.workerpool.operator.decide.Obstacle;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The writes that the API server refused for now, and when each is tried again: 1, 2, 4, 8, then every 10 s. */
public final class Obstacles {
    private static final List<Integer> SECONDS = List.of(1, 2, 4, 8, 10);
    /** An obstacle that nobody has run into again is none any more. */
    private static final Duration STALE = Duration.ofSeconds(30);

    /** Calls that are refused for the same reasons, and so wait together. */
    public enum Kind {
        CREATE,
        EVICT,
        DELETE,
        RECORD,
        STATUS,
        READ
    }

    private record Refusals(int inARow, Obstacle obstacle) {}

    private final Map<Kind, Refusals> refusals = new EnumMap<>(Kind.class);

    /** A call was refused; {@code message} says whom it waits for. */
    public void refused(Kind kind, String message, Instant now) {
        int inARow = current(kind, now).isPresent() ? refusals.get(kind).inARow() + 1 : 1;
        Duration delay = Duration.ofSeconds(SECONDS.get(Math.min(inARow, SECONDS.size()) - 1));
        refusals.put(kind, new Refusals(inARow, new Obstacle(message, now.plus(delay))));
    }

    /** A call went through. */
    public void passed(Kind kind) {
        refusals.remove(kind);
    }

    /** Why the last such call was refused, unless that is long ago. */
    public Optional<Obstacle> current(Kind kind, Instant now) {
        return Optional.ofNullable(refusals.get(kind))
                .map(Refusals::obstacle)
                .filter(o -> now.isBefore(o.retryAt().plus(STALE)));
    }

    /** Whether such a call must wait. */
    public boolean hold(Kind kind, Instant now) {
        return current(kind, now).filter(o -> now.isBefore(o.retryAt())).isPresent();
    }

    /** When the first call that waits may be tried again. */
    public Optional<Instant> wakeAt(Instant now) {
        return refusals.values().stream()
                .map(r -> r.obstacle().retryAt())
                .filter(now::isBefore)
                .min(Instant::compareTo);
    }
}
