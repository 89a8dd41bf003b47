package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Event.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Keeps what status remembers in step with the spec and the clock, before anything else is looked at. */
final class Bookkeeping {
    private final Observation o;
    private final List<Event> events = new ArrayList<>();
    private State next;

    private Bookkeeping(Observation o) {
        this.o = o;
        this.next = o.state();
    }

    /** A record if something is out of step, else empty. */
    static Optional<Plan> plan(Observation o, Agenda agenda) {
        Bookkeeping b = new Bookkeeping(o);
        b.setTimesRight();
        b.seeSpec();
        b.forgetFailure();
        b.heedRetry();
        b.moveBreaker();
        b.clockFill();
        b.clockPause(agenda);
        return b.next.equals(o.state()) ? Optional.empty() : Optional.of(agenda.record(b.next, b.events));
    }

    /**
     * Times that have yet to come were told by a clock that was ahead, before this process: they are taken as now, so that
     * nothing waits until the clock has caught up. {@link Breaker#at} does so too.
     */
    private void setTimesRight() {
        Instant now = o.now();
        next.rollout()
                .running()
                .ifPresent(course -> next = next.with(next.rollout().on(course.notAfter(now))));
        if (next.fillStartedAt().filter(now::isBefore).isPresent()) {
            next = next.withFillStartedAt(Optional.of(now));
        }
        next.failed().ifPresent(f -> {
            Instant latest = now.plus(Transitions.retryDelay(f.attempts()));
            if (f.nextRetry().filter(latest::isBefore).isPresent()) {
                next = next.withFailed(
                        Optional.of(new State.Failed(f.revision(), f.attempts(), Optional.of(latest), f.result())));
            }
        });
    }

    /** The first look takes the retry annotation as seen. */
    private void seeSpec() {
        String revision = o.settings().revision();
        if (next.wanted().equals(Optional.of(revision))) {
            return;
        }
        if (next.wanted().isEmpty()) {
            next = next.withSeenRetry(o.settings().retry());
        }
        next = next.withWanted(revision).withFillStartedAt(Optional.empty());
    }

    /**
     * A failed revision is forgotten as soon as the spec asks for anything else (contract, section 4), and a retry of it as
     * soon as a lower retryLimit no longer allows it.
     */
    private void forgetFailure() {
        if (next.failed().isPresent() && !Wish.hasFailed(o, o.settings().revision())) {
            next = next.withFailed(Optional.empty());
        }
        next.failed()
                .filter(f ->
                        f.nextRetry().isPresent() && f.attempts() > o.settings().retryLimit())
                .ifPresent(f -> next = next.withFailed(
                        Optional.of(new State.Failed(f.revision(), f.attempts(), Optional.empty(), f.result()))));
    }

    /** The retry annotation closes the breaker and forgets the failure; in a rollback, or paused, it waits. */
    private void heedRetry() {
        Optional<String> asked = o.settings().retry();
        if (asked.isEmpty() || asked.equals(next.seenRetry())) {
            return;
        }
        if (o.settings().paused() || next.rollout() instanceof Rollout.RollingBack) {
            return;
        }
        if (!(next.breaker() instanceof Breaker.Closed)) {
            events.add(new Event(
                    Kind.CircuitBreakerClosed, "closed by the annotation workerpool.dev/retry=" + asked.get()));
        }
        next = next.withSeenRetry(asked).with(next.breaker().closed()).withFailed(Optional.empty());
    }

    private void moveBreaker() {
        Breaker moved = next.breaker().at(o.now(), o.settings().resetTimeout());
        if (moved instanceof Breaker.HalfOpen && !(next.breaker() instanceof Breaker.HalfOpen)) {
            events.add(new Event(
                    Kind.CircuitBreakerHalfOpen,
                    o.settings().resetTimeout().toSeconds()
                            + " s after the last failure: the next rollout is a trial"));
        }
        next = next.with(moved);
    }

    /** A fill has a clock of its own, set anew by a new spec and not running at replicas 0. */
    private void clockFill() {
        boolean fills = next.snapshot().isEmpty() && o.settings().replicas() > 0;
        if (fills != next.fillStartedAt().isPresent()) {
            next = next.withFillStartedAt(fills ? Optional.of(o.now()) : Optional.empty());
        }
    }

    /** While a rollout stands still its deadlines do too. */
    private void clockPause(Agenda agenda) {
        Optional<Rollout.Course> before = next.rollout().running();
        before.ifPresent(course -> next = next.with(next.rollout().on(clocked(course))));
        if (!next.rollout().running().equals(before)) {
            agenda.waiting(Wish.standstill(o).orElse("goes on now"));
        }
    }

    private Rollout.Course clocked(Rollout.Course c) {
        boolean stands = c.pausedSince().isPresent();
        if (Wish.standsStill(o) == stands || stands && Wish.mayBeRefused(o)) {
            return c;
        }
        if (c.pausedSince().isEmpty()) {
            return c.standing(Optional.of(o.now()), c.pausedFor());
        }
        Instant since = c.pausedSince().get();
        Duration stood = since.isBefore(o.now()) ? Duration.between(since, o.now()) : Duration.ZERO;
        return c.standing(Optional.empty(), c.pausedFor().plus(stood));
    }
}
