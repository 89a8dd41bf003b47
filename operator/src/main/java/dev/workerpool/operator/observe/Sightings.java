package dev.workerpool.operator.observe;

import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Settings;
import dev.workerpool.operator.decide.Worker;
import dev.workerpool.operator.decide.Worker.Check;
import dev.workerpool.operator.decide.Worker.Removal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * When this process saw what, by its own clock, for the pods of one pool. A new process starts with nothing: then a soak
 * begins again, and a pod found terminating counts as removed by a rollout, which is the safe guess. Not thread-safe: a
 * pool is reconciled by one thread at a time.
 */
public final class Sightings {
    private static final Duration FIRST_DELAY = Duration.ofSeconds(10);
    private static final Duration LONGEST_DELAY = Duration.ofMinutes(5);
    /** As a kubelet forgets a container's crashes. */
    private static final Duration ENDINGS_FORGOTTEN = Duration.ofMinutes(10);

    private final Map<String, Sighting> byUid = new HashMap<>();
    private final Map<String, Removal> removals = new HashMap<>();
    /** By slot: the revision of the last worker there that passed its gate, and that the operator itself did not remove. */
    private final Map<Integer, String> provenRevisions = new HashMap<>();

    private final Map<Integer, String> lostRevisions = new HashMap<>();
    /** By UID: whom a rollout removes. */
    private final Set<String> replacing = new HashSet<>();

    private final Set<Integer> vacated = new HashSet<>();
    private final Map<Integer, Losses> losses = new HashMap<>();
    private final Map<Integer, Instant> createNotBefore = new HashMap<>();
    private Optional<Instant> rollout = Optional.empty();
    private boolean rollingOut;
    private long looks;
    /** How many of its workers the rollout had counted as done before this process. */
    private int doneBefore;

    private String marked = "";
    private final Set<Integer> leftByScaling = new HashSet<>();

    /**
     * Workers that failed one after the other in a slot. One that came after them and becomes ready ends the row, unless the
     * last of them had been ready too: then 10 minutes do.
     *
     * @param look in which the last was lost
     */
    private record Losses(int inARow, boolean wasReady, Instant last, long look) {
        boolean endsWith(Sighting ready) {
            return !wasReady && ready.firstLook > look;
        }

        boolean forgotten(Instant now) {
            return wasReady && !now.isBefore(last.plus(ENDINGS_FORGOTTEN));
        }
    }

    /** What is remembered of one pod. */
    private static final class Sighting {
        private PodFacts last;
        private long firstLook;
        private String readyMark;
        private Optional<Instant> readySince = Optional.empty();
        private Optional<Instant> unreadySince = Optional.empty();
        private Optional<Instant> runningSince = Optional.empty();
        private Optional<Instant> stillSince = Optional.empty();
        private Duration stoodStill = Duration.ZERO;
        private Optional<Instant> leavingSince = Optional.empty();
        private int exitsBefore;
        private boolean everReady;
        private boolean proven;
        private long provenInLook;
        private boolean seenLive;
        private Check check = Check.NONE;
    }

    /**
     * Call right before a worker is evicted or deleted, so that a crash or a lost answer errs on the safe side. The first
     * mark stays: a rollout whose answer was lost may have removed it already.
     */
    public void removing(String uid, boolean byRollout) {
        Removal before = removals.putIfAbsent(uid, byRollout ? Removal.ROLLOUT : Removal.OTHERS);
        marked = before == null ? uid : "";
        if (byRollout && rollingOut) {
            replacing.add(uid);
        }
        Sighting seen = byUid.get(uid);
        if (seen != null && !byRollout) {
            leftByScaling.add(seen.last.slot());
        }
    }

    /** The removal that was just announced was definitely refused: the worker stays. */
    public void stays(String uid) {
        if (!uid.equals(marked)) {
            return;
        }
        removals.remove(uid);
        replacing.remove(uid);
        Sighting seen = byUid.get(uid);
        if (seen != null) {
            leftByScaling.remove(seen.last.slot());
        }
    }

    /** The operator's own verification of a worker has a new answer. */
    public void checked(String uid, Check check) {
        Sighting seen = byUid.get(uid);
        if (seen != null) {
            seen.check = check;
        }
    }

