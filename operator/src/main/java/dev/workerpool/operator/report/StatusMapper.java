package dev.workerpool.operator.report;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.BreakerStatus;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.LastFailure;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import dev.workerpool.api.WorkerPoolStatus.RolloutStatus;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The planner's memory, read from status and written to it (contract, section 6). What was written is read back as it
 * was, times to the millisecond and pauses to the second (rounded up, so that no deadline comes early).
 */
public final class StatusMapper {
    private StatusMapper() {}

    /**
     * What status remembers. Never fails: what is missing or unreadable is forgotten, and a rollout that lacks what it
     * needs is none.
     *
     * @param status may be null: a pool that nobody has looked at yet
     */
    public static State state(WorkerPoolStatus status) {
        if (status == null) {
            return State.NEW;
        }
        return new State(
                Optional.ofNullable(status.observedRetry()),
                Optional.ofNullable(status.currentRevision())
                        .map(r -> new State.Snapshot(r, orEmpty(status.version()))),
                Optional.ofNullable(status.updateRevision()),
                failed(status),
                Times.read(status.fillStartedAt()),
                rollout(status.rollout()),
                breaker(status.circuitBreaker()),
                Optional.ofNullable(status.lastFailure()).flatMap(StatusMapper::failure),
                status.history() == null
                        ? List.of()
                        : status.history().stream()
                                .filter(Objects::nonNull)
                                .flatMap(e -> ending(e).stream())
                                .toList());
    }

    private static Optional<State.Failed> failed(WorkerPoolStatus status) {
        return Optional.ofNullable(status.failedRevision())
                .map(revision -> new State.Failed(
                        revision,
                        status.failedAttempts() == null ? 1 : Math.max(1, status.failedAttempts()),
                        Times.read(status.nextRetryTime()),
                        Optional.ofNullable(status.failedResult()).map(r -> State.Result.valueOf(r.name()))));
    }

    private static Rollout rollout(RolloutStatus r) {
        if (r == null || r.phase() == null || r.toVersion() == null || r.toRevision() == null) {
            return new Rollout.Idle();
        }
        Optional<Instant> startedAt = Times.read(r.startedAt());
        if (startedAt.isEmpty()) {
            return new Rollout.Idle();
        }
        Rollout.Course course = new Rollout.Course(
                orEmpty(r.fromVersion()),
                Optional.ofNullable(r.fromRevision()),
                r.toVersion(),
                r.toRevision(),
                startedAt.get(),
                Times.read(r.stepStartedAt()).orElse(startedAt.get()),
                Times.read(r.pausedSince()),
                Duration.ofSeconds(r.pausedSeconds() == null ? 0 : r.pausedSeconds()),
                done(r.progress()));
        return switch (r.phase()) {
            case RollingOut ->
                new Rollout.RollingOut(course, r.attempt() == null ? 1 : r.attempt(), Boolean.TRUE.equals(r.trial()));
            case RollingBack -> new Rollout.RollingBack(course, Optional.ofNullable(r.attempt()));
        };
    }

    /** The first number of {@code "done/replicas"}. */
    private static int done(String progress) {
        return progress != null && progress.matches("\\d{1,9}/.*")
                ? Integer.parseInt(progress.substring(0, progress.indexOf('/')))
                : 0;
    }

    private static Breaker breaker(BreakerStatus b) {
        if (b == null) {
            return State.NEW.breaker();
        }
        int failures = b.consecutiveFailures() == null ? 0 : b.consecutiveFailures();
        Optional<Instant> lastFailure = Times.read(b.lastFailureTime());
        // The planner sets the time of the trial anew from the last failure; with neither, the trial is due.
        Optional<Instant> retryAt = Times.read(b.retryTime()).or(() -> lastFailure);
        return switch (b.state() == null ? BreakerState.Closed : b.state()) {
            case Closed -> new Breaker.Closed(failures, lastFailure);
            case HalfOpen -> new Breaker.HalfOpen(failures, lastFailure);
            case Open ->
                retryAt.isPresent()
                        ? new Breaker.Open(failures, lastFailure, retryAt.get())
                        : new Breaker.HalfOpen(failures, lastFailure);
        };
    }

    private static Optional<State.Failure> failure(LastFailure f) {
        return Times.read(f.time())
                .map(time -> new State.Failure(
                        orEmpty(f.version()),
                        orEmpty(f.revision()),
                        orEmpty(f.pod()),
                        orEmpty(f.reason()),
                        orEmpty(f.message()),
                        Optional.ofNullable(f.exitCode()),
                        Optional.ofNullable(f.log()),
                        time));
    }

    private static Optional<State.Ending> ending(HistoryEntry e) {
        Optional<Instant> startedAt = Times.read(e.startedAt());
        if (startedAt.isEmpty() || e.result() == null) {
            return Optional.empty();
        }
        return Optional.of(new State.Ending(
                orEmpty(e.fromVersion()),
                orEmpty(e.version()),
                orEmpty(e.revision()),
                startedAt.get(),
                e.durationSeconds() == null ? 0 : Math.round(e.durationSeconds() * 1000),
                e.workersReplaced() == null ? 0 : e.workersReplaced(),
                State.Result.valueOf(e.result().name()),
                orEmpty(e.message())));
    }

    private static String orEmpty(String text) {
        return text == null ? "" : text;
    }

    /**
     * The rollout as status keeps it; null when nothing runs.
     *
     * @param replicas wanted, for {@code progress}
     * @param waiting what it waits for, in a sentence
     */
    static RolloutStatus rolloutStatus(Rollout rollout, int replicas, String waiting) {
        return switch (rollout) {
            case Rollout.Idle idle -> null;
            case Rollout.RollingOut r ->
                rolloutStatus(Phase.RollingOut, r.course(), r.attempt(), r.trial() ? true : null, replicas, waiting);
            case Rollout.RollingBack r ->
                rolloutStatus(Phase.RollingBack, r.course(), r.afterAttempt().orElse(null), null, replicas, waiting);
        };
    }

    private static RolloutStatus rolloutStatus(
            Phase phase, Rollout.Course c, Integer attempt, Boolean trial, int replicas, String waiting) {
        long pausedSeconds = c.pausedFor().plusMillis(999).toSeconds();
        return new RolloutStatus(
                phase,
                c.fromVersion(),
                c.toVersion(),
                c.fromRevision().orElse(null),
                c.toRevision(),
                Times.write(c.startedAt()),
                Times.write(c.stepStartedAt()),
                c.pausedSince().map(Times::write).orElse(null),
                pausedSeconds == 0 ? null : pausedSeconds,
                attempt,
                trial,
                c.done() + "/" + replicas,
                waiting.isEmpty() ? null : Text.line(waiting, Text.MESSAGE));
    }

    static BreakerStatus breakerStatus(Breaker breaker) {
        String lastFailure = breaker.lastFailure().map(Times::write).orElse(null);
        return switch (breaker) {
            case Breaker.Closed b -> new BreakerStatus(BreakerState.Closed, b.failures(), lastFailure, null);
            case Breaker.HalfOpen b -> new BreakerStatus(BreakerState.HalfOpen, b.failures(), lastFailure, null);
            case Breaker.Open b ->
                new BreakerStatus(BreakerState.Open, b.failures(), lastFailure, Times.write(b.retryAt()));
        };
    }
}
