package dev.workerpool.operator.reconcile;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Event;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Wish;
import dev.workerpool.operator.decide.Worker;
import dev.workerpool.operator.metrics.PoolMetrics;
import dev.workerpool.operator.metrics.PoolMetrics.Numbers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the metrics count of a pass (contract, section 7). */
final class Measures {
    /** With these the last worker is on the target too. */
    private static final Set<Event.Kind> COMPLETE = Set.of(Event.Kind.RolloutSucceeded, Event.Kind.RollbackSucceeded);

    private final PoolMetrics metrics;

    Measures(PoolMetrics metrics) {
        this.metrics = metrics;
    }

    /** A decision was recorded. */
    void recorded(Observation o, Plan.Record plan, WorkerPool pool) {
        String namespace = pool.getMetadata().getNamespace();
        for (State.Ending ending : ended(o.state(), plan.next())) {
            metrics.rolloutEnded(
                    namespace, o.pool(), ending.result().name(), Duration.ofMillis(ending.durationMillis()));
        }
        for (int i = 0; i < stepsDone(o, plan); i++) {
            metrics.step(namespace, o.pool());
        }
    }

    /** Calls were made. */
    void acted(Observation o, Plan.Act plan, WorkerPool pool) {
        boolean heals = plan.events().stream().anyMatch(e -> e.kind() == Event.Kind.WorkerHealed);
        if (heals) {
            plan.actions().stream()
                    .filter(a -> a instanceof Action.Create c
                            && (o.lostRevisions().containsKey(c.slot()) || leaving(o, c.slot()) && !Wish.mends(o)))
                    .forEach(a -> metrics.healed(pool.getMetadata().getNamespace(), o.pool()));
        }
        Invariants.brokenBy(o, plan.actions())
                .forEach(i -> metrics.invariantViolated(pool.getMetadata().getNamespace(), o.pool(), i));
    }

    /** The pool was looked at. */
    void observed(Observation o, WorkerPool pool, StepClock steps) {
        String namespace = pool.getMetadata().getNamespace();
        steps.ready(o).forEach(time -> metrics.stepReady(namespace, o.pool(), time));
        String target = o.settings().revision();
        List<Worker> live = o.workers().stream().filter(Worker::live).toList();
        metrics.observed(
                namespace,
                o.pool(),
                new Numbers(
                        o.settings().replicas(),
                        (int) live.stream().filter(w -> w.pod().ready()).count(),
                        (int) live.stream().filter(Worker::available).count(),
                        (int) live.stream()
                                .filter(w -> w.revision().equals(target))
                                .count(),
                        (int) o.workers().stream()
                                .filter(w -> w.pod().terminating())
                                .count(),
                        switch (o.state().breaker()) {
                            case Breaker.Closed closed -> "Closed";
                            case Breaker.Open open -> "Open";
                            case Breaker.HalfOpen halfOpen -> "HalfOpen";
                        },
                        o.state().breaker().failures()));
    }

    /** The pool is gone. */
    void forget(WorkerPool pool) {
        metrics.forget(pool.getMetadata().getNamespace(), pool.getMetadata().getName());
    }

    private static boolean leaving(Observation o, int slot) {
        return o.workers().stream().anyMatch(w -> w.slot() == slot && w.removal() == Worker.Removal.ROLLOUT);
    }

    /** History is cut at its end, so what is new is what stands before the newest of old. */
    private static List<State.Ending> ended(State before, State after) {
        Optional<State.Ending> newest = before.history().stream().findFirst();
        return after.history().stream()
                .takeWhile(e -> !newest.equals(Optional.of(e)))
                .toList();
    }

    /** Workers that came onto the target, the last one of a rollout included. */
    private static int stepsDone(Observation o, Plan.Record plan) {
        Optional<Rollout.Course> course = o.state().rollout().running();
        if (course.isEmpty()) {
            return 0;
        }
        int before = course.get().done();
        boolean completed = plan.events().stream().map(Event::kind).anyMatch(COMPLETE::contains);
        int now = completed
                ? o.settings().replicas()
                : plan.next()
                        .rollout()
                        .running()
                        .filter(c -> c.toRevision().equals(course.get().toRevision()))
                        .map(Rollout.Course::done)
                        .orElse(before);
        return Math.max(0, now - before);
    }
}
