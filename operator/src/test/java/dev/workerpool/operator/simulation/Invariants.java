package dev.workerpool.operator.simulation;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.simulation.SimulatedCluster.Pool;
import dev.workerpool.operator.simulation.SimulatedCluster.SimPod;
import dev.workerpool.operator.simulation.SimulatedCluster.Spec;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * I1 to I5 of contract.md, checked at every write the operator does: against the truth for what is of its own doing, and
 * against what it could know for what is not.
 */
final class Invariants {
    /** Something happened that must not. */
    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1;

        Violation(String message) {
            super(message);
        }
    }

    /** So long a worker that leaves serves on. */
    private static final Duration DRAIN = Duration.ofSeconds(5);

    private final SimulatedCluster cluster;
    private Map<String, PodFacts> view = Map.of();
    private Pool viewPool;
    /** By slot: the revisions that its workers had since it was last empty with none missing. */
    private final Map<Integer, Set<String>> had = new HashMap<>();
    /** What the operator does not know makes those who watch sleep longer in an outage that begins before this. */
    private Instant ignorantUntil = Instant.MIN;

    /** By slot: the UID of a broken worker that a rollout removes, to put its own there, until another is seen there. */
    private final Map<Integer, String> vacated = new HashMap<>();

    private final Map<String, Instant> readySince = new HashMap<>();
    private final Map<String, String> readyMarks = new HashMap<>();

    Invariants(SimulatedCluster cluster) {
        this.cluster = cluster;
    }

    /**
     * A new process has seen nothing be ready.
     *
     * @param missedOne whether there may have been an outage of the API server before the one in which it was killed, if it
     *     was killed in one: nobody tells it of that
     */
    void restarted(boolean missedOne) {
        if (missedOne) {
            ignorantUntil = cluster.shakenUntil();
        }
        readySince.clear();
        readyMarks.clear();
    }

    /** What the operator does not know of makes those who watch sleep longer in this outage, and so in the next one. */
    void isAway() {
        if (cluster.wentAwayAt.isBefore(ignorantUntil)) {
            ignorantUntil = cluster.shakenUntil();
        }
    }

    /** What the operator sees in the pass that begins. */
    void view(Map<String, PodFacts> pods, Pool pool) {
        view = Map.copyOf(pods);
        for (PodFacts pod : pods.values()) {
            if (!pod.ready() || !pod.readyMark().equals(readyMarks.put(pod.uid(), pod.readyMark()))) {
                readySince.remove(pod.uid());
            }
            if (pod.ready()) {
                readySince.putIfAbsent(pod.uid(), cluster.now);
            }
        }
        pods.values().stream()
                .filter(p -> p.live() && !p.uid().equals(vacated.get(p.slot())))
                .forEach(p -> vacated.remove(p.slot()));
        viewPool = pool;
        pods.values().forEach(p -> had.computeIfAbsent(p.slot(), slot -> new HashSet<>())
                .add(p.revision()));
        Set<Integer> staffed = pods.values().stream()
                .filter(PodFacts::live)
                .map(PodFacts::slot)
                .collect(Collectors.toSet());
        if (staffed.size() >= pool.spec().replicas()) {
            had.keySet().retainAll(staffed); // nobody is missing
        }
    }

    void creating(Action.Create c) {
        Spec spec = viewPool.spec();
        State state = cluster.pool.state();
        List<SimPod> ours = cluster.pods.values().stream()
                .filter(p -> !p.foreign)
                .filter(p -> !p.letGo || view.containsKey(p.name())) // made by nobody, and not seen yet
                .toList();
        long live = ours.stream().filter(p -> p.facts.live()).count();
        boolean surge = ours.stream().anyMatch(p -> p.facts.live() && p.facts.slot() == c.slot());
        if (surge && spec.terminationComplete() && !healsBeside(c, ours)) {
            live += ours.stream().filter(this::countsAsRemoved).count();
        }
        boolean replaces = vacated.containsKey(c.slot())
                && !surge
                && state.rollout() instanceof Rollout.RollingOut r
                && c.revision().equals(r.course().toRevision());
        boolean alongWithItsRemoval =
                replaces && view.values().stream().anyMatch(p -> p.uid().equals(vacated.get(c.slot())));
        if (alongWithItsRemoval && spec.terminationComplete()) { // later it is missing, and made whatever drains
            live += ours.stream()
                    .filter(p -> p.facts.slot() != c.slot() && countsAsRemoved(p))
                    .count();
        }
        check(live + 1 <= spec.replicas() + spec.maxSurge(), "I2: " + (live + 1) + " pods with " + c);
        check(
                !(state.breaker() instanceof Breaker.Open) || isSnapshot(state, c.revision()),
                "I5: the breaker is open, and yet " + c);
        check(
                c.revision().equals(viewPool.spec().revision())
                        || cluster.records.containsKey(c.revision())
                        || cluster.cachedRecords.containsKey(c.revision()),
                "nothing is known of the revision of " + c);
        state.rollout()
                .running()
                .filter(course -> surge
                        && ours.stream()
                                .noneMatch(p -> p.facts.live()
                                        && p.facts.slot() == c.slot()
                                        && p.facts.revision().equals(course.toRevision())))
                .ifPresent(course -> check(c.revision().equals(course.toRevision()), "I3: not the one target: " + c));
        boolean ofTheTarget = state.rollout() instanceof Rollout.RollingOut r
                && c.revision().equals(r.course().toRevision())
                && (r.course().fromRevision().isEmpty() // scaled up from 0
                        || !cluster.records.containsKey(state.snapshot().get().revision()));
        boolean besideOneSeen = view.values().stream().anyMatch(p -> p.live() && p.slot() == c.slot());
        check(
                besideOneSeen
                        || state.snapshot().isEmpty()
                        || isSnapshot(state, c.revision())
                        || ofTheTarget
                        || replaces
                        || had.getOrDefault(c.slot(), Set.of()).contains(c.revision()),
                "neither the snapshot's nor what the worker was: " + c);
        boolean failed =
                state.failed().map(f -> f.revision().equals(c.revision())).orElse(false);
        check(!failed || isSnapshot(state, c.revision()), "made again although it failed: " + c);
        check(
                !surge
                        || state.rollout().running().isPresent()
                        || state.snapshot().isEmpty(),
                "surge at rest: " + c,
                healsBeside(c, ours));
        check(!surge || !spec.paused(), "paused, and yet a surge worker: " + c, healsBeside(c, ours));
    }

    /** An old worker lost in mid-step, or after a failure that removed nothing, is healed beside its surge worker, paused or not. */
    private boolean healsBeside(Action.Create c, List<SimPod> ours) {
        State state = cluster.pool.state();
        String target = state.rollout()
                .running()
                .map(Rollout.Course::toRevision)
                .or(() -> state.failed().map(State.Failed::revision))
                .orElse("");
        return !c.revision().equals(target)
                && ours.stream()
                        .anyMatch(p -> p.facts.live()
                                && p.facts.slot() == c.slot()
                                && p.facts.revision().equals(target));
    }

    private boolean countsAsRemoved(SimPod pod) {
        return pod.facts.terminating()
                && pod.removedByRolloutAt
                        .map(at ->
                                cluster.now.isBefore(at.plus(pod.facts.grace()).plusSeconds(30)))
                        .orElse(false);
    }

    /** The operator is about to remove it, which may be refused, or somebody else may have done so. */
    void announced(PodFacts pod, boolean byRollout) {
        boolean alone = view.values().stream()
                .noneMatch(p -> p.live() && p.slot() == pod.slot() && !p.uid().equals(pod.uid()));
        if (byRollout && alone && cluster.pool.state().rollout() instanceof Rollout.RollingOut) {
            vacated.put(pod.slot(), pod.uid());
        }
    }

    void removing(PodFacts pod, boolean byRollout) {
        Spec spec = viewPool.spec();
        check(!byRollout || !spec.paused(), "paused, and yet removed: " + pod.name());
        if (!pod.available()) {
            return;
        }
        check(
                !isUnheard(),
                "unheard: " + pod.name() + " removed, and nodes send it requests until " + cluster.heardAt,
                cluster.wentAwayAt.isBefore(ignorantUntil));
        long others = view.values().stream()
                .filter(p -> p.available() && !p.uid().equals(pod.uid()))
                .filter(this::notRemovedByUs)
                .count();
        check(others >= spec.replicas(), "I1: " + pod.name() + " removed with " + others + " others available");
        if (!byRollout) {
            return;
        }
        Optional<String> target = cluster.pool.state().rollout().running().map(Rollout.Course::toRevision);
        boolean leftover = target.isEmpty() // of an earlier try at the spec, made anew
                && pod.revision().equals(spec.revision())
                && !isSnapshot(cluster.pool.state(), pod.revision());
        boolean replaced = view.values().stream()
                .filter(p -> p.slot() == pod.slot() && p.available() && !p.uid().equals(pod.uid()))
                .anyMatch(p -> pod.revision().equals(target.orElse(""))
                        || leftover
                        || !p.revision().equals(target.orElse(p.revision()))
                        || p.generation() < pod.generation() // a target was left: the older of two goes on at once
                        || soaked(p, spec));
        check(replaced, "I4: " + pod.name() + " removed before its replacement has passed the gate");
    }

    private boolean isUnheard() {
        return cluster.now.plus(DRAIN).isBefore(cluster.heardAt);
    }

    private boolean notRemovedByUs(PodFacts seen) {
        SimPod pod = cluster.pods.get(seen.name());
        return pod != null ? !pod.removedByOperator : true;
    }

    private boolean soaked(PodFacts seen, Spec spec) {
        Instant since = readySince.getOrDefault(seen.uid(), cluster.now);
        return !cluster.now.isBefore(since.plusSeconds(spec.minReadySeconds()));
    }

    /** @param now by the operator's clock */
    void recorded(State before, State after, Spec spec, Instant now) {
        check(after.history().size() <= before.history().size() + 1, "two ends in one record");
        boolean failedNow = before.rollout() instanceof Rollout.RollingOut
                && after.breaker().failures() == before.breaker().failures() + 1;
        check(
                after.breaker().failures() == 0
                        || after.breaker().failures() == before.breaker().failures()
                        || failedNow,
                "counted without a failed rollout: " + before.breaker() + " -> " + after.breaker());
        boolean opens = after.breaker() instanceof Breaker.Open && !(before.breaker() instanceof Breaker.Open);
        check(!opens || failedNow, "opened without a failed rollout");
        check(!failedNow || cluster.faults || !isLast(before), "a good version failed without a fault");
        boolean starts =
                after.rollout() instanceof Rollout.RollingOut && !(before.rollout() instanceof Rollout.RollingOut);
        check(!starts || !(before.breaker() instanceof Breaker.Open), "I5: a rollout starts while the breaker is open");
        check(
                !starts || !spec.paused() || before.rollout() instanceof Rollout.RollingBack,
                "paused, and yet a rollout starts");
        check(
                before.snapshot().isEmpty()
                        || before.snapshot().equals(after.snapshot())
                        || before.rollout() instanceof Rollout.RollingOut,
                "the snapshot changed without a rollout");
        check(
                after.lastFailure().equals(before.lastFailure())
                        || Duration.between(after.lastFailure().orElseThrow().time(), now)
                                .isZero(),
                "the evidence is of another time");
        boolean byTheClock = !after.lastFailure().equals(before.lastFailure())
                && Set.of("NotReady", "ProgressDeadlineExceeded")
                        .contains(after.lastFailure().get().reason());
        check(
                !byTheClock || !isUnheard(),
                "a worker's time was over while its node could not say that it is ready",
                cluster.wentAwayAt.isBefore(ignorantUntil));
        check(
                after.history().size() == before.history().size()
                        || !after.history().get(0).message().contains("record is gone")
                        || !cluster.records.containsKey(
                                before.snapshot().orElseThrow().revision()),
                "it was not gone back to a snapshot whose record is there");
        boolean rollbackFailed = before.rollout() instanceof Rollout.RollingBack
                && after.history().size() > before.history().size()
                && after.history().get(0).result() == State.Result.RollbackFailed;
        check(
                !rollbackFailed
                        || view.values().stream()
                                .filter(p -> p.available()
                                        && p.name()
                                                .equals(after.lastFailure()
                                                        .orElseThrow()
                                                        .pod()))
                                .noneMatch(this::stoodThereFirst),
                "a rollback failed for a worker that serves, and served before");
    }

    private boolean stoodThereFirst(PodFacts pod) {
        return view.values().stream()
                .anyMatch(p -> p.live() && p.slot() == pod.slot() && p.generation() > pod.generation());
    }

    private static boolean isLast(State state) {
        return state.rollout()
                .running()
                .filter(c -> c.toRevision().equals("r" + Simulation.LAST_VERSION))
                .isPresent();
    }

    void dropped(String revision) {
        State state = cluster.pool.state();
        check(!isSnapshot(state, revision), "the snapshot's record was dropped");
        state.rollout()
                .running()
                .ifPresent(c -> check(!c.toRevision().equals(revision), "the target's record was dropped"));
    }

    private static boolean isSnapshot(State state, String revision) {
        return state.snapshot().map(s -> s.revision().equals(revision)).orElse(false);
    }

    private void check(boolean holds, String otherwise) {
        check(holds, otherwise, false);
    }

    private void check(boolean holds, String otherwise, boolean excused) {
        if (!holds && !excused) {
            throw new Violation(otherwise + " at " + cluster.now + "; truth " + brief(cluster.live()) + "; seen "
                    + brief(view) + "; " + viewPool.spec() + "; " + cluster.pool.state());
        }
    }

    private static List<String> brief(Map<String, PodFacts> pods) {
        return pods.values().stream()
                .sorted(java.util.Comparator.comparing(PodFacts::name))
                .map(p -> p.name() + "(" + p.uid() + ")=" + p.revision() + (p.ready() ? "+" : "-")
                        + (p.terminating() ? "x" : "") + (p.ended() ? "e" : ""))
                .toList();
    }
}
