package dev.workerpool.operator.decide;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What must survive the operator; the part of {@code .status} that decisions read (contract, section 6).
 *
 * @param seenRetry value of the retry annotation that was acted on
 * @param snapshot the revision all workers last ran, all available
 * @param wanted the spec's revision when it was last recorded ({@code status.updateRevision})
 * @param failed the revision that failed and is not tried again by itself
 * @param fillStartedAt only while there is no snapshot
 * @param rollout what runs now
 * @param breaker the circuit breaker
 * @param lastFailure evidence of the newest failure
 * @param history finished rollouts, newest first; status keeps as many as the spec says
 */
public record State(
        Optional<String> seenRetry,
        Optional<Snapshot> snapshot,
        Optional<String> wanted,
        Optional<Failed> failed,
        Optional<Instant> fillStartedAt,
        Rollout rollout,
        Breaker breaker,
        Optional<Failure> lastFailure,
        List<Ending> history) {

    /** A pool that nobody has looked at yet. */
    public static final State NEW = new State(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            new Rollout.Idle(),
            new Breaker.Closed(0, Optional.empty()),
            Optional.empty(),
            List.of());

    /** The good revision and its version. */
    public record Snapshot(String revision, String version) {}

    /**
     * @param revision that failed
     * @param attempts how often, 1 or more
     * @param nextRetry when it is tried again by itself, if it is
     * @param result RolledBack, RollbackFailed or Failed; empty while the rollback runs
     */
    public record Failed(String revision, int attempts, Optional<Instant> nextRetry, Optional<Result> result) {}

    /** What is kept of a failed worker; {@code exitCode} and {@code log} are filled in by whoever can read them. */
    public record Failure(
            String version,
            String revision,
            String pod,
            String reason,
            String message,
            Optional<Integer> exitCode,
            Optional<String> log,
            Instant time) {}

    /** How a rollout ended. */
    public enum Result {
        Succeeded,
        RolledBack,
        RollbackFailed,
        Failed,
        Superseded
    }

    /** A finished rollout; {@code durationMillis} covers its rollback too. */
    public record Ending(
            String fromVersion,
            String version,
            String revision,
            Instant startedAt,
            long durationMillis,
            int workersReplaced,
            Result result,
            String message) {}

    State with(Rollout next) {
        return new State(seenRetry, snapshot, wanted, failed, fillStartedAt, next, breaker, lastFailure, history);
    }

    State with(Breaker next) {
        return new State(seenRetry, snapshot, wanted, failed, fillStartedAt, rollout, next, lastFailure, history);
    }

    State withSeenRetry(Optional<String> next) {
        return new State(next, snapshot, wanted, failed, fillStartedAt, rollout, breaker, lastFailure, history);
    }

    State withSnapshot(Snapshot next) {
        return new State(
                seenRetry, Optional.of(next), wanted, failed, Optional.empty(), rollout, breaker, lastFailure, history);
    }

    public State withWanted(String next) {
        return new State(
                seenRetry, snapshot, Optional.of(next), failed, fillStartedAt, rollout, breaker, lastFailure, history);
    }

    State withFailed(Optional<Failed> next) {
        return new State(seenRetry, snapshot, wanted, next, fillStartedAt, rollout, breaker, lastFailure, history);
    }

    State withFillStartedAt(Optional<Instant> next) {
        return new State(seenRetry, snapshot, wanted, failed, next, rollout, breaker, lastFailure, history);
    }

    /** Used by whoever adds the evidence (exit code, log) before this is written. */
    public State withLastFailure(Failure next) {
        return new State(
                seenRetry, snapshot, wanted, failed, fillStartedAt, rollout, breaker, Optional.of(next), history);
    }

    State withHistory(List<Ending> next) {
        return new State(seenRetry, snapshot, wanted, failed, fillStartedAt, rollout, breaker, lastFailure, next);
    }
}
