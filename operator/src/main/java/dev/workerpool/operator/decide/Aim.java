package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Rollout.Idle;
import dev.workerpool.operator.decide.Rollout.RollingBack;
import dev.workerpool.operator.decide.Rollout.RollingOut;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Where the pool heads: follows the spec from one target to the next, once a pod of it is admitted and the spec is kept as a
 * record (contract, sections 1, 3 and 5).
 */
final class Aim {
    private final Observation o;
    private final Settings s;
    private final Agenda agenda;
    private final Workforce force;
    private final Staffing staffing;
    private final Transitions transitions;

    Aim(Observation o, Workforce force, Staffing staffing, Agenda agenda) {
        this.o = o;
        this.s = o.settings();
        this.agenda = agenda;
        this.force = force;
        this.staffing = staffing;
        this.transitions = new Transitions(o, agenda);
    }

    /** The move that the spec asks for, or what has to be done before it; empty if it asks for none. */
    Optional<Plan> follow() {
        if (s.replicas() == 0) {
            return o.state().rollout() instanceof Idle ? Optional.empty() : Optional.of(transitions.endAtZero());
        }
        return switch (o.state().rollout()) {
            case Idle idle when o.state().snapshot().isEmpty() -> admit().or(this::keepSpec);
            case Idle idle when s.paused() -> Optional.empty();
            case Idle idle
            when Wish.wayBackDue(o) -> keepSpec().or(this::clearLeftovers).or(this::wayBack);
            case Idle idle
            when Wish.rolloutWanted(o) && mayBegin() ->
                admit().or(this::keepSpec).or(this::clearLeftovers).or(this::begin);
            case Idle idle -> Optional.empty();
            case RollingOut r when isTarget(r.course()) -> keepSpec();
            case RollingOut r
            when Wish.isSnapshot(o, s.revision()) -> keepSpec().or(() -> comeBack(r));
            case RollingOut r ->
                admit().or(this::keepSpec).or(() -> superseding(() -> transitions.supersede(r, done())));
            case RollingBack r
            when fixesForward(r) ->
                admit().or(this::keepSpec).or(() -> superseding(() -> transitions.supersede(r, done())));
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
        return Wish.accepted(o) ? keepAgain() : Optional.empty();
    }

    /** The same for a spec that was admitted once, whatever is known of that now. */
    Optional<Plan> keepAgain() {
        if (o.records().containsKey(s.revision())
                || o.recordObstacle().map(staffing::holds).orElse(false)) {
            return Optional.empty();
        }
        return Optional.of(agenda.act(new Action.KeepRevision(s.revision())));
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
        return leftovers()
                .filter(w -> !staffing.isKept(w))
                .findFirst()
                .filter(w -> ready()) // else it could not be made anew
                .map(w -> agenda.act(w.available() ? new Action.Evict(w.pod()) : new Action.Delete(w.pod(), true)));
    }

    /** They go when a time is over or a budget allows it, and would fail at once what is begun before. */
    private boolean waitsForLeftovers() {
        return leftovers().anyMatch(w -> !staffing.isUndeletable(w));
    }

    private Stream<Worker> leftovers() {
        return force.slots().values().stream()
                .flatMap(List::stream)
                .filter(w -> w.revision().equals(s.revision()) && isLeftover(w) && force.mayRemove(w));
    }

    /** It could not pass the gate any more. A worker of the snapshot that served alone in its slot is not touched. */
    private boolean isLeftover(Worker w) {
        List<Worker> old = force.slot(w.slot()).stream()
                .filter(x -> !x.revision().equals(s.revision()))
                .toList();
        if (w.available()) {
            return !Wish.isSnapshot(o, s.revision())
                    && (w.pod().exits() > 0
                            || w.check().failures() > 0 && !w.check().passed())
                    && old.stream().anyMatch(Worker::available);
        }
        return !old.isEmpty() || !w.everReady() || !Wish.isSnapshot(o, s.revision());
    }

    private Optional<Plan> begin() {
        boolean fromZero = force.slots().isEmpty() && o.lostRevisions().isEmpty();
        return ready() && !waitsForLeftovers() ? Optional.of(transitions.begin(fromZero, done())) : Optional.empty();
    }

    private Optional<Plan> superseding(Supplier<Plan> record) {
        return ready() ? Optional.of(record.get()) : Optional.empty();
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
        return ready() && !waitsForLeftovers()
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
}
