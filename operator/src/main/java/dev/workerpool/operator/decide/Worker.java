package dev.workerpool.operator.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A pod and what this operator process saw of it with its own clock (never from a pod's timestamps; a new process starts
 * anew).
 *
 * @param pod what the pod says
 * @param readySince when it was first seen ready, without a break since
 * @param unreadySince when it was first seen not ready, without a break since
 * @param runningSince when its containers were first seen running
 * @param stoodStill how long the rollout stood still while it was running and not ready, without a break since
 * @param exits exits of its containers that this process saw since it first saw the pod, or since the rollout began
 * @param everReady whether it was ever seen ready, or may have been before this process started
 * @param proven whether it has passed the gate once, or may have before this process started; outside a rollout readiness is
 *     all that is asked
 * @param leavingSince when it was first seen terminating or ended
 * @param removal who made it go, once it is terminating
 * @param check the operator's own verification of it
 */
public record Worker(
        PodFacts pod,
        Optional<Instant> readySince,
        Optional<Instant> unreadySince,
        Optional<Instant> runningSince,
        Duration stoodStill,
        int exits,
        boolean everReady,
        boolean proven,
        Optional<Instant> leavingSince,
        Removal removal,
        Check check) {

    /** Who made a worker go. */
    public enum Removal {
        /** It stays. */
        NONE,
        /** A rollout or rollback of this process, or of one before it (then nobody can tell, and this is the safe guess). */
        ROLLOUT,
        /** Anybody else: a user, a node, scaling down. */
        OTHERS
    }

    /** Answers to the operator's own verification (contract, section 1, {@code rollout.verification}). */
    public record Check(boolean passed, int failures, Optional<Instant> lastAttempt, String message) {
        public static final Check NONE = new Check(false, 0, Optional.empty(), "");
    }

    public int slot() {
        return pod.slot();
    }

    public String name() {
        return pod.name();
    }

    public String revision() {
        return pod.revision();
    }

    public boolean live() {
        return pod.live();
    }

    public boolean available() {
        return pod.available();
    }
}
