package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Rollout.Idle;
import dev.workerpool.operator.decide.Rollout.RollingBack;
import dev.workerpool.operator.decide.Rollout.RollingOut;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Decides what one pass does. The method {@link #plan()} is the table of contents: the first rung that has something to do
 * is the plan, and one rung is done a pass, so that each decision is made on what the former one led to.
 */
public final class Planner {
    private final Observation o;
    private final Settings s;
    private final Agenda agenda;
    private final Workforce force;
    private final Staffing staffing;
    private final Transitions transitions;

    private Planner(Observation o) {
        this.o = o;
        this.s = o.settings();
        this.agenda = new Agenda(o.now());
        this.force = new Workforce(o);
        this.staffing = new Staffing(o, force, agenda);
        this.transitions = new Transitions(o, agenda);
    }

    /** The plan for what is observed; total: every observation has one, and the same one has the same. */
    public static Plan plan(Observation o) {
        return new Planner(o).plan();
    }

    private Plan plan() {
        return Bookkeeping.plan(o, agenda)
                .or(staffing::clearEnded)
                .or(this::followSpec)
                .or(staffing::scaleDown)
                .or(staffing::makeMissing)
                .or(this::step)
                .or(this::keepRecords)
                .orElseGet(this::rest);
    }

    // ---- what the spec asks for

    private Optional<Plan> followSpec() {
        if (s.replicas() == 0) {
            return o.state().rollout() instanceof Idle ? Optional.empty() : Optional.of(transitions.endAtZero());
        }
        return switch (o.state().rollout()) {
            case Idle idle when o.state().snapshot().isEmpty() -> admit().or(this::keepSpec);
            case Idle idle when s.paused() -> Optional.empty();
            case Idle idle when Wish.wayBackDue(o) -> keepSpec().or(this::wayBack);
            case Idle idle
            when Wish.rolloutWanted(o) && mayBegin() ->
                admit().or(this::keepSpec).or(this::clearLeftovers).or(this::begin);
            case Idle idle -> Optional.empty();
            case RollingOut r when isTarget(r.course()) -> keepSpec();
            case RollingOut r
            when Wish.isSnapshot(o, s.revision()) -> keepSpec().or(() -> comeBack(r));
            case RollingOut r -> admit().or(this::keepSpec).or(() -> superseding(transitions.supersede(r, done())));
            case RollingBack r
            when fixesForward(r) -> admit().or(this::keepSpec).or(() -> superseding(transitions.supersede(r, done())));
            case RollingBack r
            when !staffing.canMake(r.course().toRevision()) -> Optional.of(transitions.abandonBack(r));
            case RollingBack r -> Optional.empty();
        };
    }

    /** Asks admission about a pod of the spec before it is used for the first time. */
    private Optional<Plan> admit() {
        boolean ask =
                switch (o.verdict()) {
                    case Verdict.Unknown unknown -> !Wish.accepted(o);
                    case Verdict.Refused refused -> {
                        agenda.wakeAt(refused.askAgainAt());
                        yield !Wish.accepted(o) && !o.now().isBefore(refused.askAgainAt());
                    }
                    case Verdict.Accepted accepted -> false;
                };
        int slot = force.slots().isEmpty() ? 1 : force.slots().firstKey();
        return ask ? Optional.of(agenda.act(new Action.DryRun(slot, force.nextGeneration(slot)))) : Optional.empty();
    }

    /** The spec is kept as a record before anything is made from it, and again if somebody deleted that. */
    private Optional<Plan> keepSpec() {
        if (o.records().containsKey(s.revision()) || !Wish.accepted(o) || heldByObstacle()) {
            return Optional.empty();
        }
        return Optional.of(agenda.act(new Action.KeepRevision(s.revision())));
    }

    private boolean heldByObstacle() {
        return o.createObstacle().map(staffing::holds).orElse(false);
    }

    /** Whether a wanted rollout may start: the breaker lets it; from 0 workers only a closed one does, if others can be made. */
    private boolean mayBegin() {
        return switch (o.state().breaker()) {
            case Breaker.Closed closed -> true;
            case Breaker.HalfOpen halfOpen -> !force.slots().isEmpty() || !canMakeSnapshot();
            case Breaker.Open open -> false;
        };
    }

    private boolean canMakeSnapshot() {
        return o.state().snapshot().map(x -> staffing.canMake(x.revision())).orElse(false);
    }

    /** Workers that an earlier try at this revision left behind broken are made anew. */
    private Optional<Plan> clearLeftovers() {
        List<Action> broken = force.slots().values().stream()
                .flatMap(List::stream)
                .filter(w -> w.revision().equals(s.revision()) && !w.available())
                .<Action>map(w -> new Action.Delete(w.pod(), true))
                .toList();
        return Wish.accepted(o) && !broken.isEmpty() ? Optional.of(agenda.act(broken, List.of())) : Optional.empty();
    }

    private Optional<Plan> begin() {
        boolean fromZero = force.slots().isEmpty() && o.lostRevisions().isEmpty();
        return ready() ? Optional.of(transitions.begin(fromZero, done())) : Optional.empty();
    }

    private Optional<Plan> superseding(Plan record) {
        return ready() ? Optional.of(record) : Optional.empty();
    }

    /** Nothing is begun that is not admitted and recorded. */
    private boolean ready() {
        return Wish.accepted(o) && o.records().containsKey(s.revision());
    }

    private boolean isTarget(Rollout.Course course) {
        return course.toRevision().equals(s.revision());
    }

    /** A rollback is superseded by what is neither the snapshot nor what failed, unless the breaker is open. */
    private boolean fixesForward(RollingBack r) {
        boolean sameAgain = !r.wayBack() && r.course().fromRevision().equals(Optional.of(s.revision()));
        return Wish.rolloutWanted(o) && !sameAgain && !(o.state().breaker() instanceof Breaker.Open);
    }

    private Optional<Plan> wayBack() {
        Worker astray = force.slots().values().stream()
                .flatMap(List::stream)
                .filter(w -> !Wish.isSnapshot(o, w.revision()))
                .findFirst()
                .orElseThrow();
        return ready()
                ? Optional.of(
                        transitions.wayBack(astray.revision(), astray.pod().version(), done()))
                : Optional.empty();
    }

    private Optional<Plan> comeBack(RollingOut r) {
        boolean astray =
                force.slots().values().stream().flatMap(List::stream).anyMatch(w -> !Wish.isSnapshot(o, w.revision()));
        return Optional.of(transitions.comeBack(r, astray, done()));
    }

    private int done() {
        return Steps.done(o, force, s.revision());
    }

    // ---- one step

    private Optional<Plan> step() {
        if (s.replicas() == 0) {
            return Optional.empty();
        }
        return switch (o.state().rollout()) {
            case Idle idle when o.state().snapshot().isEmpty() -> fill();
            case Idle idle -> Optional.empty();
            case RollingOut r -> Wish.standsStill(o) ? Optional.empty() : rollOut(r);
            case RollingBack r -> Wish.standsStill(o) ? Optional.empty() : rollBack(r);
        };
    }

    private Optional<Plan> rollOut(RollingOut r) {
        Steps steps = steps(Steps.Mode.OUT, r.course().toRevision());
        return steps.tidy()
                .or(() -> steps.complete() ? Optional.of(transitions.succeed(r, s.replicas())) : Optional.empty())
                .or(() -> steps.failure().map(f -> failed(r, f)))
                .or(() -> progressed(r.course()))
                .or(steps::next);
    }

    private Optional<Plan> rollBack(RollingBack r) {
        Steps steps = steps(Steps.Mode.BACK, r.course().toRevision());
        return steps.tidy()
                .or(() -> steps.complete() ? Optional.of(transitions.rolledBack(r, s.replicas())) : Optional.empty())
                .or(() -> steps.failure().map(f -> failed(r, f)))
                .or(() -> progressed(r.course()))
                .or(steps::next);
    }

    /** The first fill; its workers are all made at once, so that steps are needed only when the spec changed meanwhile. */
    private Optional<Plan> fill() {
        o.state().fillStartedAt().ifPresent(since -> agenda.wakeAt(since.plus(s.progressDeadline())));
        if (!ready()) {
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
        return s.paused() ? Optional.empty() : steps.tidy().or(steps::next);
    }

    private Steps steps(Steps.Mode mode, String target) {
        return new Steps(o, force, staffing, agenda, mode, target);
    }

    private Optional<Plan> progressed(Rollout.Course course) {
        int done = Steps.done(o, force, course.toRevision());
        if (done == course.done() || (done > course.done() && done == s.replicas() && force.available() == done)) {
            return Optional.empty(); // the end of the last step is told with the end of the rollout
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

    // ---- records, and rest

    /** Numbers the snapshot as the newest good revision and drops what nothing needs any more. */
    private Optional<Plan> keepRecords() {
        if (!(o.state().rollout() instanceof Idle) || o.state().snapshot().isEmpty()) {
            return Optional.empty();
        }
        String snapshot = o.state().snapshot().get().revision();
        long newest = o.records().values().stream().mapToLong(n -> n).max().orElse(0);
        Long number = o.records().get(snapshot);
        if (number != null && (number == 0 || number < newest)) {
            return Optional.of(agenda.act(new Action.PromoteRevision(snapshot, newest + 1)));
        }
        if (s.revision().equals(snapshot) || Wish.hasFailed(o, s.revision())) {
            Optional<Plan> again =
                    Wish.hasFailed(o, s.revision()) && !o.records().containsKey(s.revision()) && !heldByObstacle()
                            ? Optional.of(agenda.act(new Action.KeepRevision(s.revision())))
                            : keepSpec();
            if (again.isPresent()) {
                return again;
            }
        }
        return dropRecord(snapshot);
    }

    private Optional<Plan> dropRecord(String snapshot) {
        List<String> spare = o.records().entrySet().stream()
                .filter(r -> !r.getKey().equals(snapshot) && !r.getKey().equals(s.revision()))
                .filter(r -> o.workers().stream().noneMatch(w -> w.revision().equals(r.getKey())))
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(Map.Entry::getKey)
                .toList();
        List<String> good = spare.stream()
                .filter(r -> o.records().get(r) > 0)
                .limit(s.revisionHistoryLimit())
                .toList();
        return spare.stream()
                .filter(r -> !good.contains(r))
                .findFirst()
                .map(r -> agenda.act(new Action.DropRevision(r)));
    }

    private Plan rest() {
        if (o.state().breaker() instanceof Breaker.Open open) {
            agenda.wakeAt(open.retryAt());
        }
        o.state().failed().flatMap(State.Failed::nextRetry).ifPresent(agenda::wakeAt);
        Wish.refusal(o).ifPresent(refused -> agenda.wakeAt(refused.askAgainAt()));
        return agenda.rest();
    }
}
