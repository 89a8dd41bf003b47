package dev.workerpool.operator.simulation;

import dev.workerpool.operator.act.Expectations;
import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Obstacle;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Settings;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.decide.Worker;
import dev.workerpool.operator.observe.Outages;
import dev.workerpool.operator.observe.PoolMemory;
import dev.workerpool.operator.observe.Sightings;
import dev.workerpool.operator.simulation.SimulatedCluster.Pool;
import dev.workerpool.operator.simulation.SimulatedCluster.Quality;
import dev.workerpool.operator.simulation.SimulatedCluster.SimPod;
import dev.workerpool.operator.simulation.SimulatedCluster.Spec;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The operator's loop on a simulated API server: the real planner, sightings and expectations; the calls fail, lose their
 * answers, or are the last thing the process does.
 */
final class SimulatedOperator {
    /** The process was killed between two calls. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private final SimulatedCluster cluster;
    private final Function<Observation, Plan> planner;
    private final Invariants invariants;
    private final boolean guarded;
    private Sightings sightings;
    private Expectations expectations;
    /** Of this, only what it wrote to records. */
    private PoolMemory memory;
    /** What pods are made from in the pass that runs. */
    private Map<String, Long> viewRecords = Map.of();

    private Map<Integer, Integer> taken;
    private Verdict verdict;
    private long verdictOf;
    private Optional<Obstacle> createObstacle;
    private Optional<Obstacle> recordObstacle;
    private Optional<Obstacle> evictObstacle;
    private Map<String, Obstacle> deleteObstacles;
    private Outages outages;
    private boolean sawItGo;
    /** Killed while the API server was away, without which none starts; when it was last heard, its lease says. */
    private Optional<Instant> deadSince = Optional.empty();

    private int refusals;
    /** By the cluster's time. */
    Instant wakeAt;

    private Duration clockIsOff = Duration.ZERO;
    int writes;
    Plan lastPlan;
    Observation last;

    SimulatedOperator(
            SimulatedCluster cluster, Function<Observation, Plan> planner, Invariants invariants, boolean guarded) {
        this.cluster = cluster;
        this.planner = planner;
        this.invariants = invariants;
        this.guarded = guarded;
        start();
    }

    /** This process's clock; within a process it is steady, whatever is done to the machine's. */
    private Instant now() {
        return cluster.now.plus(clockIsOff);
    }

    /** A new process remembers nothing and lists everything; its machine's clock may have been set. */
    void start() {
        if (cluster.isAway()) {
            deadSince = deadSince.or(() -> cluster.outage.map(SimulatedCluster.Outage::from));
            wakeAt = Instant.MAX;
            return;
        }
        if (cluster.faults && cluster.chance(0.2)) {
            clockIsOff = Duration.ofSeconds(cluster.random.nextInt(-300, 301));
        }
        sightings = new Sightings();
        expectations = new Expectations();
        memory = new PoolMemory();
        taken = new HashMap<>();
        verdict = new Verdict.Unknown();
        createObstacle = Optional.empty();
        recordObstacle = Optional.empty();
        evictObstacle = Optional.empty();
        deleteObstacles = new HashMap<>();
        outages = new Outages();
        sawItGo = false;
        deadSince.ifPresent(since -> outages.nobodyListened(since.plus(clockIsOff), now()));
        invariants.restarted(deadSince.isEmpty() || cluster.wentAwayAgain);
        deadSince = Optional.empty();
        wakeAt = cluster.now;
        cluster.relist();
    }

    private Duration sinceGlance() {
        return Duration.ofMillis(cluster.random.nextInt(500));
    }

    /** It looks often whether the API server is there: at each end of an outage, as far as this has come. */
    void glance() {
        cluster.outage.ifPresent(outage -> {
            invariants.isAway();
            boolean over = !cluster.now.isBefore(outage.until());
            if (deadSince.isEmpty()) {
                if (!sawItGo) {
                    outages.seen(false, outage.from().minus(sinceGlance()).plus(clockIsOff));
                    sawItGo = true;
                }
                outages.seen(true, (over ? outage.until() : cluster.now).plus(clockIsOff));
                if (over) {
                    outages.seen(false, outage.until().plus(sinceGlance()).plus(clockIsOff));
                }
            }
            if (over) {
                sawItGo = false;
                cluster.outage = Optional.empty();
            }
            if (over && deadSince.isPresent()) {
                start();
            }
        });
    }

    void pass() {
        wakeAt = Instant.MAX;
        if (deadSince.isPresent()) {
            return;
        }
        boolean live = false;
        if (guarded) {
            switch (expectations.visibility(
                    cluster.cachedPods.values(), Long.toString(cluster.cachedPool.resourceVersion()), now())) {
                case CURRENT -> {}
                case WAITING -> {
                    wake(expectations.limit());
                    return;
                }
                case STALE -> {
                    if (cluster.isAway()) {
                        wake(now().plusSeconds(1));
                        return;
                    }
                    live = true;
                    expectations.settle(cluster.live().values(), Long.toString(cluster.pool.resourceVersion()));
                    wake(now().plusSeconds(1));
                }
            }
        }
        pass(live);
    }

