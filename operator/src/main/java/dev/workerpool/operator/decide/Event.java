package dev.workerpool.operator.decide;

/** A transition worth telling: becomes an Event on the pool, and a metric, after the status that makes it true is written. */
public record Event(Kind kind, String message) {

    /** The reasons of Events (contract, section 6); a warning is shown as such by kubectl. */
    public enum Kind {
        RolloutStarted(false),
        WorkerReplaced(false),
        RolloutSucceeded(false),
        RolloutFailed(true),
        RollbackStarted(true),
        RollbackSucceeded(false),
        RollbackFailed(true),
        RolloutSuperseded(false),
        CircuitBreakerOpened(true),
        CircuitBreakerHalfOpen(false),
        CircuitBreakerClosed(false),
        Blocked(true),
        InvalidTemplate(true),
        NoReadinessProbe(true),
        WorkerHealed(false),
        Scaled(false);

        private final boolean warning;

        Kind(boolean warning) {
            this.warning = warning;
        }

        public boolean warning() {
            return warning;
        }
    }
}
