package dev.workerpool.api;

import static dev.workerpool.api.ConditionType.Available;
import static dev.workerpool.api.ConditionType.Progressing;
import static dev.workerpool.api.ConditionType.Ready;
import static dev.workerpool.api.ConditionType.Stalled;

import java.util.List;

/**
 * The reasons of the conditions (contract, section 6); {@code name()} is the reason as written. Those of Ready come
 * first, in the order in which the first that holds is chosen. Stalled, when True, bears the reason of Ready.
 */
public enum Reason {
    // Ready
    /** Set when the stored pool cannot be read: an older CRD, or another hand, stored it; nothing is touched. */
    InvalidSpec("The stored pool cannot be read by this operator.", Ready, Stalled),
    /** Set when {@code spec.paused} is true and a rollout or rollback runs or a rollout is wanted. */
    Paused("Rollouts are paused.", Ready, Progressing),
    /** Set when workers go back to the snapshot. */
    RollingBack("The workers go back to the last good version.", Ready, Progressing),
    /** Set when admission, or the operator itself, refuses a pod made from the spec; nothing is touched. */
    InvalidTemplate("A pod made from the spec is refused.", Ready, Stalled),
    /** Set when no container of the template has a readiness probe: no step could be gated. */
    NoReadinessProbe("No container of the template has a readiness probe.", Ready, Stalled),
    /** Set when a rollout runs. */
    RollingOut("The workers are being replaced one step at a time.", Ready, Progressing),
    /** Set when a rollout is wanted and the circuit breaker, being open, holds it. */
    CircuitBreakerOpen("The circuit breaker holds the rollout.", Ready, Stalled),
    /** Set when the snapshot's workers did not become ready either: whatever serves is kept. */
    RollbackFailed("The rollback failed; every serving worker is kept.", Ready, Stalled),
    /** Set when a rollout failed and nothing was removed: onFailure Pause, or no record to go back to. */
    RolloutFailed("The rollout failed; everything stands as it was.", Ready, Stalled),
    /** Set when the spec's revision failed and the workers are back at the snapshot. */
    RolledBack("The version asked for failed; the workers run the last good one.", Ready, Stalled),
    /** Set when a first fill was not available within progressDeadlineSeconds: there is nothing to go back to. */
    NoSnapshot("The pool was never available, so there is no good version to go back to.", Ready, Stalled),
    /** Set when the first workers of a pool are not all available yet. */
    Filling("The first workers are starting.", Ready, Progressing),
    /** Set when {@code spec.replicas} was changed and the number of workers follows. */
    Scaling("Workers are added or removed.", Ready),
    /** Set when a worker was lost or is not available, and no rollout runs. */
    Healing("A lost or unavailable worker is being replaced or waited for.", Ready),
    /** Set when every worker runs what the spec asks for and is available. */
    UpToDate("Every worker runs what the spec asks for and is available.", Ready),

    // Available
    /** Set when at least {@code spec.replicas} workers are available. */
    MinimumWorkersAvailable("At least the wanted number of workers is available.", Available),
    /** Set when fewer than {@code spec.replicas} workers are available. */
    MinimumWorkersUnavailable("Fewer workers than wanted are available.", Available),

    // Progressing, beside RollingOut, RollingBack, Filling and Paused
    /** Set when a rollout, fill or rollback waits for something outside: the message names whom. */
    Blocked("It waits for something outside the pool.", Progressing),
    /** Set when no rollout, rollback or first fill runs; workers may still be scaled or healed. */
    Complete(
            "No rollout, rollback or first fill runs; workers may still be scaled or healed (see Ready).", Progressing),
    /** Set when the last rollout or rollback failed, or the spec is refused, and nothing moves. */
    Failed("It failed, and nothing moves.", Progressing),
    /** Set when the open circuit breaker holds a rollout. */
    Held("The open circuit breaker holds the rollout.", Progressing),

    // Stalled, when False
    /** Set when the pool moves, is complete, or is paused by wish. */
    Moving("The pool moves, is complete, or is paused by wish.", Stalled),

    // CircuitBreakerOpen
    /** Set when failed rollouts in a row reached {@code failureThreshold}; the message says when it is tried again. */
    TooManyFailures("Too many rollouts failed in a row.", ConditionType.CircuitBreakerOpen),
    /** Set when rollouts may start. */
    Closed("Rollouts may start.", ConditionType.CircuitBreakerOpen),
    /** Set when one rollout may start as a trial, its first step with one worker. */
    HalfOpen("One rollout may start, as a trial.", ConditionType.CircuitBreakerOpen);

    private final String text;
    private final List<ConditionType> conditions;

    Reason(String text, ConditionType... conditions) {
        this.text = text;
        this.conditions = List.of(conditions);
    }

    /** A short sentence for users: what this reason says of the pool. */
    public String text() {
        return text;
    }

    /** The conditions that can bear this reason. */
    public List<ConditionType> conditions() {
        return conditions;
    }
}