    /**
     * Takes in the pods as the cache shows them now and returns them with what is known of each.
     *
     * @param running one of another start counts the exits and failed verifications of its workers anew; while it stands
     *     still, so do their clocks
     * @param settings with as many there as {@code replicas} says none is missing, and what was lost before is forgotten
     */
    public List<Worker> see(List<PodFacts> pods, Rollout running, Settings settings, Instant now) {
        Optional<Instant> startedAt = running.running().map(Rollout.Course::startedAt);
        if (!startedAt.equals(rollout)) {
            rollout = startedAt;
            byUid.values().forEach(seen -> beginAnew(seen, running));
        }
        rollingOut = running instanceof Rollout.RollingOut;
        looks++;
        doneBefore = running.running().map(Rollout.Course::done).orElse(0);
        List<Worker> workers = new ArrayList<>();
        Map<Integer, Long> bySlot = pods.stream()
                .filter(PodFacts::live)
                .collect(Collectors.groupingBy(PodFacts::slot, Collectors.counting()));
        for (PodFacts pod : pods) {
            boolean isAlone = bySlot.getOrDefault(pod.slot(), 0L) == 1;
            workers.add(see(pod, running, settings, isAlone, now));
        }
        Set<String> present = pods.stream().map(PodFacts::uid).collect(Collectors.toSet());
        for (String uid : List.copyOf(byUid.keySet())) {
            if (!present.contains(uid)) {
                Sighting seen = byUid.remove(uid);
                if (seen.leavingSince.isEmpty()) {
                    left(seen, uid, now);
                }
                removals.remove(uid);
                replacing.remove(uid);
            }
        }
        Set<Integer> staffed = bySlot.keySet();
        vacated.removeAll(staffed);
        byUid.values().stream()
                .filter(seen -> seen.proven && seen.last.available())
                .sorted(Comparator.comparing(seen -> seen.provenInLook))
                .forEach(this::servesInItsSlot);
        if (staffed.size() >= settings.replicas()) {
            lostRevisions.keySet().retainAll(staffed);
            provenRevisions.keySet().retainAll(staffed);
            vacated.clear();
        }
        return List.copyOf(workers);
    }

    /** It stands for whom the slot lost before; but outside a rollout, where readiness is enough, only for its own revision. */
    private void servesInItsSlot(Sighting seen) {
        int slot = seen.last.slot();
        provenRevisions.put(slot, seen.last.revision());
        if (rollingOut) {
            lostRevisions.remove(slot);
        } else {
            lostRevisions.remove(slot, seen.last.revision());
        }
    }

    /** What a worker did under an earlier rollout does not count against it in this one. */
    private static void beginAnew(Sighting seen, Rollout running) {
        seen.exitsBefore = seen.last.exits();
        if (running instanceof Rollout.RollingOut && !seen.check.passed()) {
            seen.check = Check.NONE;
        }
    }

    /** By slot: the revision of a worker that went without our doing, until one of that revision stands there again. */
    public Map<Integer, String> lostRevisions() {
        return Map.copyOf(lostRevisions);
    }

    /** Slots whose broken worker a rollout removed, and in which it has yet to make its own. */
    public Set<Integer> vacated() {
        return Set.copyOf(vacated);
    }

    /** By slot: not before this is a worker made again, because those before it failed. */
    public Map<Integer, Instant> createNotBefore() {
        return Map.copyOf(createNotBefore);
    }

