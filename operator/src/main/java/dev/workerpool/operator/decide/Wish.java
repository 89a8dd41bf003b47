package dev.workerpool.operator.decide;

import java.time.Instant;
import java.util.Optional;

/** What the spec wants of the pool right now; shared by the planner and by those who explain it to the user. */
public final class Wish {
    private Wish() {}

    /**
     * A rollout is wanted when the spec's revision is neither the snapshot's nor the failed one, or a retry of that one is
     * due (contract, section 5). Without a snapshot it is a fill; at replicas 0 it waits.
     */
    public static boolean rolloutWanted(Observation o) {
        Settings s = o.settings();
        if (o.state().snapshot().isEmpty() || s.replicas() == 0) {
            return false;
        }
        if (isSnapshot(o, s.revision())) {
            return false;
        }
        return !hasFailed(o, s.revision()) || retryDue(o);
    }

    /** The spec is the snapshot, nothing runs, and a worker is of another revision (contract, section 5, last paragraph). */
    public static boolean wayBackDue(Observation o) {
        return o.state().rollout() instanceof Rollout.Idle
                && o.settings().replicas() > 0
                && isSnapshot(o, o.settings().revision())
                && !hasFailed(o, o.settings().revision())
                && o.workers().stream().anyMatch(w -> w.live() && !isSnapshot(o, w.revision()));
    }

    /** The refusal of the spec, if it would be a new target (contract, section 1). */
    public static Optional<Verdict.Refused> refusal(Observation o) {
        return o.verdict() instanceof Verdict.Refused refused && !accepted(o) ? Optional.of(refused) : Optional.empty();
    }

    /** Whether a pod of the spec is known to be admitted: it runs already, or admission said so. */
    static boolean accepted(Observation o) {
        String revision = o.settings().revision();
        boolean isTarget = o.state().rollout() instanceof Rollout.RollingOut r
                && r.course().toRevision().equals(revision);
        return isTarget || isSnapshot(o, revision) || o.verdict() instanceof Verdict.Accepted;
    }

    /** Whether admission has yet to say, of this spec or to this process, if the rollout that runs is superseded. */
    static boolean mayBeRefused(Observation o) {
        return !o.settings().paused()
                && o.state().rollout() instanceof Rollout.RollingOut
                && o.verdict() instanceof Verdict.Unknown
                && !accepted(o);
    }

    /**
     * Why a running rollout stands still, in a sentence, if it does: paused, or superseded by a spec that is refused, or of
     * which no record can be kept; a rollback only if paused.
     */
    static Optional<String> standstill(Observation o) {
        if (o.settings().paused()) {
            return Optional.of("stands still: spec.paused is true; set it to false to go on");
        }
        if (!(o.state().rollout() instanceof Rollout.RollingOut r)) {
            return Optional.empty();
        }
        String asked = "stands still: version " + o.settings().version() + ", which the spec asks for now, ";
        return refusal(o)
                .map(refused -> asked + "is refused; correct the spec and apply it again")
                .or(() -> unrecorded(o, r).map(why -> asked + "cannot be kept yet: " + why));
    }

    /** Why nothing can be made of the spec yet, although it would be the new target. */
    private static Optional<String> unrecorded(Observation o, Rollout.RollingOut r) {
        String revision = o.settings().revision();
        return o.recordObstacle()
                .filter(obstacle -> !r.course().toRevision().equals(revision)
                        && !isSnapshot(o, revision)
                        && !o.records().containsKey(revision))
                .map(Obstacle::message);
    }

    /** Whether a running rollout stands still. */
    static boolean standsStill(Observation o) {
        return standstill(o).isPresent();
    }

    static boolean isSnapshot(Observation o, String revision) {
        return o.state().snapshot().map(s -> s.revision().equals(revision)).orElse(false);
    }

    static boolean hasFailed(Observation o, String revision) {
        return o.state().failed().map(f -> f.revision().equals(revision)).orElse(false);
    }

    /**
     * Whether a rollback, or a first fill whose spec was changed, removes broken workers itself: those made in their place
     * are neither lost ones nor more than before.
     */
    public static boolean mends(Observation o) {
        return o.state().rollout() instanceof Rollout.RollingBack
                || o.state().snapshot().isEmpty();
    }

    /** When the failed revision is tried again by itself; at replicas 0 nothing is. */
    public static Optional<Instant> nextRetry(Observation o) {
        return o.state()
                .failed()
                .flatMap(State.Failed::nextRetry)
                .filter(at -> o.settings().replicas() > 0);
    }

    private static boolean retryDue(Observation o) {
        return !o.now().isBefore(nextRetry(o).orElse(Instant.MAX));
    }
}
