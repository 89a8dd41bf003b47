package dev.workerpool.operator.act;

import dev.workerpool.operator.decide.PodFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The writes of one pool that its caches do not show yet. No plan is made while there are any, for a plan made on a cache
 * that lags would repeat them (design, "Three guards"). Not thread-safe: a pool is reconciled by one thread at a time.
 */
public final class Expectations {
    /** After this long a watch is assumed to have lost the event, and the pool goes on with what it sees. */
    public static final Duration LIMIT = Duration.ofSeconds(5);

    private final Set<String> created = new HashSet<>();
    private final Set<String> going = new HashSet<>();
    private long poolVersion;
    private Instant since = Instant.EPOCH;

    /** A pod was created: wait until the cache has it. */
    public void created(String uid, Instant now) {
        created.add(uid);
        since = now;
    }

    /** A pod was deleted or evicted: wait until the cache shows it terminating, or not at all. */
    public void going(String uid, Instant now) {
        going.add(uid);
        since = now;
    }

    /** The pool was written: wait until the cache has that resourceVersion or a newer one. */
    public void poolWritten(String resourceVersion, Instant now) {
        poolVersion = number(resourceVersion);
        since = now;
    }

    /**
     * Whether a plan may be made.
     *
     * @return empty if every write is visible, or has not become so within {@link #LIMIT}; otherwise when that ends
     */
    public Optional<Instant> pending(Collection<PodFacts> cached, String poolResourceVersion, Instant now) {
        Map<String, PodFacts> byUid =
                new HashMap<>(cached.stream().collect(Collectors.toMap(PodFacts::uid, p -> p, (a, b) -> a)));
        created.removeIf(byUid::containsKey);
        going.removeIf(uid -> !byUid.containsKey(uid) || byUid.get(uid).terminating());
        if (number(poolResourceVersion) >= poolVersion) {
            poolVersion = 0;
        }
        if (created.isEmpty() && going.isEmpty() && poolVersion == 0) {
            return Optional.empty();
        }
        Instant limit = since.plus(LIMIT);
        if (now.isBefore(limit)) {
            return Optional.of(limit);
        }
        created.clear();
        going.clear();
        poolVersion = 0;
        return Optional.empty();
    }

    /** Kubernetes' resourceVersions are comparable decimal numbers (KEP-5504). */
    private static long number(String resourceVersion) {
        return Long.parseLong(resourceVersion);
    }
}
