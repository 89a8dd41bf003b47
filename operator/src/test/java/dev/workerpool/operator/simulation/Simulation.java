package dev.workerpool.operator.simulation;

import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.simulation.Invariants.Violation;
import dev.workerpool.operator.simulation.SimulatedCluster.Outage;
import dev.workerpool.operator.simulation.SimulatedCluster.Quality;
import dev.workerpool.operator.simulation.SimulatedCluster.SimPod;
import dev.workerpool.operator.simulation.SimulatedCluster.Spec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * The life of one pool, from one seed: a few hundred events with every fault there is, then none, until the pool is as a last
 * good spec says. Throws {@link Violation} when an invariant breaks or the pool does not get there.
 */
final class Simulation {
    private static final int FAULTY_EVENTS = 150;
    static final int LAST_VERSION = 1000;
    private static final int BAD_VERSION = 1001;

    private final SimulatedCluster cluster;
    private final SimulatedOperator operator;
    private final SplittableRandom random;

    Simulation(long seed, Function<Observation, Plan> planner, boolean guarded) {
        random = new SplittableRandom(seed);
        Spec first = new Spec(
                1,
                1 + random.nextInt(4),
                false,
                1 + random.nextInt(2),
                random.nextInt(3) * 2,
                40 + random.nextInt(60),
                random.nextInt(3),
                random.nextBoolean(),
                random.nextInt(4) == 0,
                random.nextInt(4) == 0,
                random.nextInt(4) == 0 ? 2 : 0,
                1 + random.nextInt(3),
                10 + random.nextInt(60),
                0);
        cluster = new SimulatedCluster(random.split(), first);
        operator = new SimulatedOperator(cluster, planner, new Invariants(cluster), guarded);
    }

    void run() {
        for (int i = 0; i < FAULTY_EVENTS; i++) {
            if (cluster.chance(0.25)) {
                disturb();
            }
            step();
        }
        settle();
    }

    private void step() {
        Instant next = cluster.next();
        next = operator.wakeAt.isBefore(next) ? operator.wakeAt : next;
        Instant most = cluster.now.plusSeconds(cluster.chance(0.02) ? 200 : 20);
        cluster.now = next.isAfter(most) ? most : next.isBefore(cluster.now) ? cluster.now : next;
        operator.glance();
        cluster.runNodes();
        boolean news = cluster.deliver();
        if (news || !operator.wakeAt.isAfter(cluster.now) || cluster.chance(0.05)) {
            operator.pass();
        }
    }

    private void disturb() {
        List<SimPod> pods =
                cluster.pods.values().stream().filter(p -> !p.foreign).toList();
        SimPod any = pods.isEmpty() ? null : pods.get(random.nextInt(pods.size()));
        switch (random.nextInt(18)) {
            case 0, 1, 2, 3, 4 -> edit();
            case 5 -> operator.start();
            case 6 -> cluster.hungUntil = cluster.now.plusSeconds(random.nextInt(20));
            case 7 -> cluster.now = cluster.now.plusSeconds(random.nextInt(90));
            case 8 -> cluster.create("p-" + (1 + random.nextInt(4)) + "-" + random.nextInt(4), 1, 0, "r0", true);
            case 9 ->
                cluster.removeRecord("r" + random.nextInt(cluster.pool.spec().version() + 1));
            case 10 -> {
                if (!cluster.isAway()) {
                    cluster.goAway(Duration.ofMillis(random.nextInt(random.nextInt(3) == 0 ? 3_000 : 90_000)));
                }
            }
            case 11 -> cluster.recordsHungUntil = cluster.now.plusSeconds(random.nextInt(120));
            default -> {
                if (any != null) {
                    disturb(any);
                }
            }
        }
    }

    private void disturb(SimPod pod) {
        PodFacts f = pod.facts;
        switch (random.nextInt(7)) {
            case 6 -> {
                if (f.live()) {
                    cluster.letGo(pod);
                }
            }
            case 0 -> cluster.delete(pod);
            case 1 -> cluster.remove(pod);
            case 2 -> {
                if (f.live()) {
                    cluster.end(pod);
                }
            }
            case 3 -> {
                if (f.live() && f.running()) {
                    cluster.crash(pod);
                }
            }
            case 4 -> {
                if (f.live() && f.running()) {
                    cluster.ready(pod, !f.ready());
                    pod.nextAt = cluster.now.plusSeconds(random.nextInt(40));
                    pod.stage = 3;
                }
            }
            default -> {
                if (f.live() && f.running()) {
                    cluster.loseNode(pod);
                }
            }
        }
    }