    private Worker see(PodFacts pod, Rollout running, Settings settings, boolean isAlone, Instant now) {
        Sighting seen = byUid.computeIfAbsent(pod.uid(), uid -> {
            Sighting first = new Sighting();
            // With a restart behind it, it may have been ready before this process started.
            first.everReady = pod.exits() > 0;
            first.proven = first.everReady;
            first.exitsBefore = pod.exits();
            first.firstLook = looks;
            if (pod.live()) {
                lostRevisions.remove(pod.slot());
            }
            return first;
        });
        seen.last = pod;
        if (pod.live()) {
            seen.seenLive = true;
        } else if (seen.leavingSince.isEmpty()) {
            seen.leavingSince = Optional.of(now);
            if (pod.ended() || seen.seenLive) {
                left(seen, pod.uid(), now);
            }
        }
        if (!pod.readyMark().equals(seen.readyMark)) {
            seen.readyMark = pod.readyMark();
            seen.readySince = Optional.empty(); // it may have flapped since it was last looked at
        }
        if (pod.ready()) {
            seen.readySince = seen.readySince.or(() -> Optional.of(now));
            seen.unreadySince = Optional.empty();
            seen.everReady = true;
            Losses row = losses.get(pod.slot());
            if (pod.live() && row != null && row.endsWith(seen)) {
                losses.remove(pod.slot());
                createNotBefore.remove(pod.slot());
            }
        } else {
            seen.unreadySince = seen.unreadySince.or(() -> Optional.of(now));
            seen.readySince = Optional.empty();
        }
        if (pod.running()) {
            seen.runningSince = seen.runningSince.or(() -> Optional.of(now));
        } else {
            seen.runningSince = Optional.empty();
        }
        if (!seen.proven && pod.live() && passesGate(seen, running, settings, isAlone, now)) {
            seen.proven = true;
            seen.provenInLook = looks;
        }
        clockPause(seen, running.running().flatMap(Rollout.Course::pausedSince), now);
        return new Worker(
                pod,
                seen.readySince,
                seen.unreadySince,
                seen.runningSince,
                seen.stoodStill,
                pod.exits() - seen.exitsBefore,
                seen.everReady,
                seen.proven,
                seen.leavingSince,
                removalOf(pod, seen),
                seen.check);
    }

    /** Only a rollout asks for more than readiness, of its own workers, but for one that it may have asked before this process. */
    private boolean passesGate(Sighting seen, Rollout running, Settings settings, boolean isAlone, Instant now) {
        if (seen.readySince.isEmpty()) {
            return false;
        }
        if (!(running instanceof Rollout.RollingOut r)) {
            return true;
        }
        boolean asked = r.course().toRevision().equals(seen.last.revision());
        boolean soaked = !now.isBefore(seen.readySince.get().plus(settings.minReady()));
        return !asked
                || looks == 1 && isAlone && doneBefore-- > 0
                || soaked && (settings.verification().isEmpty() || seen.check.passed());
    }

    private static void clockPause(Sighting seen, Optional<Instant> pausedSince, Instant now) {
        if (seen.unreadySince.isEmpty() || seen.runningSince.isEmpty()) {
            seen.stillSince = Optional.empty();
            seen.stoodStill = Duration.ZERO;
        } else if (pausedSince.isPresent()) {
            Instant waits = latest(seen.unreadySince.get(), seen.runningSince.get());
            seen.stillSince = seen.stillSince.or(() -> Optional.of(latest(waits, pausedSince.get())));
        } else {
            seen.stillSince
                    .filter(now::isAfter)
                    .ifPresent(since -> seen.stoodStill = seen.stoodStill.plus(Duration.between(since, now)));
            seen.stillSince = Optional.empty();
        }
    }

    private static Instant latest(Instant a, Instant b) {
        return a.isAfter(b) ? a : b;
    }

    private Removal removalOf(PodFacts pod, Sighting seen) {
        if (pod.live()) {
            return Removal.NONE;
        }
        if (pod.ended() && !pod.terminating()) {
            return Removal.OTHERS;
        }
        Removal known = removals.get(pod.uid());
        if (known != null) {
            return known;
        }
        return seen.seenLive ? Removal.OTHERS : Removal.ROLLOUT;
    }

    private void left(Sighting seen, String uid, Instant now) {
        int slot = seen.last.slot();
        String revision = seen.last.revision();
        if (removals.containsKey(uid)) {
            provenRevisions.remove(slot, revision);
            if (removals.get(uid) == Removal.OTHERS && leftByScaling.remove(slot)) {
                lostRevisions.remove(slot);
            }
            if (replacing.contains(uid)) {
                vacated.add(slot);
            }
            return;
        }
        lostRevisions.put(slot, seen.proven ? revision : provenRevisions.getOrDefault(slot, revision));
        if (seen.everReady && (!seen.last.ended() || seen.last.terminating())) {
            return; // somebody deleted a good one
        }
        Losses row = losses.get(slot);
        int inARow = row == null || row.forgotten(now) ? 1 : row.inARow() + 1;
        losses.put(slot, new Losses(inARow, seen.everReady, now, looks));
        if (inARow > 1) {
            Duration delay = FIRST_DELAY.multipliedBy(1L << Math.min(inARow - 2, 5));
            createNotBefore.put(slot, now.plus(delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY));
        }
    }
}