    private void pass(boolean live) {
        Pool pool = live ? cluster.pool : cluster.cachedPool;
        Map<String, PodFacts> pods = live ? cluster.live() : cluster.cachedPods;
        if (verdictOf != pool.generation()) {
            verdictOf = pool.generation();
            verdict = new Verdict.Unknown();
            refusals = 0;
        }
        viewRecords = live ? cluster.records : cluster.cachedRecords;
        Observation o = observe(pool, pods);
        invariants.view(pods, pool);
        Plan plan = planner.apply(o);
        if (!live && (fails(o, plan) || lacksTheSnapshot(o))) {
            if (cluster.isAway()) {
                wake(now().plusSeconds(1));
            } else {
                pass(true);
            }
            return;
        }
        last = o;
        lastPlan = plan;
        try {
            run(plan, pool);
        } catch (Killed killed) {
            start();
        }
    }

    private static boolean fails(Observation o, Plan plan) {
        return plan instanceof Plan.Record record
                && !record.next().lastFailure().equals(o.state().lastFailure());
    }

    private static boolean lacksTheSnapshot(Observation o) {
        return o.state()
                .snapshot()
                .filter(s -> !o.records().containsKey(s.revision()))
                .isPresent();
    }

    private Observation observe(Pool pool, Map<String, PodFacts> pods) {
        List<Worker> workers =
                sightings.see(List.copyOf(pods.values()), pool.state().rollout(), settings(pool.spec()), now());
        return new Observation(
                "p",
                settings(pool.spec()),
                pool.state(),
                workers,
                memory.records(viewRecords, now()),
                verdict,
                Map.copyOf(taken),
                sightings.lostRevisions(),
                sightings.vacated(),
                sightings.createNotBefore(),
                createObstacle,
                recordObstacle,
                evictObstacle,
                outages.current(now()),
                Map.copyOf(deleteObstacles),
                now());
    }

    static Settings settings(Spec s) {
        return new Settings(
                "v" + s.version(),
                s.revision(),
                s.replicas(),
                s.paused(),
                s.retry() == 0 ? Optional.empty() : Optional.of("" + s.retry()),
                s.maxSurge(),
                Duration.ofSeconds(s.minReadySeconds()),
                Duration.ofSeconds(30),
                Duration.ofSeconds(s.progressDeadlineSeconds()),
                Duration.ofSeconds(s.pauseSeconds()),
                s.terminationComplete(),
                s.verified() ? Optional.of(new Settings.Verification(3, Duration.ofSeconds(1))) : Optional.empty(),
                s.pauseOnFailure(),
                s.retryLimit(),
                s.failureThreshold(),
                Duration.ofSeconds(s.resetSeconds()),
                2,
                20);
    }

    private void run(Plan plan, Pool pool) {
        switch (plan) {
            case Plan.Record r -> record(r.next(), pool);
            case Plan.Act a -> {
                a.wakeAt().ifPresent(this::wake);
                wake(now().plusMillis(20));
                for (Action action : a.actions()) {
                    if (!act(action, pool)) {
                        break;
                    }
                }
            }
            case Plan.Rest r -> r.wakeAt().ifPresent(this::wake);
        }
    }

    private void wake(Instant at) {
        Instant truly = at.equals(Instant.MAX) ? at : at.minus(clockIsOff);
        wakeAt = truly.isBefore(wakeAt) ? truly : wakeAt;
    }

    private void record(State next, Pool pool) {
        wake(now().plusMillis(20));
        if (refused()) {
            return;
        }
        State before = cluster.pool.state();
        if (!cluster.writeStatus(next, pool.resourceVersion())) {
            wake(now().plusMillis(200));
            return;
        }
        writes++;
        invariants.recorded(before, next, pool.spec(), now());
        boolean lost = answerLost();
        if (lost) {
            expectations.poolMaybeWritten(Long.toString(pool.resourceVersion()), now());
        } else {
            expectations.poolWritten(Long.toString(cluster.pool.resourceVersion()), now());
        }
    }

    /** True if the next action may follow. */
    private boolean act(Action action, Pool pool) {
        return switch (action) {
            case Action.Create c -> create(c, pool);
            case Action.Evict e -> remove(e.pod(), true, true);
            case Action.Delete d -> remove(d.pod(), d.byRollout(), false);
            case Action.DryRun d -> dryRun(pool);
            case Action.KeepRevision k -> keep(k.revision());
            case Action.PromoteRevision p -> promote(p);
            case Action.DropRevision d -> {
                if (cluster.isAway()) {
                    yield false;
                }
                writes++;
                invariants.dropped(d.revision());
                cluster.removeRecord(d.revision());
                memory.recordDropped(d.revision(), now());
                yield true;
            }
            case Action.Verify v -> verify(v.pod());
        };
    }

