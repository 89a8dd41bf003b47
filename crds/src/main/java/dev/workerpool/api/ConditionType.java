package dev.workerpool.api;

/** The types of {@code status.conditions} (contract, section 6); {@code name()} is the type as written. */
public enum ConditionType {
    /** True when every worker runs what the spec asks for and is available. */
    Ready("every worker runs what the spec asks for and is available"),
    /** True when at least {@code replicas} workers are available, of whatever version. */
    Available("at least replicas workers are available"),
    /** True when a rollout, a first fill or a rollback moves, or waits for something that may come. */
    Progressing("a rollout, a first fill or a rollback moves"),
    /** True when nothing will change until a person, a new spec or the breaker's timer acts. */
    Stalled("nothing will change until a person, a new spec or the circuit breaker's timer acts"),
    /** True when the circuit breaker is open: no rollout starts. */
    CircuitBreakerOpen("too many rollouts failed in a row, and no rollout starts");

    private final String text;

    ConditionType(String text) {
        this.text = text;
    }

    /** What it means when this condition is True; no capital, no full stop. */
    public String text() {
        return text;
    }
}
