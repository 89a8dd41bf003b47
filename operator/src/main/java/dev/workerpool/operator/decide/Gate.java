package dev.workerpool.operator.decide;

import java.time.Instant;
import java.util.Optional;

/**
 * What stands between a new worker and the removal of the old one: ready, for minReady, with no restart, and verified
 * (contract, sections 3 and 4).
 */
sealed interface Gate {
    /** The old worker may go. */
    record Passed() implements Gate {}

    /** Nothing to do before {@code until}, if there is a time, or before the pod changes. */
    record Waiting(Optional<Instant> until, String sentence) implements Gate {}

    /** It has to be asked for its health now. */
    record Ask() implements Gate {}

    /** It will not pass. */
    record Failed(PodFacts.Problem problem) implements Gate {}

    /**
     * @param w a live worker of the target
     * @param isNew whether it has yet to prove itself: then one exit fails it; a worker that was ready once may restart once
     * @param verified whether the operator's own check is asked for: of what a rollout makes alone, not on the way back, where
     *     it may be what broke
     * @param heardAt until then a kubelet may not have been able to say that it is ready
     */
    static Gate of(Worker w, Settings s, boolean isNew, boolean verified, Instant heardAt, Instant now) {
        PodFacts pod = w.pod();
        if (pod.fault().isPresent()) {
            return new Failed(pod.fault().get());
        }
        if (isNew ? pod.exits() > 0 : w.exits() > 1) {
            return new Failed(pod.crash()
                    .orElse(new PodFacts.Problem("ContainerExited", "a container exited", Optional.empty())));
        }
        if (!pod.ready()) {
            return unready(w, s, heardAt, now);
        }
        Instant soaked = w.readySince().orElse(now).plus(s.minReady());
        if (now.isBefore(soaked)) {
            return new Waiting(Optional.of(soaked), "must stay ready until " + Agenda.clock(soaked));
        }
        return s.verification().isPresent() && verified
                ? verification(w.check(), s.verification().get(), now)
                : new Passed();
    }

    private static Gate unready(Worker w, Settings s, Instant heardAt, Instant now) {
        PodFacts pod = w.pod();
        if (pod.nodeLost()) {
            return new Waiting(
                    Optional.empty(), "is not ready: " + pod.unreadyBecause().orElse("its node does not answer"));
        }
        if (w.runningSince().isEmpty() || w.unreadySince().isEmpty()) {
            return new Waiting(
                    Optional.empty(),
                    "starts" + why(pod, " (", ")") + ", and then has "
                            + s.readyTimeout().toSeconds() + " s to become ready");
        }
        Instant since = w.runningSince().get().isAfter(w.unreadySince().get())
                ? w.runningSince().get()
                : w.unreadySince().get();
        // A paused rollout stands still, and its clocks with it (contract, section 3, "Paused").
        Instant deadline = since.plus(s.readyTimeout()).plus(w.stoodStill());
        deadline = deadline.isBefore(heardAt) ? heardAt : deadline;
        if (now.isBefore(deadline)) {
            return new Waiting(
                    Optional.of(deadline),
                    "has until " + Agenda.clock(deadline) + " to become ready" + why(pod, " (", ")"));
        }
        return new Failed(new PodFacts.Problem(
                "NotReady",
                "was not ready within " + s.readyTimeout().toSeconds() + " s of running (rollout.readyTimeoutSeconds)"
                        + why(pod, ": ", ""),
                Optional.empty()));
    }

    private static String why(PodFacts pod, String before, String after) {
        return pod.unreadyBecause().map(text -> before + text + after).orElse("");
    }

    private static Gate verification(Worker.Check check, Settings.Verification asked, Instant now) {
        if (check.passed()) {
            return new Passed();
        }
        if (check.failures() >= asked.attempts()) {
            return new Failed(new PodFacts.Problem(
                    "VerificationFailed",
                    "verification failed " + check.failures() + " times: " + check.message(),
                    Optional.empty()));
        }
        Instant next = check.lastAttempt().map(t -> t.plus(asked.period())).orElse(now);
        return now.isBefore(next)
                ? new Waiting(Optional.of(next), "is verified again at " + Agenda.clock(next))
                : new Ask();
    }
}
