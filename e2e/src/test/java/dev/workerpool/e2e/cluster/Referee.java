package dev.workerpool.e2e.cluster;

import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import dev.workerpool.e2e.cluster.Seen.PodSeen;
import dev.workerpool.e2e.cluster.Seen.PoolSeen;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Judges what happened to pools and pods by the contract's section 3, I1 to I5. It shares no code with the operator and
 * judges only what that did of its own doing: every pod is the operator's making, and every removal that the test did not
 * announce is the operator's. What it could not know yet is no fault of it: a worker that others took, or that failed by
 * itself, and a spec that was changed, up to {@link #LAG} before, count as the operator may have seen them.
 */
final class Referee {
    /** How far the operator's caches may be behind on a busy machine. */
    static final Duration LAG = Duration.ofSeconds(3);

    /**
     * @param violations in order, each beginning with the name of what was violated
     * @param removed UIDs of the pods that the operator removed
     */
    record Verdict(
            List<String> violations,
            Set<String> removed,
            int podEvents,
            int poolEvents,
            int created,
            int rollouts,
            int rollbacks,
            int openings) {}

    private static final class Worker {
        /** Stays when its label is taken away. */
        final String pool;

        PodSeen seen;
        /** When it ceased to be live, and to be available, if that was no doing of the operator. */
        Instant lostAt = Instant.MIN;

        Instant unavailableAt = Instant.MIN;
        Instant leftAt = Instant.MAX;
        boolean removedByRollout;

        Worker(PodSeen seen) {
            this.pool = seen.pool();
            this.seen = seen;
        }

        /** Whether the operator may take it for live at that time. */
        boolean live(Instant at) {
            return seen.live() || !lostAt.isBefore(at.minus(LAG));
        }

        /** Whether the operator may take it for available at that time. */
        boolean available(Instant at) {
            return seen.available() || !unavailableAt.isBefore(at.minus(LAG));
        }
    }

    private final Set<String> removedByTest;
    private final Map<String, Worker> pods = new LinkedHashMap<>();
    private final Map<String, PoolSeen> pools = new HashMap<>();
    private final Map<String, Deque<PoolSeen>> recent = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private final Set<String> removed = new TreeSet<>();
    private final Set<String> rollouts = new HashSet<>();
    private int podEvents;
    private int poolEvents;
    private int created;
    private int rollbacks;
    private int openings;

    private Referee(Set<String> removedByTest) {
        this.removedByTest = removedByTest;
    }

    /** Judges all of it, from the pools' creation on. */
    static Verdict judge(Collection<? extends Seen> events, Set<String> removedByTest) {
        Referee referee = new Referee(removedByTest);
        events.stream().sorted(Comparator.comparingLong(Seen::version)).forEach(event -> {
            switch (event) {
                case PodSeen pod -> referee.take(pod);
                case PoolSeen pool -> referee.take(pool);
            }
        });
        return new Verdict(
                List.copyOf(referee.violations),
                Set.copyOf(referee.removed),
                referee.podEvents,
                referee.poolEvents,
                referee.created,
                referee.rollouts.size(),
                referee.rollbacks,
                referee.openings);
    }

    // ---- pods

    private void take(PodSeen pod) {
        podEvents++;
        Worker worker = pods.get(pod.uid());
        if (worker == null) {
            if (pod.gone()) {
                return;
            }
            pods.put(pod.uid(), new Worker(pod));
            if (!pod.pool().isEmpty() && !pod.terminating()) {
                created++;
                judgeCreation(pod);
            }
            return;
        }
        PodSeen before = worker.seen;
        boolean leaves = (pod.terminating() || pod.gone()) && !before.terminating();
        boolean byOperator = leaves && !before.pool().isEmpty() && !removedByTest.contains(pod.uid());
        if (leaves) {
            worker.leftAt = pod.at();
        }
        if (byOperator) {
            removed.add(pod.uid());
            judgeRemoval(worker, pod);
            worker.lostAt = Instant.MIN;
            worker.unavailableAt = Instant.MIN;
        } else {
            worker.lostAt = before.live() && !pod.live() ? pod.at() : worker.lostAt;
            worker.unavailableAt = before.available() && !pod.available() ? pod.at() : worker.unavailableAt;
        }
        worker.seen = pod;
        if (pod.gone()) {
            worker.removedByRollout = false;
        }
    }

    private void judgeCreation(PodSeen pod) {
        PoolSeen pool = pools.get(pod.pool());
        List<PoolSeen> specs = recently(pod.pool(), pod.at());
        List<Worker> mates = workers(pod).filter(w -> w.seen.live()).toList();
        List<Worker> besides =
                mates.stream().filter(w -> w.seen.slot() == pod.slot()).toList();
        // An old worker lost beside its new one, in mid-step or after a failure that removed nothing.
        String fresh = pool.target().isEmpty() ? pool.failed() : pool.target();
        boolean healsBeside = !pod.revision().equals(fresh)
                && besides.stream().anyMatch(w -> w.seen.revision().equals(fresh));
        boolean surge = !besides.isEmpty() && !healsBeside;

        long live = 1 + mates.size();
        if (surge && specs.stream().allMatch(PoolSeen::terminationComplete)) {
            live += workers(pod)
                    .filter(w -> w.removedByRollout)
                    .filter(w -> pod.at()
                            .isBefore(w.leftAt
                                    .plusSeconds(w.seen.graceSeconds() + 30)
                                    .minus(LAG)))
                    .count();
        }
        int most =
                specs.stream().mapToInt(s -> s.replicas() + s.maxSurge()).max().orElseThrow();
        check(live <= most, "I2", pod, live + " pods, " + most + " are allowed");
        check(
                pool.breaker() != BreakerState.Open || pod.revision().equals(pool.snapshot()),
                "I5",
                pod,
                "made at revision " + pod.revision() + " while the breaker is open");
        check(
                !surge || pool.snapshot().isEmpty() || pod.revision().equals(pool.target()),
                "I3",
                pod,
                "made beside another at revision " + pod.revision() + ", the target being '" + pool.target() + "'");
        check(
                !surge || !specs.stream().allMatch(PoolSeen::paused),
                "paused",
                pod,
                "made beside another although the pool is paused");
    }

    private void judgeRemoval(Worker worker, PodSeen now) {
        PodSeen before = worker.seen;
        List<PoolSeen> specs = recently(before.pool(), now.at());
        int replicas = specs.stream().mapToInt(PoolSeen::replicas).min().orElseThrow();
        List<Worker> others = workers(before).toList();
        boolean slotShared = others.stream().anyMatch(w -> w.seen.live() && w.seen.slot() == before.slot());
        long slots = Stream.concat(Stream.of(worker), others.stream().filter(w -> w.live(now.at())))
                .map(w -> w.seen.slot())
                .distinct()
                .count();
        worker.removedByRollout = now.evicted() || slotShared && slots <= replicas;
        if (!before.available()) {
            return;
        }

        long available = others.stream().filter(w -> w.available(now.at())).count();
        check(available >= replicas, "I1", now, "removed while " + available + " others are available, of " + replicas);
        if (!now.evicted()) {
            check(slots > replicas, "I4", now, "available, and deleted although nothing is scaled down");
            return;
        }
        check(specs.stream().anyMatch(s -> !s.paused()), "paused", now, "evicted although the pool is paused");
        Set<String> targets = new HashSet<>(specs.stream().map(PoolSeen::target).toList());
        String target = specs.getLast().target(); // of the operator's own writing, so it knows it
        int soak = specs.stream().mapToInt(PoolSeen::minReadySeconds).min().orElseThrow();
        boolean replaced = others.stream()
                .filter(w -> w.seen.slot() == before.slot() && w.available(now.at()))
                .map(w -> w.seen)
                .anyMatch(other -> !target.equals(other.revision()) // a target was left: one of two goes
                        || targets.contains(before.revision())
                        || other.generation() < before.generation()
                        || !other.ready() // until a moment ago
                        || !now.at().isBefore(other.readySince().plusSeconds(soak)));
        check(replaced, "I4", now, "evicted before its replacement has passed the gate");
    }

    /** The other pods of its pool, those that are no more included. */
    private Stream<Worker> workers(PodSeen of) {
        return pods.values().stream()
                .filter(w -> of.pool().equals(w.pool) && !of.uid().equals(w.seen.uid()));
    }

    // ---- pools

    private void take(PoolSeen pool) {
        poolEvents++;
        PoolSeen before = pools.put(pool.uid(), pool);
        recent.computeIfAbsent(pool.uid(), u -> new ArrayDeque<>()).add(pool);
        if (before != null) {
            judge(before, pool);
        }
    }

    private void judge(PoolSeen before, PoolSeen now) {
        boolean begins = !now.startedAt().isEmpty() && !now.startedAt().equals(before.startedAt());
        boolean ends = !before.startedAt().isEmpty() && !before.startedAt().equals(now.startedAt());
        List<String> entries =
                now.history().stream().map(HistoryEntry::startedAt).toList();
        if (begins && now.recorded()) {
            rollouts.add(now.uid() + now.startedAt());
        }
        if (now.phase() == Phase.RollingBack && (begins || before.phase() != Phase.RollingBack)) {
            rollbacks++;
        }
        check(
                !ends || !before.recorded() || entries.contains(before.startedAt()),
                "I3",
                now,
                "the rollout of " + before.startedAt() + " went without an entry in the history");
        check(
                begins || before.target().equals(now.target()) || now.phase() != before.phase() || ends,
                "I3",
                now,
                "the target changed within the rollout of " + before.startedAt());
        check(
                entries.size() == new HashSet<>(entries).size(),
                "history",
                now,
                "a rollout is recorded twice: " + entries);
        check(
                entries.stream()
                                .filter(e -> before.history().stream()
                                        .noneMatch(h -> h.startedAt().equals(e)))
                                .count()
                        <= 1,
                "history",
                now,
                "two ends in one write: " + entries);
        check(
                !begins
                        || now.phase() != Phase.RollingOut
                        || before.breaker() != BreakerState.Open
                        || now.breaker() != BreakerState.Open,
                "I5",
                now,
                "a rollout begins while the breaker is open");

        boolean failed = now.failures() == before.failures() + 1;
        check(
                now.failures() == before.failures()
                        || now.failures() == 0
                        || failed && before.phase() == Phase.RollingOut,
                "breaker",
                now,
                "the count goes from " + before.failures() + " to " + now.failures() + " in phase " + before.phase());
        boolean opens = before.breaker() != BreakerState.Open && now.breaker() == BreakerState.Open;
        check(!opens || failed, "breaker", now, "opens without a failed rollout");
        openings += opens ? 1 : 0;
    }

    /** The present spec and those that were present at any time within the lag before. */
    private List<PoolSeen> recently(String pool, Instant at) {
        Deque<PoolSeen> seen = recent.get(pool);
        while (seen.size() > 1
                && seen.stream().skip(1).findFirst().orElseThrow().at().isBefore(at.minus(LAG))) {
            seen.removeFirst();
        }
        return List.copyOf(seen);
    }

    private void check(boolean holds, String invariant, PodSeen pod, String otherwise) {
        if (!holds) {
            violations.add(invariant + ": " + pod.at() + " pod " + pod.name() + " (" + pod.uid() + "): " + otherwise
                    + "; pods " + brief(pod.pool()) + "; " + brief(pools.get(pod.pool())));
        }
    }

    private void check(boolean holds, String invariant, PoolSeen pool, String otherwise) {
        if (!holds) {
            violations.add(invariant + ": " + pool.at() + " pool " + pool.name() + ": " + otherwise);
        }
    }

    private List<String> brief(String pool) {
        return pods.values().stream()
                .map(w -> w.seen)
                .filter(p -> p.pool().equals(pool) && !p.gone())
                .map(p -> p.name() + "=" + p.revision() + (p.ready() ? "+" : "-") + (p.terminating() ? "x" : ""))
                .toList();
    }

    private static String brief(PoolSeen pool) {
        return pool == null
                ? "no pool"
                : pool.name() + " replicas " + pool.replicas() + " surge " + pool.maxSurge()
                        + (pool.paused() ? " paused" : "") + " snapshot " + pool.snapshot() + " " + pool.phase()
                        + " to "
                        + pool.target() + " breaker " + pool.breaker();
    }
}
