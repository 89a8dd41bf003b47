package dev.workerpool.operator.simulation;

import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.PodFacts.Problem;
import dev.workerpool.operator.decide.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * One pool on an API server, the nodes that run its pods, and the caches that lag behind. All time is simulated; all chance
 * comes from one seed.
 */
final class SimulatedCluster {
    /** How a version behaves. */
    enum Quality {
        GOOD,
        SLOW,
        NEVER_READY,
        CRASHES,
        CRASHES_LATER,
        FLAPS,
        BAD_IMAGE,
        UNHEALTHY,
        REFUSED
    }

    /** What the user wrote. */
    record Spec(
            int version,
            int replicas,
            boolean paused,
            int maxSurge,
            int minReadySeconds,
            int progressDeadlineSeconds,
            int pauseSeconds,
            boolean terminationComplete,
            boolean verified,
            boolean pauseOnFailure,
            int retryLimit,
            int failureThreshold,
            int resetSeconds,
            int retry) {

        String revision() {
            return "r" + version;
        }

        Spec withVersion(int other) {
            return new Spec(
                    other,
                    replicas,
                    paused,
                    maxSurge,
                    minReadySeconds,
                    progressDeadlineSeconds,
                    pauseSeconds,
                    terminationComplete,
                    verified,
                    pauseOnFailure,
                    retryLimit,
                    failureThreshold,
                    resetSeconds,
                    retry);
        }
    }

    /** A pod as it really is. */
    static final class SimPod {
        PodFacts facts;
        Instant nextAt;
        int stage;
        boolean foreign;
        /** Its label was taken off, and perhaps put back. */
        boolean letGo;

        Optional<Instant> removedByRolloutAt = Optional.empty();
        boolean removedByOperator;
        /** A policy refuses to let it be deleted, as long as there are faults. */
        boolean undeletable;

        String name() {
            return facts.name();
        }
    }

    /** A pool as read or cached. */
    record Pool(Spec spec, State state, long resourceVersion, long generation) {}

    private record Change(Instant deliverAt, Runnable apply) {}

    /** When the API server went away and is back. */
    record Outage(Instant from, Instant until) {}

    private static final Duration SHORTEST_SLEEP = Duration.ofMillis(800);
    private static final Duration LONGEST_SLEEP = Duration.ofSeconds(30);
    /** No API server ends, starts and is ready in less. */
    private static final Duration RESTARTS_IN = Duration.ofMillis(1500);

    private static final Duration SHAKEN = Duration.ofMinutes(2);

    /** Each in its own rhythm: two of them may never be ready at the same time. */
    private static final Duration FLAPS_UP = Duration.ofSeconds(2);

    private static final Duration FLAPS_DOWN = Duration.ofSeconds(4);

    final SplittableRandom random;
    final Map<String, SimPod> pods = new TreeMap<>();
    final Map<String, Long> records = new HashMap<>();
    private final Map<Integer, Quality> qualities = new HashMap<>();
    private final Map<String, Duration> graces = new HashMap<>();
    private final Deque<Change> podChanges = new ArrayDeque<>();
    private final Deque<Change> poolChanges = new ArrayDeque<>();
    private final Deque<Change> recordChanges = new ArrayDeque<>();
    Map<String, PodFacts> cachedPods = new TreeMap<>();
    final Map<String, Long> cachedRecords = new HashMap<>();
    Pool pool;
    Pool cachedPool;
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    Instant hungUntil = now;
    /** So long the watch of the records alone delivers nothing. */
    Instant recordsHungUntil = now;

    Optional<Outage> outage = Optional.empty();
    /** When the nodes' proxies, which sleep longer and longer between their tries, hear the API server again. */
    Instant heardAt = now;

    private Duration sleep = SHORTEST_SLEEP;
    private Instant sleepsSince = Instant.MIN;
    /** The last time. */
    Instant wentAwayAt = Instant.MIN;
    /** Whether nodes slept longer in it than it alone made them, for there was another one shortly before. */
    boolean wentAwayAgain;

    boolean faults = true;
    private final boolean quota;
    private long resourceVersion = 100;
    private long uids;

