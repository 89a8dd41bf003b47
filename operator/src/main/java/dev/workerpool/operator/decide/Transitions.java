package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Event.Kind;
import dev.workerpool.operator.decide.Rollout.Course;
import dev.workerpool.operator.decide.Rollout.Idle;
import dev.workerpool.operator.decide.Rollout.RollingBack;
import dev.workerpool.operator.decide.Rollout.RollingOut;
import dev.workerpool.operator.decide.State.Failed;
import dev.workerpool.operator.decide.State.Failure;
import dev.workerpool.operator.decide.State.Result;
import dev.workerpool.operator.decide.State.Snapshot;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The moves of {@link Rollout}, each as the state that is written before anything is done on it. */
final class Transitions {
    private static final Duration FIRST_RETRY = Duration.ofSeconds(10);
    /** 10 s doubled 15 times is four days; further doubling would only overflow. */
    private static final int MOST_DOUBLINGS = 15;

    private final Observation o;
    private final Settings s;
    private final Agenda agenda;
    private final List<Event> events = new ArrayList<>();

    Transitions(Observation o, Agenda agenda) {
        this.o = o;
        this.s = o.settings();
        this.agenda = agenda;
    }

    /** Idle => RollingOut. {@code done} workers are on the target already. */
    Plan begin(boolean fromZero, int done) {
        return agenda.record(begun(o.state(), fromZero, done), events);
    }

    /** Idle => RollingBack without a history entry. */
    Plan wayBack(String fromRevision, String fromVersion, int done) {
        return agenda.record(turnedBack(o.state(), fromRevision, fromVersion, done), events);
    }

    /** RollingOut => RollingOut: the spec asks for another revision. */
    Plan supersede(RollingOut old, int done) {
        return agenda.record(begun(superseded(old), false, done), events);
    }

    /** RollingOut => RollingBack, or Idle if no worker has to go back: the spec is the snapshot again. */
    Plan comeBack(RollingOut old, boolean anythingToUndo, int done) {
        Course c = old.course();
        State ended = superseded(old);
        return agenda.record(
                anythingToUndo ? turnedBack(ended, c.toRevision(), c.toVersion(), done) : ended.with(new Idle()),
                events);
    }

    /** RollingBack => RollingOut: fix forward. */
    Plan supersede(RollingBack old, int done) {
        State ended = old.wayBack()
                ? o.state()
                : Endings.add(
                        o,
                        o.state(),
                        Endings.ofRollout(old),
                        Result.Failed,
                        Endings.stillOn(o, old),
                        "superseded during the rollback: " + lastFailure());
        return agenda.record(begun(ended, false, done), events);
    }

    /** RollingOut or RollingBack => Idle, at replicas 0. */
    Plan endAtZero() {
        String why = "spec.replicas was set to 0";
        State next =
                switch (o.state().rollout()) {
                    case RollingOut r -> superseded(r);
                    case RollingBack r
                    when !r.wayBack() -> {
                        State ended = Endings.add(
                                o, o.state(), Endings.ofRollout(r), Result.Failed, Endings.stillOn(o, r), why);
                        yield ended.withFailed(ended.failed()
                                .map(f -> new Failed(
                                        f.revision(), f.attempts(), f.nextRetry(), Optional.of(Result.Failed))));
                    }
                    case RollingBack r -> o.state();
                    case Idle idle -> o.state();
                };
        return agenda.record(next.with(new Idle()), events);
    }

    /** RollingOut => Idle: all at the target and available. The target becomes the snapshot, the breaker closes. */
    Plan succeed(RollingOut r, int workers) {
        Course c = r.course();
        events.add(
                new Event(Kind.RolloutSucceeded, workers + " of " + workers + " workers run version " + c.toVersion()));
        if (!(o.state().breaker() instanceof Breaker.Closed)) {
            events.add(new Event(Kind.CircuitBreakerClosed, "the rollout of version " + c.toVersion() + " succeeded"));
        }
        State ended = Endings.add(o, o.state(), c, Result.Succeeded, workers, "");
        return agenda.record(
                ended.with(new Idle())
                        .with(o.state().breaker().closed())
                        .withFailed(Optional.empty())
                        .withSnapshot(new Snapshot(c.toRevision(), c.toVersion())),
                events);
    }

