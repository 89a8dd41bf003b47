package dev.workerpool.operator.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The times of the step that runs: the pause before it, and its deadline (contract, section 3). */
final class StepClock {
    private final Observation o;
    private final Optional<Rollout.Course> course;

    StepClock(Observation o) {
        this.o = o;
        this.course = o.state().rollout().running();
    }

    /** Between one step and the next; a rollback wastes no time on it, for what it replaces has failed. */
    static Duration pause(Observation o) {
        return o.state().rollout() instanceof Rollout.RollingBack back && !back.wayBack()
                ? Duration.ZERO
                : o.settings().pause();
    }

    static String pauseUntil(Instant until) {
        return "the next worker is replaced from " + Agenda.clock(until) + " on (rollout.pauseSeconds)";
    }

    /** When the next worker may be made; the first step needs no pause. */
    Instant pauseEnds() {
        return course.filter(c -> !isFirst(c))
                .map(c -> c.stepStartedAt().plus(pause(o)))
                .orElse(Instant.MIN);
    }

    /** Of the step, or of the first fill; {@link Instant#MAX} if neither runs. */
    Instant deadline() {
        return course.map(this::begun)
                .or(o.state()::fillStartedAt)
                .map(since -> since.plus(o.settings().progressDeadline()))
                .orElse(Instant.MAX);
    }

    /** When half of the step's time is over; {@link Instant#MAX} if none runs. */
    Instant half() {
        return course.map(c -> begun(c).plus(o.settings().progressDeadline().dividedBy(2)))
                .orElse(Instant.MAX);
    }

    /** When the step has taken as long as a new worker may take to become ready; {@link Instant#MAX} if none runs. */
    Instant overdue() {
        return course.map(c -> begun(c).plus(o.settings().readyTimeout())).orElse(Instant.MAX);
    }

    /** When the step began, without the time that it stood still. */
    private Instant begun(Rollout.Course c) {
        return c.stepStartedAt().plus(isFirst(c) ? Duration.ZERO : pause(o)).plus(c.pausedFor());
    }

    private static boolean isFirst(Rollout.Course c) {
        return c.stepStartedAt().equals(c.startedAt());
    }
}
