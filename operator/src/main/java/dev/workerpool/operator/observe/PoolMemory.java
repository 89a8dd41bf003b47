package dev.workerpool.operator.observe;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.pods.Labels;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What this process knows of one pool, by UID, beyond what the API server can tell; lost with the process, and nothing that
 * a promise rests on. Not thread-safe: a pool is reconciled by one thread at a time.
 */
public final class PoolMemory {
    /** So long an own write to a record is believed against the cache. */
    private static final Duration BELIEF = Duration.ofSeconds(5);

    private final Sightings sightings = new Sightings();
    private final Verdicts verdicts = new Verdicts();
    private final Obstacles<Obstacles.Kind> obstacles = new Obstacles<>();
    private final Obstacles<String> deletions = new Obstacles<>();
    private final Warnings warnings = new Warnings();
    private final Map<Integer, Integer> taken = new HashMap<>();
    private final Map<String, Written> records = new HashMap<>();

    /** An own write to the record of a revision; empty: it was dropped. */
    private record Written(Optional<Long> number, Instant believeUntil) {}

    public Sightings sightings() {
        return sightings;
    }

    public Verdicts verdicts() {
        return verdicts;
    }

    public Obstacles<Obstacles.Kind> obstacles() {
        return obstacles;
    }

    /** Refused deletions by UID of the pod: one that must not go keeps no other from going. */
    public Obstacles<String> deletions() {
        return deletions;
    }

    public Warnings warnings() {
        return warnings;
    }

    /** What a verdict on the spec depends on. */
    public static String verdictKey(WorkerPool pool) {
        Map<String, String> annotations = pool.getMetadata().getAnnotations();
        String retry = annotations == null ? "" : annotations.getOrDefault(Labels.RETRY, "");
        return pool.getMetadata().getGeneration() + " " + retry;
    }

    /** A pod that is no worker of this pool has the name of this slot and generation. */
    public void nameTaken(int slot, int generation) {
        taken.merge(slot, generation, Math::max);
    }

    Map<Integer, Integer> takenNames() {
        return taken;
    }

    /** A record was written with this number. */
    public void recordWritten(String revision, long number, Instant now) {
        records.put(revision, new Written(Optional.of(number), now.plus(BELIEF)));
    }

    /** A record was deleted. */
    public void recordDropped(String revision, Instant now) {
        records.put(revision, new Written(Optional.empty(), now.plus(BELIEF)));
    }

    /** The records by revision, with their numbers: as the cache has them, but for own writes that it may not show yet. */
    public Map<String, Long> records(Map<String, Long> cached, Instant now) {
        records.values().removeIf(w -> !now.isBefore(w.believeUntil()));
        Map<String, Long> all = new HashMap<>(cached);
        records.forEach((revision, written) ->
                written.number().ifPresentOrElse(n -> all.merge(revision, n, Math::max), () -> all.remove(revision)));
        return Map.copyOf(all);
    }
}
