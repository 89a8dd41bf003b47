package dev.workerpool.operator.report;

import dev.workerpool.api.Reason;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.decide.Wish;
import java.time.Instant;
import java.util.Optional;

/**
 * Why the pool is, or is not, as the spec asks: the first reason that holds, in the order of the contract's table
 * (section 6). Messages say what happened, to which worker, and what to do next; none of them counts or ages.
 */
record Readiness(Reason reason, String message) {
    private static final String TRY_AGAIN =
            "apply a new spec.version, or annotate with workerpool.dev/retry=<any new value> to try again";

    /** The message there changes with each step, and one of a condition should not. */
    private static final String RUNS = " runs; status.rollout.message says what it waits for";

    /**
     * @param o as it is remembered after this pass
     * @param before the reason that stands in status: it tells a worker that scaling added from one that was healed
     */
    static Readiness of(Observation o, Plan plan, Optional<Reason> before) {
        boolean wanted = Wish.rolloutWanted(o) || Wish.wayBackDue(o) || Workers.refills(o);
        boolean runs = !(o.state().rollout() instanceof Rollout.Idle);
        if (o.settings().paused() && (runs || wanted)) {
            return new Readiness(
                    Reason.Paused,
                    "spec.paused is true: " + (runs ? course(o) + " stands still" : target(o) + " is not rolled out")
                            + "; set spec.paused to false to go on");
        }
        if (o.state().rollout() instanceof Rollout.RollingBack r) {
            return new Readiness(Reason.RollingBack, course(o) + (r.wayBack() ? "" : because(o, " (", ")")) + RUNS);
        }
        Optional<Verdict.Refused> refusal = Wish.refusal(o);
        if (refusal.isPresent()) {
            return new Readiness(reason(refusal.get()), refusal.get().message());
        }
        if (runs) {
            return new Readiness(Reason.RollingOut, course(o) + RUNS);
        }
        if (Wish.rolloutWanted(o) && o.state().breaker() instanceof Breaker.Open open) {
            return new Readiness(Reason.CircuitBreakerOpen, target(o) + " is not rolled out: " + tooMany(open));
        }
        return failed(o)
                .or(() -> Wish.rolloutWanted(o) || Wish.wayBackDue(o)
                        ? Optional.of(new Readiness(Reason.RollingOut, target(o) + " is rolled out next"))
                        : Optional.empty())
                .or(() -> filling(o, plan))
                .or(() -> Workers.scalingOrHealing(o, before))
                .orElseGet(() -> new Readiness(
                        Reason.UpToDate,
                        "all workers run " + target(o) + " and are available (spec.replicas: "
                                + o.settings().replicas() + ")"));
    }

    private static Reason reason(Verdict.Refused refused) {
        return refused.reason().equals(Reason.NoReadinessProbe.name())
                ? Reason.NoReadinessProbe
                : Reason.InvalidTemplate;
    }

    /** What a failed revision left behind, while the spec asks for it and it is not to be tried again now. */
    private static Optional<Readiness> failed(Observation o) {
        Optional<State.Failed> failed = o.state()
                .failed()
                .filter(f -> f.revision().equals(o.settings().revision()))
                .filter(f -> !Wish.rolloutWanted(o));
        return failed.flatMap(State.Failed::result).flatMap(result -> switch (result) {
            case RolledBack -> Optional.of(rolledBack(o));
            case RollbackFailed ->
                Optional.of(new Readiness(
                        Reason.RollbackFailed,
                        "the workers could not be brought back to " + snapshot(o) + because(o, ": ")
                                + "; every serving worker is kept as it is; " + TRY_AGAIN));
            case Failed ->
                Optional.of(new Readiness(
                        Reason.RolloutFailed, target(o) + " failed" + because(o, ": ") + kept(o) + next(o)));
            case Succeeded, Superseded -> Optional.empty();
        });
    }

    private static Readiness rolledBack(Observation o) {
        return new Readiness(
                Reason.RolledBack,
                target(o) + " failed" + because(o, " (", ")") + " and the workers are back at " + snapshot(o)
                        + next(o));
    }

    private static String kept(Observation o) {
        if (o.settings().pauseOnFailure()) {
            return "; nothing was removed (rollout.onFailure is Pause)";
        }
        boolean recorded = o.state()
                .snapshot()
                .filter(s -> o.records().containsKey(s.revision()))
                .isPresent();
        return recorded ? "" : "; nothing was removed, for the ControllerRevision of the last good version is gone";
    }

    /** What comes of it: a retry by itself, which an open breaker holds, or nothing without a person. */
    private static String next(Observation o) {
        Instant held = o.state().breaker() instanceof Breaker.Open open ? open.retryAt() : Instant.MIN;
        return "; "
                + Wish.nextRetry(o)
                        .map(due -> "it is tried again at " + Times.clock(due.isBefore(held) ? held : due))
                        .orElse(TRY_AGAIN);
    }

    private static Optional<Readiness> filling(Observation o, Plan plan) {
        if (o.state().snapshot().isPresent() || Workers.asAsked(o)) {
            return Optional.empty();
        }
        boolean late = o.state()
                .fillStartedAt()
                .map(t -> !o.now().isBefore(t.plus(o.settings().progressDeadline())))
                .orElse(false);
        if (!late) {
            return Optional.of(new Readiness(Reason.Filling, "the first workers start with " + target(o)));
        }
        return Optional.of(new Readiness(
                Reason.NoSnapshot,
                "the first workers, of " + target(o) + ", did not all become available within "
                        + o.settings().progressDeadline().toSeconds() + " s"
                        + plan.blocked()
                                .or(() -> Workers.trouble(o))
                                .map(t -> " (" + t + ")")
                                .orElse("")
                        + "; there is no good version to go back to: mend what keeps it, or apply a spec that works"));
    }

    /** The breaker's state for people. */
    static String tooMany(Breaker.Open open) {
        return open.failures() + (open.failures() == 1 ? " rollout" : " rollouts in a row") + " failed; next trial at "
                + Times.clock(open.retryAt())
                + ", or annotate with workerpool.dev/retry=<any new value> to try at once";
    }

    private static String target(Observation o) {
        return "version " + o.settings().version();
    }

    private static String snapshot(Observation o) {
        return o.state().snapshot().map(State.Snapshot::version).orElse("the last good version");
    }

    private static String course(Observation o) {
        return switch (o.state().rollout()) {
            case Rollout.Idle idle -> "";
            case Rollout.RollingOut r -> "the rollout of version " + r.course().toVersion();
            case Rollout.RollingBack r ->
                (r.wayBack() ? "the way back to version " : "the rollback to version ")
                        + r.course().toVersion();
        };
    }

    private static String because(Observation o, String before) {
        return because(o, before, "");
    }

    private static String because(Observation o, String before, String after) {
        return o.state()
                .lastFailure()
                .map(f -> before + (f.pod().isEmpty() ? "" : f.pod() + ": ") + Text.line(f.message(), 300) + after)
                .orElse("");
    }
}