    /** RollingBack => Idle: all at the snapshot and available. */
    Plan rolledBack(RollingBack r, int workers) {
        Course c = r.course();
        events.add(new Event(
                Kind.RollbackSucceeded,
                workers + " of " + workers + " workers run version " + c.toVersion() + " again"));
        if (r.wayBack()) {
            return agenda.record(o.state().with(new Idle()), events);
        }
        State ended = Endings.add(o, o.state(), Endings.ofRollout(r), Result.RolledBack, 0, lastFailure());
        Optional<Failed> failed = ended.failed()
                .map(f ->
                        new Failed(f.revision(), f.attempts(), retryAt(f.attempts()), Optional.of(Result.RolledBack)));
        return agenda.record(ended.with(new Idle()).withFailed(failed), events);
    }

    /** RollingOut => RollingBack, or Idle with onFailure Pause or when there is nothing to go back to. */
    Plan fail(RollingOut r, Failure failure, boolean canGoBack, int done, int doneBack) {
        Course c = r.course();
        Breaker breaker = o.state().breaker().failed(o.now(), s.failureThreshold(), s.resetTimeout());
        events.add(new Event(Kind.RolloutFailed, "version " + c.toVersion() + ": " + Endings.text(failure)));
        if (breaker instanceof Breaker.Open open) {
            events.add(new Event(
                    Kind.CircuitBreakerOpened,
                    open.failures() + " rollouts in a row failed: none starts before " + Agenda.clock(open.retryAt())));
        }
        State failed = o.state().with(breaker).withLastFailure(failure);
        if (s.pauseOnFailure() || !canGoBack) {
            String note = s.pauseOnFailure()
                    ? Endings.text(failure)
                    : "nothing to go back to, the snapshot's record is gone; " + Endings.text(failure);
            Failed f = new Failed(
                    c.toRevision(),
                    r.attempt(),
                    s.pauseOnFailure() ? retryAt(r.attempt()) : Optional.empty(),
                    Optional.of(Result.Failed));
            return agenda.record(
                    Endings.add(o, failed, c, Result.Failed, done, note)
                            .with(new Idle())
                            .withFailed(Optional.of(f)),
                    events);
        }
        Snapshot snapshot = o.state().snapshot().orElseThrow();
        agenda.waiting("broken workers go at once, the others go back to version " + snapshot.version()
                + " one step after another");
        events.add(new Event(Kind.RollbackStarted, "from version " + c.toVersion() + " to " + snapshot.version()));
        Course back = new Course(
                c.toVersion(),
                Optional.of(c.toRevision()),
                snapshot.version(),
                snapshot.revision(),
                c.startedAt(),
                o.now(),
                Optional.empty(),
                Duration.ZERO,
                doneBack);
        return agenda.record(
                failed.with(new RollingBack(back, Optional.of(r.attempt())))
                        .withFailed(Optional.of(
                                new Failed(c.toRevision(), r.attempt(), Optional.empty(), Optional.empty()))),
                events);
    }

    /** RollingBack => Idle: a rollback is never rolled back; everything that serves is kept. */
    Plan failBack(RollingBack r, Failure failure) {
        Course c = r.course();
        events.add(new Event(Kind.RollbackFailed, "to version " + c.toVersion() + ": " + Endings.text(failure)));
        State failed = o.state().withLastFailure(failure).with(new Idle());
        if (!r.wayBack()) {
            failed = Endings.add(
                    o,
                    failed,
                    Endings.ofRollout(r),
                    Result.RollbackFailed,
                    Endings.stillOn(o, r),
                    Endings.text(failure));
        }
        boolean specIsSnapshot = s.revision().equals(c.toRevision());
        Optional<Failed> rests = specIsSnapshot
                ? Optional.of(new Failed(c.toRevision(), 1, Optional.empty(), Optional.of(Result.RollbackFailed)))
                : failed.failed()
                        .map(f -> new Failed(
                                f.revision(), f.attempts(), Optional.empty(), Optional.of(Result.RollbackFailed)));
        return agenda.record(failed.withFailed(rests), events);
    }

