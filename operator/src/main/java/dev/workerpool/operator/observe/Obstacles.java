package dev.workerpool.operator.observe;

import dev.workerpool.operator.decide.Obstacle;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The writes that the API server refused for now, and when each is tried again: 1, 2, 4, 8, then every 10 s.
 *
 * @param <K> calls of the same key are refused for the same reasons, and so wait together
 */
public final class Obstacles<K> {
    private static final List<Integer> SECONDS = List.of(1, 2, 4, 8, 10);
    /** An obstacle that nobody has run into again is none any more. */
    private static final Duration STALE = Duration.ofSeconds(30);

    /** Calls whose refusals concern all of a pool: a quota, a budget, the API server itself. */
    public enum Kind {
        CREATE,
        EVICT,
        RECORD,
        PRUNE,
        STATUS,
        READ
    }

    private record Refusals(int inARow, Obstacle obstacle) {}

    private final Map<K, Refusals> refusals = new HashMap<>();

    /** A call was refused; {@code message} says whom it waits for. */
    public void refused(K key, String message, Instant now) {
        int inARow = current(key, now).isPresent() ? refusals.get(key).inARow() + 1 : 1;
        Duration delay = Duration.ofSeconds(SECONDS.get(Math.min(inARow, SECONDS.size()) - 1));
        refusals.put(key, new Refusals(inARow, new Obstacle(message, now.plus(delay))));
    }

    /** A call went through. */
    public void passed(K key) {
        refusals.remove(key);
    }

    /** Why the last such call was refused, unless that is long ago. */
    public Optional<Obstacle> current(K key, Instant now) {
        return Optional.ofNullable(refusals.get(key))
                .map(Refusals::obstacle)
                .filter(o -> now.isBefore(o.retryAt().plus(STALE)));
    }

    /** The same for all keys. */
    Map<K, Obstacle> all(Instant now) {
        refusals.keySet().removeIf(key -> current(key, now).isEmpty());
        return refusals.entrySet().stream().collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, r -> r.getValue()
                .obstacle()));
    }

    /** Whether such a call must wait. */
    public boolean hold(K key, Instant now) {
        return current(key, now).filter(o -> now.isBefore(o.retryAt())).isPresent();
    }

    /** When the first call that waits may be tried again. */
    public Optional<Instant> wakeAt(Instant now) {
        return refusals.values().stream()
                .map(r -> r.obstacle().retryAt())
                .filter(now::isBefore)
                .min(Instant::compareTo);
    }
}
