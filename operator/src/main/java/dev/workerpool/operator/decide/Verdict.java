package dev.workerpool.operator.decide;

import java.time.Instant;

/** What the API server's admission says of a pod of the spec (contract, section 1, "Refused before anything is touched"). */
public sealed interface Verdict {
    /** Not asked yet, or the pool has changed since. */
    record Unknown() implements Verdict {}

    /** Accepted, or no verdict was to be had (quota, an unreachable webhook): the rollout may begin. */
    record Accepted() implements Verdict {}

    /**
     * Refused.
     *
     * @param reason {@code InvalidTemplate} or {@code NoReadinessProbe}
     * @param message names the field and what to do
     * @param askAgainAt when to try again
     */
    record Refused(String reason, String message, Instant askAgainAt) implements Verdict {}
}