    SimulatedCluster(SplittableRandom random, Spec spec) {
        this.random = random;
        quota = chance(0.25);
        qualities.put(spec.version(), Quality.GOOD);
        pool = new Pool(spec, State.NEW, ++resourceVersion, 1);
        cachedPool = pool;
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    Quality quality(String revision) {
        return qualities.computeIfAbsent(Integer.parseInt(revision.substring(1)), v -> {
            Quality[] all = Quality.values();
            return chance(0.4) ? Quality.GOOD : all[random.nextInt(all.length)];
        });
    }

    /** Most drain within seconds; workers of some revisions take longer than any step may, which a quota would not survive. */
    private Duration grace(String revision) {
        return graces.computeIfAbsent(revision, r -> Duration.ofSeconds(!quota && chance(0.1) ? 900 : 10));
    }

    void behaves(int version, Quality quality) {
        qualities.put(version, quality);
    }

    // ---- the API server

    void edit(Spec spec) {
        if (!spec.equals(pool.spec())) {
            pool = new Pool(spec, pool.state(), ++resourceVersion, pool.generation() + 1);
            publishPool();
        }
    }

    /** False on a conflict. */
    boolean writeStatus(State state, long basedOn) {
        if (basedOn != pool.resourceVersion()) {
            return false;
        }
        pool = new Pool(pool.spec(), state, ++resourceVersion, pool.generation());
        publishPool();
        return true;
    }

    /** A quota of as many pods as a rollout may have counts those that drain too. */
    boolean quotaIsExceeded() {
        long held = pods.values().stream()
                .filter(p -> !p.foreign && !p.facts.ended())
                .count();
        return quota && held >= pool.spec().replicas() + pool.spec().maxSurge();
    }

    /** Empty if the name is taken. */
    Optional<SimPod> create(String name, int slot, int generation, String revision, boolean foreign) {
        if (pods.containsKey(name)) {
            return Optional.empty();
        }
        SimPod pod = new SimPod();
        pod.foreign = foreign;
        pod.undeletable = faults && chance(0.05);
        pod.facts = new PodFacts(
                name,
                "u" + ++uids,
                "0",
                slot,
                generation,
                revision,
                revision,
                false,
                false,
                false,
                "0",
                false,
                false,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                grace(revision));
        pod.nextAt = now.plusMillis(100 + random.nextInt(900));
        pods.put(name, pod);
        publish(pod);
        return Optional.of(pod);
    }

    /** Begins a graceful deletion; an ended pod goes at once. */
    void delete(SimPod pod) {
        if (pod.facts.terminating()) {
            return;
        }
        if (pod.facts.ended()) {
            remove(pod);
            return;
        }
        PodFacts f = pod.facts;
        change(
                pod,
                f.ready(),
                f.running(),
                true,
                f.ended(),
                f.exits(),
                f.crash(),
                f.fault(),
                f.blocked(),
                f.nodeLost());
        long grace = f.grace().toMillis();
        boolean stuck = faults && chance(0.03);
        pod.nextAt = now.plusMillis(stuck ? grace + 110_000 : random.nextLong(grace));
    }

    /** Its label is taken off, and put back some time, or never. */
    void letGo(SimPod pod) {
        pod.foreign = true;
        pod.letGo = true;
        pod.nextAt = chance(0.7) ? now.plusMillis(random.nextInt(60_000)) : Instant.MAX;
        String name = pod.name();
        push(podChanges, () -> cachedPods.remove(name));
    }

    private void comeBack(SimPod pod) {
        pod.foreign = false;
        pod.nextAt = now.plusMillis(random.nextInt(2000));
        publish(pod);
    }

    void remove(SimPod pod) {
        pods.remove(pod.name());
        String name = pod.name();
        push(podChanges, () -> cachedPods.remove(name));
    }

    /** It answers nobody for a while; those who watch it sleep as client-go's reflector does. */
    void goAway(Duration time) {
        wentAwayAt = now;
        Instant until = now.plus(time);
        outage = Optional.of(new Outage(now, until));
        hungUntil = hungUntil.isBefore(until) ? until : hungUntil;
        wentAwayAgain = heardAt.isAfter(now) || !now.isAfter(sleepsSince.plus(SHAKEN));
        heardAt = heardAt.isBefore(now) ? now : heardAt;
        if (heardAt.isBefore(until)) {
            while (heardAt.isBefore(until)) {
                sleepOn();
            }
            if (time.compareTo(RESTARTS_IN) >= 0) {
                sleepOn(); // it is another process, for which the watch that they ask for is too old
            }
        }
    }

    private void sleepOn() {
        if (heardAt.isAfter(sleepsSince.plus(SHAKEN))) {
            sleep = SHORTEST_SLEEP;
            sleepsSince = heardAt;
        }
        heardAt = heardAt.plusMillis((long) (sleep.toMillis() * (1 + random.nextDouble())));
        sleep = sleep.multipliedBy(2).compareTo(LONGEST_SLEEP) < 0 ? sleep.multipliedBy(2) : LONGEST_SLEEP;
    }

    /** Until then an outage makes nodes sleep longer than it would by itself. */
    Instant shakenUntil() {
        Instant calm = sleepsSince.plus(SHAKEN);
        return calm.isBefore(heardAt) ? heardAt : calm;
    }

    boolean isAway() {
        return outage.isPresent();
    }

    /** Writes the record of a revision, or its number. */
    void putRecord(String revision, long number) {
        records.put(revision, number);
        push(recordChanges, () -> cachedRecords.put(revision, number));
    }

    void removeRecord(String revision) {
        records.remove(revision);
        push(recordChanges, () -> cachedRecords.remove(revision));
    }

    // ---- what nodes do

    /** The next time anything happens by itself. */
    Instant next() {
        Instant next = Instant.MAX;
        for (SimPod pod : pods.values()) {
            next = pod.nextAt.isBefore(next) ? pod.nextAt : next;
        }
        for (Deque<Change> changes : List.of(podChanges, poolChanges, recordChanges)) {
            if (!changes.isEmpty()) {
                Instant at = changes.peek().deliverAt();
                Instant hung = hungUntil(changes);
                at = at.isBefore(hung) ? hung : at;
                next = at.isBefore(next) ? at : next;
            }
        }
        Instant back = outage.map(Outage::until).orElse(Instant.MAX);
        return back.isBefore(next) ? back : next;
    }

    void runNodes() {
        for (SimPod pod : new ArrayList<>(pods.values())) {
            if (!pod.nextAt.isAfter(now)) {
                advance(pod);
            }
        }
    }

    private void advance(SimPod pod) {
        PodFacts f = pod.facts;
        pod.nextAt = Instant.MAX;
        if (pod.foreign) {
            if (pod.letGo) {
                comeBack(pod);
            }
            return;
        }
        if (f.terminating()) {
            remove(pod);
            return;
        }
        if (f.ended()) {
            return;
        }
        Quality q = quality(f.revision());
        switch (pod.stage++) {
            case 0 -> {
                if (q == Quality.BAD_IMAGE) {
                    Problem problem = new Problem("ErrImagePull", "not found", Optional.empty());
                    change(
                            pod,
                            false,
                            false,
                            false,
                            false,
                            0,
                            Optional.empty(),
                            Optional.of(problem),
                            Optional.empty(),
                            false);
                    return;
                }
                if (faults && chance(0.1)) {
                    change(
                            pod,
                            false,
                            false,
                            false,
                            false,
                            f.exits(),
                            f.crash(),
                            f.fault(),
                            Optional.of("unschedulable"),
                            false);
                    pod.stage--;
                    pod.nextAt = now.plusMillis(random.nextInt(20_000));
                    return;
                }
                change(pod, false, true, false, false, f.exits(), f.crash(), f.fault(), Optional.empty(), false);
                pod.nextAt = now.plusMillis(q == Quality.SLOW ? 20_000 : 200 + random.nextInt(2000));
            }
            case 1 -> {
                switch (q) {
                    case NEVER_READY -> pod.nextAt = Instant.MAX;
                    case CRASHES -> crash(pod);
                    default -> {
                        ready(pod, true);
                        if (q == Quality.FLAPS) {
                            pod.nextAt = now.plus(FLAPS_UP);
                        } else if (q == Quality.CRASHES_LATER) {
                            pod.nextAt = now.plusMillis(1000 + random.nextInt(5000));
                        }
                    }
                }
            }
            default -> {
                if (q == Quality.CRASHES_LATER || q == Quality.CRASHES) {
                    crash(pod);
                } else if (q == Quality.FLAPS && f.ready()) {
                    ready(pod, false);
                    pod.nextAt = now.plus(FLAPS_DOWN);
                } else if (!f.ready() && q != Quality.NEVER_READY) {
                    ready(pod, true);
                    if (q == Quality.FLAPS) {
                        pod.nextAt = now.plus(FLAPS_UP);
                    }
                }
            }
        }
    }

    void crash(SimPod pod) {
        PodFacts f = pod.facts;
        Problem problem = new Problem("ContainerExited", "exit code 3", Optional.of(3));
        change(
                pod,
                false,
                true,
                f.terminating(),
                f.ended(),
                f.exits() + 1,
                Optional.of(problem),
                f.fault(),
                Optional.empty(),
                false);
        pod.stage = 1;
        pod.nextAt = now.plusSeconds(Math.min(300, 10L * (f.exits() + 1)));
    }

    void ready(SimPod pod, boolean ready) {
        PodFacts f = pod.facts;
        change(pod, ready, true, f.terminating(), f.ended(), f.exits(), f.crash(), f.fault(), Optional.empty(), false);
    }

    /** Evicted, preempted or refused by its node. */
    void end(SimPod pod) {
        PodFacts f = pod.facts;
        change(pod, false, f.running(), f.terminating(), true, f.exits(), f.crash(), f.fault(), f.blocked(), false);
        pod.nextAt = Instant.MAX;
    }

    void loseNode(SimPod pod) {
        PodFacts f = pod.facts;
        change(pod, false, f.running(), f.terminating(), f.ended(), f.exits(), f.crash(), f.fault(), f.blocked(), true);
        pod.stage = 3;
        pod.nextAt = now.plusSeconds(5 + random.nextInt(60));
    }

    private void change(
            SimPod pod,
            boolean ready,
            boolean running,
            boolean terminating,
            boolean ended,
            int exits,
            Optional<Problem> crash,
            Optional<Problem> fault,
            Optional<String> blocked,
            boolean nodeLost) {
        PodFacts f = pod.facts;
        pod.facts = new PodFacts(
                f.name(),
                f.uid(),
                f.resourceVersion(),
                f.slot(),
                f.generation(),
                f.revision(),
                f.version(),
                terminating,
                ended,
                ready,
                ready == f.ready() ? f.readyMark() : Long.toString(resourceVersion),
                running,
                nodeLost,
                exits,
                crash,
                fault,
                blocked,
                f.unreadyBecause(),
                f.deletionCost(),
                f.grace());
        publish(pod);
    }

    // ---- caches

    private void publish(SimPod pod) {
        PodFacts f = pod.facts;
        pod.facts = new PodFacts(
                f.name(),
                f.uid(),
                Long.toString(++resourceVersion),
                f.slot(),
                f.generation(),
                f.revision(),
                f.version(),
                f.terminating(),
                f.ended(),
                f.ready(),
                f.readyMark(),
                f.running(),
                f.nodeLost(),
                f.exits(),
                f.crash(),
                f.fault(),
                f.blocked(),
                f.unreadyBecause(),
                f.deletionCost(),
                f.grace());
        if (pod.foreign) {
            return;
        }
        PodFacts seen = pod.facts;
        push(podChanges, () -> cache(seen));
    }

    private void cache(PodFacts seen) {
        cachedPods.put(seen.name(), seen);
    }

    private void publishPool() {
        Pool seen = pool;
        push(poolChanges, () -> cachedPool = seen);
    }

    private void push(Deque<Change> changes, Runnable apply) {
        int lag = faults ? (chance(0.1) ? 3000 : 300) : 50;
        Instant at = now.plusMillis(random.nextInt(lag));
        if (!changes.isEmpty() && changes.peekLast().deliverAt().isAfter(at)) {
            at = changes.peekLast().deliverAt();
        }
        changes.add(new Change(at, apply));
    }

    /** Whether anything arrived. */
    boolean deliver() {
        boolean any = false;
        for (Deque<Change> changes : List.of(podChanges, poolChanges, recordChanges)) {
            while (!changes.isEmpty()
                    && !changes.peek().deliverAt().isAfter(now)
                    && !now.isBefore(hungUntil(changes))) {
                changes.poll().apply().run();
                any = true;
            }
        }
        return any;
    }

    private Instant hungUntil(Deque<Change> changes) {
        return changes == recordChanges && recordsHungUntil.isAfter(hungUntil) ? recordsHungUntil : hungUntil;
    }

    /** A process that starts lists everything anew. */
    void relist() {
        podChanges.clear();
        poolChanges.clear();
        recordChanges.clear();
        recordsHungUntil = now;
        cachedRecords.clear();
        cachedRecords.putAll(records);
        cachedPods = new TreeMap<>();
        pods.values().stream().filter(p -> !p.foreign).forEach(p -> cache(p.facts));
        cachedPool = pool;
    }

    Map<String, PodFacts> live() {
        Map<String, PodFacts> live = new TreeMap<>();
        pods.values().stream().filter(p -> !p.foreign).forEach(p -> live.put(p.name(), p.facts));
        return live;
    }
}
