package dev.workerpool.operator.simulation;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Obstacle;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Settings;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Deliberately broken, to show that the simulation catches them. */
final class BrokenPlanners {
    private BrokenPlanners() {}

    /** Believes that nothing has to stay ready. */
    static Observation withoutSoak(Observation o) {
        Settings s = o.settings();
        Settings hasty = new Settings(
                s.version(),
                s.revision(),
                s.replicas(),
                s.paused(),
                s.retry(),
                s.maxSurge(),
                Duration.ZERO,
                s.readyTimeout(),
                s.progressDeadline(),
                s.pause(),
                s.terminationComplete(),
                s.verification(),
                s.pauseOnFailure(),
                s.retryLimit(),
                s.failureThreshold(),
                s.resetTimeout(),
                s.revisionHistoryLimit(),
                s.rolloutHistoryLimit());
        return copy(o, hasty, o.state());
    }

    /** Evicts the worker of a slot along with making its surge worker. */
    static Plan oldBeforeNew(Plan plan, Observation o) {
        if (!(plan instanceof Plan.Act act)) {
            return plan;
        }
        List<Action> actions = new ArrayList<>();
        for (Action action : act.actions()) {
            if (action instanceof Action.Create create) {
                o.workers().stream()
                        .filter(w -> w.slot() == create.slot() && w.available())
                        .map(Worker::pod)
                        .forEach(pod -> actions.add(new Action.Evict(pod)));
            }
            actions.add(action);
        }
        return new Plan.Act(actions, act.events(), act.wakeAt(), act.waiting(), act.blocked());
    }

    /** Believes that the breaker is closed. */
    static Observation withBreakerClosed(Observation o) {
        State s = o.state();
        Breaker breaker = s.breaker() instanceof Breaker.Open open
                ? new Breaker.Closed(open.failures(), open.lastFailure())
                : s.breaker();
        return copy(
                o,
                o.settings(),
                new State(
                        s.seenRetry(),
                        s.snapshot(),
                        s.wanted(),
                        s.failed(),
                        s.fillStartedAt(),
                        s.rollout(),
                        breaker,
                        s.lastFailure(),
                        s.history()));
    }

    /** Believes that everybody hears at once what it does. */
    static Observation withoutOutage(Observation o) {
        return copy(o, o.settings(), o.state(), Optional.empty());
    }

    private static Observation copy(Observation o, Settings settings, State state) {
        return copy(o, settings, state, o.outage());
    }

    private static Observation copy(Observation o, Settings settings, State state, Optional<Obstacle> outage) {
        return new Observation(
                o.pool(),
                settings,
                state,
                o.workers(),
                o.records(),
                o.verdict(),
                o.takenGenerations(),
                o.lostRevisions(),
                o.vacated(),
                o.createNotBefore(),
                o.createObstacle(),
                o.recordObstacle(),
                o.evictObstacle(),
                outage,
                o.deleteObstacles(),
                o.now());
    }
}
