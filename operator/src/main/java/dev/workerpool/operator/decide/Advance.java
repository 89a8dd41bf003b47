package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Rollout.Idle;
import dev.workerpool.operator.decide.Rollout.RollingBack;
import dev.workerpool.operator.decide.Rollout.RollingOut;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Brings what runs one step further, or to its end (contract, sections 3 and 4). */
final class Advance {
    private final Observation o;
    private final Settings s;
    private final Agenda agenda;
    private final Workforce force;
    private final Staffing staffing;
    private final Transitions transitions;

    Advance(Observation o, Workforce force, Staffing staffing, Agenda agenda) {
        this.o = o;
        this.s = o.settings();
        this.agenda = agenda;
        this.force = force;
        this.staffing = staffing;
        this.transitions = new Transitions(o, agenda);
    }

    /** The next step of a rollout, a rollback or a fill; empty if it waits or nothing runs. */
    Optional<Plan> step() {
        if (s.replicas() == 0) {
            return Optional.empty();
        }
        return switch (o.state().rollout()) {
            case Idle idle when o.state().snapshot().isEmpty() -> fill();
            case Idle idle -> Optional.empty();
            case RollingOut r -> standsStill() ? progressed(r.course()) : rollOut(r);
            case RollingBack r -> standsStill() ? progressed(r.course()) : rollBack(r);
        };
    }

    private boolean standsStill() {
        Optional<String> why = Wish.standstill(o);
        why.ifPresent(agenda::waiting);
        return why.isPresent();
    }

    private Optional<Plan> rollOut(RollingOut r) {
        Steps steps = steps(Steps.Mode.OUT, r.course().toRevision());
        return steps.tidy()
                .or(() -> steps.complete() ? Optional.of(transitions.succeed(r, s.replicas())) : Optional.empty())
                .or(() -> heldUpLong(steps, r.course()))
                .or(() -> steps.failure().map(f -> failed(r, f)))
                .or(() -> progressed(r.course()))
                .or(steps::next);
    }

    private Optional<Plan> rollBack(RollingBack r) {
        Steps steps = steps(Steps.Mode.BACK, r.course().toRevision());
        return steps.tidy()
                .or(() -> steps.complete() ? Optional.of(transitions.rolledBack(r, s.replicas())) : Optional.empty())
                .or(() -> heldUpLong(steps, r.course()))
                .or(() -> steps.failure().map(f -> failed(r, f)))
                .or(() -> progressed(r.course()))
                .or(steps::next);
    }

    /** The first fill; its workers are all made at once, so that steps are needed only when the spec changed meanwhile. */
    private Optional<Plan> fill() {
        o.state().fillStartedAt().ifPresent(since -> agenda.wakeAt(since.plus(s.progressDeadline())));
        if (!Wish.accepted(o) || !o.records().containsKey(s.revision())) {
            return Optional.empty();
        }
        Steps steps = steps(Steps.Mode.FILL, s.revision());
        boolean available = force.staffed() == s.replicas()
                && force.slots().values().stream()
                        .flatMap(List::stream)
                        .allMatch(w -> w.available() && w.revision().equals(s.revision()));
        State filled = o.state().withSnapshot(new State.Snapshot(s.revision(), s.version()));
        if (available) {
            return Optional.of(agenda.record(filled, List.of()));
        }
        Optional<Plan> told = steps.failure().filter(f -> !isTold()).map(this::fillFailed);
        return s.paused() ? told : told.or(steps::tidy).or(steps::next);
    }

    /** Whether status has the evidence of this fill already. */
    private boolean isTold() {
        Instant since = o.state().fillStartedAt().orElse(o.now());
        return o.state()
                .lastFailure()
                .filter(f -> f.revision().equals(s.revision()) && !f.time().isBefore(since))
                .isPresent();
    }

    /** There is nothing to go back to: nothing is removed or counted, but a person can read why. */
    private Plan fillFailed(Map.Entry<Optional<Worker>, PodFacts.Problem> why) {
        State.Failure failure = transitions.failure(why.getKey(), s.version(), s.revision(), why.getValue());
        Event blocked = new Event(
                Event.Kind.Blocked, "first workers, of version " + s.version() + ": " + Endings.text(failure));
        return agenda.record(o.state().withLastFailure(failure), List.of(blocked));
    }

    private Steps steps(Steps.Mode mode, String target) {
        return new Steps(o, force, staffing, agenda, mode, target);
    }

    private Optional<Plan> heldUpLong(Steps steps, Rollout.Course course) {
        return steps.isHeldUpLong()
                ? Optional.of(
                        agenda.record(o.state().with(o.state().rollout().on(course.clockAnew(o.now()))), List.of()))
                : Optional.empty();
    }

    private Optional<Plan> progressed(Rollout.Course course) {
        int done = Steps.done(o, force, course.toRevision());
        if (done == course.done() || (done > course.done() && done == s.replicas() && force.available() == done)) {
            return Optional.empty(); // the end of the last step is told with the end of the rollout
        }
        if (done > course.done()) {
            agenda.waiting(
                    StepClock.pause(o).isZero()
                            ? done + " of " + s.replicas() + " workers run version " + course.toVersion()
                                    + ", the next one follows"
                            : StepClock.pauseUntil(o.now().plus(StepClock.pause(o))));
        }
        List<Event> events = new ArrayList<>();
        if (done > course.done()) {
            events.add(replaced(done, course));
        }
        return Optional.of(
                agenda.record(o.state().with(o.state().rollout().on(course.progressed(done, o.now()))), events));
    }

    private Event replaced(int done, Rollout.Course course) {
        return new Event(
                Event.Kind.WorkerReplaced, done + " of " + s.replicas() + " workers run version " + course.toVersion());
    }

    private Plan failed(Rollout rollout, Map.Entry<Optional<Worker>, PodFacts.Problem> why) {
        Rollout.Course c = rollout.running().orElseThrow();
        State.Failure failure = transitions.failure(why.getKey(), c.toVersion(), c.toRevision(), why.getValue());
        if (rollout instanceof RollingBack back) {
            return transitions.failBack(back, failure);
        }
        String snapshot = o.state().snapshot().orElseThrow().revision();
        return transitions.fail(
                (RollingOut) rollout,
                failure,
                staffing.canMake(snapshot),
                Steps.done(o, force, c.toRevision()),
                Steps.done(o, force, snapshot));
    }
}