    /** RollingBack => Idle: somebody deleted the snapshot's record, so that no worker of it can be made; nothing is removed. */
    Plan abandonBack(RollingBack r) {
        Failure failure = failure(
                Optional.empty(),
                r.course().toVersion(),
                r.course().toRevision(),
                new PodFacts.Problem(
                        "SnapshotRecordGone",
                        "the ControllerRevision of the snapshot " + r.course().toRevision()
                                + " was deleted; apply a new spec.version",
                        Optional.empty()));
        State next = r.wayBack()
                ? o.state()
                : Endings.add(
                        o,
                        o.state(),
                        Endings.ofRollout(r),
                        Result.Failed,
                        Endings.stillOn(o, r),
                        Endings.text(failure));
        events.add(new Event(Kind.RollbackFailed, Endings.text(failure)));
        Optional<Failed> rests = next.failed()
                .map(f -> new Failed(f.revision(), f.attempts(), Optional.empty(), Optional.of(Result.Failed)));
        return agenda.record(next.with(new Idle()).withFailed(rests).withLastFailure(failure), events);
    }

    /** What is remembered of a failure; the exit code and log are added by whoever can read them. */
    Failure failure(Optional<Worker> worker, String version, String revision, PodFacts.Problem problem) {
        return new Failure(
                version,
                revision,
                worker.map(Worker::name).orElse(""),
                problem.reason(),
                problem.message(),
                problem.exitCode(),
                Optional.empty(),
                o.now());
    }

    private State begun(State from, boolean fromZero, int done) {
        Snapshot snapshot = from.snapshot().orElseThrow();
        boolean again =
                from.failed().map(f -> f.revision().equals(s.revision())).orElse(false);
        int attempt = again ? from.failed().get().attempts() + 1 : 1;
        boolean trial = from.breaker() instanceof Breaker.HalfOpen;
        events.add(new Event(
                Kind.RolloutStarted,
                "from version " + snapshot.version() + " to " + s.version()
                        + (attempt > 1 ? ", attempt " + attempt : "")
                        + (trial ? ", on trial: the circuit breaker is half-open" : "")));
        agenda.waiting("worker 1 of " + s.replicas() + " is next");
        Course course = new Course(
                snapshot.version(),
                fromZero ? Optional.empty() : Optional.of(snapshot.revision()),
                s.version(),
                s.revision(),
                o.now(),
                o.now(),
                s.paused() ? Optional.of(o.now()) : Optional.empty(),
                Duration.ZERO,
                done);
        return from.withFailed(Optional.empty()).with(new RollingOut(course, attempt, trial));
    }

    private State turnedBack(State from, String fromRevision, String fromVersion, int done) {
        Snapshot snapshot = from.snapshot().orElseThrow();
        agenda.waiting("the workers go back to version " + snapshot.version() + " one step after another");
        events.add(new Event(Kind.RollbackStarted, "the spec asks for version " + snapshot.version() + " again"));
        Course course = new Course(
                fromVersion,
                Optional.of(fromRevision),
                snapshot.version(),
                snapshot.revision(),
                o.now(),
                o.now(),
                s.paused() ? Optional.of(o.now()) : Optional.empty(),
                Duration.ZERO,
                done);
        return from.with(new RollingBack(course, Optional.empty()));
    }

    private State superseded(RollingOut r) {
        Course c = r.course();
        String why =
                s.replicas() == 0 ? "spec.replicas was set to 0" : "the spec asks for version " + s.version() + " now";
        events.add(new Event(Kind.RolloutSuperseded, "the rollout of version " + c.toVersion() + " ended: " + why));
        return Endings.add(o, o.state(), c, Result.Superseded, c.done(), why);
    }

    private Optional<Instant> retryAt(int attempts) {
        return attempts > s.retryLimit()
                ? Optional.empty()
                : Optional.of(o.now().plus(retryDelay(attempts)));
    }

    /** After so many attempts, from the last failure to the next attempt. */
    static Duration retryDelay(int attempts) {
        return FIRST_RETRY.multipliedBy(1L << Math.min(attempts - 1, MOST_DOUBLINGS));
    }

    private String lastFailure() {
        return o.state().lastFailure().map(Endings::text).orElse("");
    }
}
