package dev.workerpool.operator.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What runs now. One at a time, with one target (contract, section 3, I3). Moves, each written to status before anything
 * is done on it:
 *
 * <pre>
 * Idle        => RollingOut   a rollout is wanted, accepted, not paused, and the breaker lets it
 * Idle        => RollingBack  a way back is due: the spec is the snapshot, a worker is of another revision
 * RollingOut  => Idle         all at the target and available (Succeeded); onFailure Pause (Failed); scaled to 0 (Superseded)
 * RollingOut  => RollingOut   the spec asks for another revision (Superseded)
 * RollingOut  => RollingBack  a worker failed; or the spec is the snapshot again (Superseded, a way back)
 * RollingBack => Idle         all at the snapshot and available (RolledBack); it failed itself (RollbackFailed); scaled to 0 (Failed)
 * RollingBack => RollingOut   the spec asks for something new and the breaker is not open (Failed)
 * </pre>
 */
public sealed interface Rollout {

    /** Nothing runs. */
    record Idle() implements Rollout {}

    /** Toward the spec. {@code trial}: the breaker is half-open and one worker goes first. */
    record RollingOut(Course course, int attempt, boolean trial) implements Rollout {}

    /** Toward the snapshot. {@code afterFailure}: a failed rollout ends with it; otherwise it is a way back. */
    record RollingBack(Course course, Optional<Integer> afterAttempt) implements Rollout {
        public boolean wayBack() {
            return afterAttempt.isEmpty();
        }
    }

    /**
     * From where to where, and how far.
     *
     * @param fromRevision what the workers ran when it began; empty when there were none (scaled up from 0)
     * @param stepStartedAt when a step last started or ended; equal to {@code startedAt} until the first step has ended, or
     *     was held up so long, by an old worker that drains or an outage, that its clock was set anew
     * @param pausedSince set while it stands still
     * @param pausedFor how long this step stood still before that
     * @param done workers on the target, as recorded
     */
    record Course(
            String fromVersion,
            Optional<String> fromRevision,
            String toVersion,
            String toRevision,
            Instant startedAt,
            Instant stepStartedAt,
            Optional<Instant> pausedSince,
            Duration pausedFor,
            int done) {

        Course standing(Optional<Instant> since, Duration before) {
            return new Course(
                    fromVersion, fromRevision, toVersion, toRevision, startedAt, stepStartedAt, since, before, done);
        }

        /** The same, moved back in time so far that none of its times has yet to come. */
        Course notAfter(Instant now) {
            Instant latest = pausedSince.filter(stepStartedAt::isBefore).orElse(stepStartedAt);
            Duration ahead = latest.isAfter(now) ? Duration.between(now, latest) : Duration.ZERO;
            return new Course(
                    fromVersion,
                    fromRevision,
                    toVersion,
                    toRevision,
                    startedAt.minus(ahead),
                    stepStartedAt.minus(ahead),
                    pausedSince.map(t -> t.minus(ahead)),
                    pausedFor,
                    done);
        }

        /** A step has ended, or a worker was lost: the clock of the step starts anew only if there are more than before. */
        Course progressed(int nowDone, Instant now) {
            Course course = nowDone > done ? clockAnew(now) : this;
            return new Course(
                    fromVersion,
                    fromRevision,
                    toVersion,
                    toRevision,
                    startedAt,
                    course.stepStartedAt,
                    course.pausedSince,
                    course.pausedFor,
                    nowDone);
        }

        /** A new step starts now, or the same one has all of its time again. */
        Course clockAnew(Instant now) {
            return new Course(
                    fromVersion,
                    fromRevision,
                    toVersion,
                    toRevision,
                    startedAt,
                    now,
                    pausedSince.map(since -> now),
                    Duration.ZERO,
                    done);
        }
    }

    /** The course of what runs, if anything does. */
    default Optional<Course> running() {
        return switch (this) {
            case Idle idle -> Optional.empty();
            case RollingOut r -> Optional.of(r.course());
            case RollingBack r -> Optional.of(r.course());
        };
    }

    /** The same with another course; nothing if nothing runs. */
    default Rollout on(Course course) {
        return switch (this) {
            case Idle idle -> idle;
            case RollingOut r -> new RollingOut(course, r.attempt(), r.trial());
            case RollingBack r -> new RollingBack(course, r.afterAttempt());
        };
    }
}
