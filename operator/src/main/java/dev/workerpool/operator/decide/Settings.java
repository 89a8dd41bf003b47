package dev.workerpool.operator.decide;

import java.time.Duration;
import java.util.Optional;

/**
 * The spec with every default filled in and every percentage resolved (contract, section 1).
 *
 * @param version what the user calls the version
 * @param revision hash of what a pod of this spec is made from
 * @param replicas workers wanted, 0 or more
 * @param paused whether rollouts and rollbacks stand still
 * @param retry value of the annotation {@code workerpool.dev/retry}
 * @param maxSurge workers replaced at the same time, 1 or more
 * @param minReady how long a new worker must stay ready before an old one may go
 * @param readyTimeout how long a new worker may run without being ready
 * @param progressDeadline how long one step may take in all
 * @param pause between one step and the next
 * @param terminationComplete whether the next step waits until the old worker is gone
 * @param verification the operator's own check of a new worker, if any
 * @param pauseOnFailure whether a failed rollout is left as it stands instead of rolled back
 * @param retryLimit how often a failed revision is tried again by itself
 * @param failureThreshold failed rollouts in a row that open the breaker, 1 or more
 * @param resetTimeout from the last failure to the trial
 * @param revisionHistoryLimit good revisions kept beside snapshot and target
 * @param rolloutHistoryLimit finished rollouts kept, 0 to 100
 */
public record Settings(
        String version,
        String revision,
        int replicas,
        boolean paused,
        Optional<String> retry,
        int maxSurge,
        Duration minReady,
        Duration readyTimeout,
        Duration progressDeadline,
        Duration pause,
        boolean terminationComplete,
        Optional<Verification> verification,
        boolean pauseOnFailure,
        int retryLimit,
        int failureThreshold,
        Duration resetTimeout,
        int revisionHistoryLimit,
        int rolloutHistoryLimit) {

    /** How often and how far apart a new worker is asked for its health. */
    public record Verification(int attempts, Duration period) {}

    /** I2: live pods at any time; a long, for both numbers may be as large as an int. */
    public long mostPods() {
        return (long) replicas + maxSurge;
    }
}
