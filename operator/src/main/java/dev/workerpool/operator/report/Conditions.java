package dev.workerpool.operator.report;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.Reason;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Wish;
import dev.workerpool.operator.decide.Worker;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The five conditions (contract, section 6), by the rules of kstatus, which Flux, Helm and {@code kubectl wait} read:
 * observedGeneration is the generation they speak of, lastTransitionTime moves only with status.
 */
final class Conditions {
    private final List<Condition> previous;
    private final Long generation;
    private final Instant now;
    private final List<Condition> result = new ArrayList<>();

    private Conditions(List<Condition> previous, Long generation, Instant now) {
        this.previous = previous == null ? List.of() : previous;
        this.generation = generation;
        this.now = now;
    }

    /**
     * @param o what the plan was made from
     * @param after what is remembered after this pass
     * @param previous as stored; may be null
     */
    static List<Condition> of(
            Observation o, State after, Plan plan, List<Condition> previous, Long generation, Instant now) {
        Conditions conditions = new Conditions(previous, generation, now);
        Observation seen = o.with(after);
        Readiness ready = Readiness.of(seen, plan, conditions.readyBefore());
        conditions.ready(ready);
        conditions.available(seen);
        conditions.progressing(ready, conditions.blocked(ready, plan));
        conditions.stalled(ready, after, Wish.nextRetry(seen));
        conditions.breaker(after.breaker());
        return conditions.result;
    }

    /** For a pool whose spec cannot be read: the other conditions are left as they are. */
    static List<Condition> unreadable(String why, List<Condition> previous, Long generation, Instant now) {
        Conditions conditions = new Conditions(previous, generation, now);
        for (ConditionType type : ConditionType.values()) {
            if (type == ConditionType.Ready || type == ConditionType.Stalled) {
                conditions.add(type, type == ConditionType.Stalled, Reason.InvalidSpec, why);
            } else {
                conditions.before(type).ifPresent(conditions.result::add);
            }
        }
        return conditions.result;
    }

    private void ready(Readiness ready) {
        add(ConditionType.Ready, ready.reason() == Reason.UpToDate, ready.reason(), ready.message());
    }

    /** While enough are there, the message counts none: surge workers come and go. */
    private void available(Observation o) {
        int replicas = o.settings().replicas();
        long available = o.workers().stream().filter(Worker::available).count();
        if (available >= replicas) {
            add(ConditionType.Available, true, Reason.MinimumWorkersAvailable, "at least " + replicas + " available");
        } else {
            String message = available + " of " + replicas + " available";
            add(ConditionType.Available, false, Reason.MinimumWorkersUnavailable, message);
        }
    }

    /**
     * What it waits for outside the pool. Only a pass at rest knows: while something is done, what was said is said on, and
     * what was in the way of that very call may be no more.
     */
    private Optional<String> blocked(Readiness ready, Plan plan) {
        if (plan instanceof Plan.Rest) {
            return plan.blocked();
        }
        return before(ConditionType.Progressing)
                .filter(c -> Reason.Blocked.name().equals(c.getReason()))
                .filter(c -> readyBefore().equals(Optional.of(ready.reason())))
                .map(Condition::getMessage);
    }

    private void progressing(Readiness ready, Optional<String> blocked) {
        Reason reason =
                switch (ready.reason()) {
                    case UpToDate -> Reason.Complete;
                    case NoSnapshot -> Reason.Failed;
                    case Reason other when blocked.isPresent() -> Reason.Blocked;
                    case RollingOut, RollingBack, Filling -> ready.reason();
                    case Scaling, Healing -> Reason.Complete;
                    case Paused -> Reason.Paused;
                    case CircuitBreakerOpen -> Reason.Held;
                    default -> Reason.Failed;
                };
        boolean moves = reason == Reason.Blocked || reason == ready.reason() && reason != Reason.Paused;
        String message =
                switch (reason) {
                    case Blocked -> blocked.orElseThrow();
                    case Complete -> "no rollout runs";
                    default -> ready.message();
                };
        add(ConditionType.Progressing, moves, reason, message);
    }

    private void stalled(Readiness ready, State after, Optional<Instant> retry) {
        boolean stalled =
                switch (ready.reason()) {
                    case InvalidTemplate, NoReadinessProbe, CircuitBreakerOpen, RollbackFailed, NoSnapshot -> true;
                    case RolledBack, RolloutFailed ->
                        retry.isEmpty()
                                || after.breaker() instanceof Breaker.Open open
                                        && open.retryAt().isAfter(retry.get());
                    default -> false;
                };
        if (stalled) {
            add(ConditionType.Stalled, true, ready.reason(), ready.message());
        } else {
            add(ConditionType.Stalled, false, Reason.Moving, "nothing needs a person");
        }
    }

    private void breaker(Breaker breaker) {
        ConditionType type = ConditionType.CircuitBreakerOpen;
        switch (breaker) {
            case Breaker.Closed b -> add(type, false, Reason.Closed, "rollouts may start");
            case Breaker.HalfOpen b -> add(type, false, Reason.HalfOpen, "one rollout may start, as a trial");
            case Breaker.Open open -> add(type, true, Reason.TooManyFailures, Readiness.tooMany(open));
        }
    }

    private void add(ConditionType type, boolean holds, Reason reason, String message) {
        String status = holds ? "True" : "False";
        String since = before(type)
                .filter(c -> status.equals(c.getStatus()) && c.getLastTransitionTime() != null)
                .map(Condition::getLastTransitionTime)
                .orElseGet(() -> Times.seconds(now));
        result.add(new ConditionBuilder()
                .withType(type.name())
                .withStatus(status)
                .withReason(reason.name())
                .withMessage(Text.line(message, Text.MESSAGE))
                .withObservedGeneration(generation)
                .withLastTransitionTime(since)
                .build());
    }

    private Optional<Condition> before(ConditionType type) {
        return previous.stream()
                .filter(Objects::nonNull)
                .filter(c -> type.name().equals(c.getType()))
                .findFirst();
    }

    private Optional<Reason> readyBefore() {
        return before(ConditionType.Ready).flatMap(c -> Arrays.stream(Reason.values())
                .filter(r -> r.name().equals(c.getReason()))
                .findFirst());
    }
}