    private boolean create(Action.Create c, Pool pool) {
        boolean unknown = !c.revision().equals(pool.spec().revision()) && !viewRecords.containsKey(c.revision());
        if (unknown || refused() || cluster.quotaIsExceeded()) {
            createObstacle = Optional.of(new Obstacle("quota", now().plusSeconds(1 + cluster.random.nextInt(9))));
            return false;
        }
        createObstacle = Optional.empty();
        String name = "p-" + c.slot() + "-" + c.generation();
        SimPod holder = cluster.pods.get(name);
        if (holder != null) {
            if (holder.foreign) {
                taken.merge(c.slot(), c.generation(), Math::max);
                return create(new Action.Create(c.slot(), c.generation() + 1, c.revision()), pool);
            }
            expectations.created(holder.facts.uid(), now());
            return false;
        }
        invariants.creating(c);
        SimPod made = cluster.create(name, c.slot(), c.generation(), c.revision(), false)
                .orElseThrow();
        writes++;
        if (answerLost()) {
            expectations.maybeCreated(name, now());
            return false;
        }
        expectations.created(made.facts.uid(), now());
        return true;
    }

    private boolean remove(PodFacts seen, boolean byRollout, boolean eviction) {
        sightings.removing(seen.uid(), byRollout);
        invariants.announced(seen, byRollout);
        SimPod pod = cluster.pods.get(seen.name());
        boolean kept = !eviction && cluster.faults && pod != null && pod.undeletable;
        if (refused() || kept) {
            sightings.stays(seen.uid());
            Obstacle obstacle = new Obstacle("budget or policy", now().plusSeconds(1 + cluster.random.nextInt(9)));
            if (eviction) {
                evictObstacle = Optional.of(obstacle);
            } else {
                deleteObstacles.put(seen.uid(), obstacle);
            }
            return false;
        }
        if (eviction) {
            evictObstacle = Optional.empty();
        } else {
            deleteObstacles.remove(seen.uid());
        }
        boolean another = pod != null && !pod.facts.uid().equals(seen.uid());
        if (pod == null || another && eviction) { // gone already
            expectations.going(seen.uid(), now());
            return true;
        }
        if (another || !eviction && !pod.facts.resourceVersion().equals(seen.resourceVersion())) {
            sightings.stays(seen.uid());
            return false;
        }
        invariants.removing(seen, byRollout);
        pod.removedByOperator = true;
        if (byRollout && pod.removedByRolloutAt.isEmpty() && !pod.facts.terminating()) {
            pod.removedByRolloutAt = Optional.of(cluster.now);
        }
        cluster.delete(pod);
        writes++;
        expectations.going(seen.uid(), now());
        return !answerLost();
    }

    private boolean dryRun(Pool pool) {
        if (cluster.isAway()) {
            return false;
        }
        if (cluster.quality(pool.spec().revision()) == Quality.REFUSED) {
            Duration wait = Duration.ofSeconds(Math.min(300, 10L << Math.min(refusals++, 5)));
            verdict = new Verdict.Refused("InvalidTemplate", "no", now().plus(wait));
        } else {
            verdict = new Verdict.Accepted();
        }
        return true;
    }

    private boolean keep(String revision) {
        if (refused()) {
            recordObstacle = Optional.of(new Obstacle("server", now().plusSeconds(2)));
            return false;
        }
        recordObstacle = Optional.empty();
        writes++;
        if (!cluster.records.containsKey(revision)) {
            cluster.putRecord(revision, 0);
        }
        if (answerLost()) {
            return false;
        }
        memory.recordWritten(revision, 0, now());
        return true;
    }

    private boolean promote(Action.PromoteRevision p) {
        if (cluster.isAway()) {
            return false;
        }
        writes++;
        if (!cluster.records.containsKey(p.revision())) {
            return false;
        }
        cluster.putRecord(p.revision(), p.number());
        if (answerLost()) {
            return false;
        }
        memory.recordWritten(p.revision(), p.number(), now());
        return true;
    }

    private boolean verify(PodFacts pod) {
        boolean healthy =
                cluster.quality(pod.revision()) != Quality.UNHEALTHY && !(cluster.faults && cluster.chance(0.1));
        Worker.Check before = last.workers().stream()
                .filter(w -> w.pod().uid().equals(pod.uid()))
                .findFirst()
                .orElseThrow()
                .check();
        sightings.checked(
                pod.uid(), new Worker.Check(healthy, before.failures() + (healthy ? 0 : 1), Optional.of(now()), "500"));
        return true;
    }

    private boolean refused() {
        if (cluster.faults && cluster.chance(0.01)) {
            throw new Killed();
        }
        return cluster.isAway() || cluster.faults && cluster.chance(0.05);
    }

    private boolean answerLost() {
        if (cluster.faults && cluster.chance(0.02)) {
            throw new Killed();
        }
        return cluster.faults && cluster.chance(0.03);
    }
}
