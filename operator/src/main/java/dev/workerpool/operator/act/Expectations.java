package dev.workerpool.operator.act;

import dev.workerpool.operator.decide.PodFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The writes of one pool that its caches do not show yet. No plan is made on caches that lag behind them, for it would
 * repeat them (design, "Three guards"). A write whose answer was lost counts as done until a read of the API server says
 * otherwise; only one that was definitely refused does not. Not thread-safe: a pool is reconciled by one thread at a time.
 */
public final class Expectations {
    /** After this long a watch may have lost the event, and the API server itself is read. */
    public static final Duration LIMIT = Duration.ofSeconds(5);

    /** Names of which no cache can tell whether it shows this pod or an older one of that name: a read of the API server. */
    private final Set<String> unanswered = new HashSet<>();

    private final Set<String> created = new HashSet<>();
    private Set<String> cachedUids = Set.of();
    /** By UID: whether the cache has shown the pod; before that, its absence does not mean that it is gone. */
    private final Map<String, Boolean> going = new HashMap<>();

    private long poolVersion;
    private Instant limit = Instant.MAX;

    /** So long a read of the API server is enough while the caches still lag: a stalled watch makes no hot loop. */
    private static final Duration BETWEEN_READS = Duration.ofSeconds(1);

    /** What may be done with the caches. */
    public enum Visibility {
        /** They show every write: plan on them. */
        CURRENT,
        /** They lag: wait for an event, or until {@link #limit()}. */
        WAITING,
        /** They lag for too long: read the pool and its pods from the API server, {@link #settle}, and plan on those. */
        STALE
    }

    /** A pod was created; this is the UID of the answer. */
    public void created(String uid, Instant now) {
        created.add(uid);
        restart(now);
    }

    /** A pod of this name was perhaps created: the answer was lost, or says that the name is taken already. */
    public void maybeCreated(String name, Instant now) {
        unanswered.add(name);
        restart(now);
    }

    /** A pod was deleted or evicted, or may have been. */
    public void going(String uid, Instant now) {
        going.put(uid, cachedUids.contains(uid));
        restart(now);
    }

    /** The pool's status was written; this is the resourceVersion of the answer. */
    public void poolWritten(String resourceVersion, Instant now) {
        poolVersion = number(resourceVersion);
        restart(now);
    }

    /** The answer to a status write on top of this resourceVersion was lost. */
    public void poolMaybeWritten(String resourceVersionBefore, Instant now) {
        poolVersion = number(resourceVersionBefore) + 1;
        restart(now);
    }

    /** Whether the caches show every write. */
    public Visibility visibility(Collection<PodFacts> cached, String poolResourceVersion, Instant now) {
        cachedUids = cached.stream().map(PodFacts::uid).collect(Collectors.toSet());
        created.removeAll(cachedUids);
        forgetGone(cached);
        if (number(poolResourceVersion) >= poolVersion) {
            poolVersion = 0;
        }
        if (unanswered.isEmpty() && created.isEmpty() && going.isEmpty() && poolVersion == 0) {
            limit = Instant.MAX;
            return Visibility.CURRENT;
        }
        return now.isBefore(limit) ? Visibility.WAITING : Visibility.STALE;
    }

    /** The API server itself was read: not again at once, if the caches still lag. */
    public void readAt(Instant now) {
        limit = now.plus(BETWEEN_READS);
    }

    /** When waiting ends. */
    public Instant limit() {
        return limit;
    }

    /**
     * Forgets what the API server itself, read just now, says was not done or is over; what was done stays until the caches
     * show it too.
     */
    public void settle(Collection<PodFacts> live, String poolResourceVersion) {
        Map<String, PodFacts> byUid =
                live.stream().collect(Collectors.toMap(PodFacts::uid, Function.identity(), (a, b) -> a));
        live.stream().filter(pod -> unanswered.contains(pod.name())).forEach(pod -> created.add(pod.uid()));
        unanswered.clear();
        created.retainAll(byUid.keySet());
        going.entrySet()
                .removeIf(g ->
                        byUid.containsKey(g.getKey()) ? !byUid.get(g.getKey()).terminating() : !g.getValue());
        if (number(poolResourceVersion) < poolVersion) {
            poolVersion = 0;
        }
    }

    private void forgetGone(Collection<PodFacts> cached) {
        Map<String, PodFacts> byUid =
                cached.stream().collect(Collectors.toMap(PodFacts::uid, Function.identity(), (a, b) -> a));
        going.replaceAll((uid, shown) -> shown || byUid.containsKey(uid));
        going.entrySet()
                .removeIf(g ->
                        byUid.containsKey(g.getKey()) ? byUid.get(g.getKey()).terminating() : g.getValue());
    }

    private void restart(Instant now) {
        limit = now.plus(LIMIT);
    }

    /** Kubernetes' resourceVersions are comparable decimal numbers (KEP-5504). */
    private static long number(String resourceVersion) {
        return Long.parseLong(resourceVersion);
    }
}