    private void edit() {
        Spec s = cluster.pool.spec();
        int field = random.nextInt(14);
        cluster.edit(new Spec(
                field <= 4 ? 1 + random.nextInt(8) : s.version(),
                field == 5 ? random.nextInt(6) : s.replicas(),
                (field == 6) != s.paused(),
                field == 7 ? 1 + random.nextInt(4) : s.maxSurge(),
                field == 8 ? random.nextInt(6) : s.minReadySeconds(),
                field == 9 ? 30 + random.nextInt(90) : s.progressDeadlineSeconds(),
                s.pauseSeconds(),
                field == 10 ? !s.terminationComplete() : s.terminationComplete(),
                field == 11 ? !s.verified() : s.verified(),
                field == 12 ? !s.pauseOnFailure() : s.pauseOnFailure(),
                s.retryLimit(),
                s.failureThreshold(),
                field == 13 ? 5 + random.nextInt(100) : s.resetSeconds(),
                random.nextInt(10) == 0 ? s.retry() + 1 : s.retry()));
    }

    /** Faults stop and the user asks for something good: the pool gets there, and then nothing is written any more. */
    private void settle() {
        cluster.faults = false;
        cluster.hungUntil = cluster.outage.map(Outage::until).orElse(cluster.now);
        cluster.recordsHungUntil = cluster.now;
        cluster.pods.values().stream().filter(p -> p.foreign).forEach(p -> p.nextAt = Instant.MAX);
        Spec s = cluster.pool.spec();
        int replicas = Math.max(1, s.replicas());
        cluster.behaves(LAST_VERSION, Quality.GOOD);
        cluster.edit(new Spec(
                LAST_VERSION,
                replicas,
                false,
                Math.max(s.maxSurge(), cluster.live().size() - replicas), // what others brought back has its room
                s.minReadySeconds(),
                600, // long enough for what the faults left behind: lost nodes, delays
                s.pauseSeconds(),
                s.terminationComplete(),
                s.verified(),
                s.pauseOnFailure(),
                s.retryLimit(),
                s.failureThreshold(),
                s.resetSeconds(),
                s.retry()));
        awaitSettled();
        // A person takes the label off a worker to look at it, and may put it back.
        cluster.letGo(
                cluster.pods.values().stream().filter(p -> !p.foreign).findAny().orElseThrow());
        awaitSettled();
        fail();
        rest();
    }

    /** What can never be good is tried, and left again by itself. */
    private void fail() {
        List<Quality> bad = List.of(Quality.NEVER_READY, Quality.CRASHES, Quality.BAD_IMAGE);
        cluster.behaves(BAD_VERSION, bad.get(random.nextInt(bad.size())));
        cluster.edit(cluster.pool.spec().withVersion(BAD_VERSION));
        await(this::hasFailed);
    }

    private boolean hasFailed() {
        State state = cluster.pool.state();
        return state.rollout() instanceof Rollout.Idle
                && !(state.breaker() instanceof Breaker.Open) // that it turns half-open is to be written yet
                && state.failed()
                        .filter(f -> f.revision().equals("r" + BAD_VERSION)
                                && f.nextRetry().isEmpty())
                        .isPresent()
                && (cluster.pool.spec().pauseOnFailure() || allRun("r" + LAST_VERSION))
                && operator.lastPlan instanceof Plan.Rest;
    }

    private boolean allRun(String revision) {
        return cluster.live().values().stream()
                        .allMatch(p -> p.available() && p.revision().equals(revision))
                && cluster.live().size() == cluster.pool.spec().replicas();
    }

    private void awaitSettled() {
        await(this::settled);
    }

    private void await(BooleanSupplier there) {
        Instant limit = cluster.now.plus(Duration.ofHours(6));
        int events = 0;
        while (!there.getAsBoolean()) {
            step();
            if (cluster.now.isAfter(limit) || ++events > 20_000) {
                throw new Violation("not settled after " + events + " events at " + cluster.now + ": "
                        + operator.lastPlan + "; " + cluster.live().values() + "; " + cluster.pool);
            }
        }
    }

    private boolean settled() {
        String revision = cluster.pool.spec().revision();
        return cluster.pool.state().rollout() instanceof Rollout.Idle
                && cluster.pool
                        .state()
                        .snapshot()
                        .map(x -> x.revision().equals(revision))
                        .orElse(false)
                && allRun(revision)
                && cluster.pods.values().stream().noneMatch(p -> p.foreign && p.nextAt.isBefore(Instant.MAX))
                && operator.lastPlan instanceof Plan.Rest;
    }

    /** I7. */
    private void rest() {
        passUntil(cluster.now.plusSeconds(60));
        int before = operator.writes;
        passUntil(cluster.now.plusSeconds(120));
        if (operator.writes != before) {
            throw new Violation("I7: " + (operator.writes - before) + " writes at rest");
        }
    }

    private void passUntil(Instant end) {
        while (cluster.now.isBefore(end)) {
            Instant next = cluster.next().isBefore(operator.wakeAt) ? cluster.next() : operator.wakeAt;
            cluster.now = next.isAfter(end) ? end : next;
            operator.glance();
            cluster.runNodes();
            cluster.deliver();
            operator.pass();
        }
    }
}
