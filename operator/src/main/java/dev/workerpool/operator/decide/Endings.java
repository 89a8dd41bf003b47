package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Rollout.Course;
import dev.workerpool.operator.decide.Rollout.RollingBack;
import dev.workerpool.operator.decide.State.Ending;
import dev.workerpool.operator.decide.State.Failure;
import dev.workerpool.operator.decide.State.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The history: how rollouts ended (contract, section 6). */
final class Endings {
    private static final int LONGEST_MESSAGE = 160;

    private Endings() {}

    /** The state with an entry for the rollout that ends now, newest first; how many are kept, status decides. */
    static State add(Observation o, State from, Course c, Result result, int workersReplaced, String message) {
        Duration took = c.startedAt().isBefore(o.now()) ? Duration.between(c.startedAt(), o.now()) : Duration.ZERO;
        Ending ending = new Ending(
                c.fromVersion(),
                c.toVersion(),
                c.toRevision(),
                c.startedAt(),
                took.toMillis(),
                workersReplaced,
                result,
                message.length() > LONGEST_MESSAGE ? message.substring(0, LONGEST_MESSAGE - 1) + "…" : message);
        List<Ending> history = new ArrayList<>(from.history());
        history.add(0, ending);
        return from.withHistory(List.copyOf(history));
    }

    /** A rollback's history speaks of the rollout that failed. */
    static Course ofRollout(RollingBack r) {
        Course c = r.course();
        return new Course(
                c.toVersion(),
                Optional.of(c.toRevision()),
                c.fromVersion(),
                c.fromRevision().orElse(""),
                c.startedAt(),
                c.stepStartedAt(),
                c.pausedSince(),
                c.pausedFor(),
                c.done());
    }

    /** Workers that a rollback has not brought back. */
    static int stillOn(Observation o, RollingBack r) {
        return Math.max(0, o.settings().replicas() - r.course().done());
    }

    /** A failure in one line: the pod, the reason, and what happened. */
    static String text(Failure f) {
        return (f.pod().isEmpty() ? "" : f.pod() + ": ") + f.reason() + ": " + f.message();
    }
}
