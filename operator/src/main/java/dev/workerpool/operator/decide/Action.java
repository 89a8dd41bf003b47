package dev.workerpool.operator.decide;

/** One call to the API server, or one question to a worker. */
public sealed interface Action {
    /** Make the pod {@code <pool>-<slot>-<generation>}. A 409 means the name is taken: look who holds it. */
    record Create(int slot, int generation, String revision) implements Action {}

    /** Remove a ready worker, asking the PodDisruptionBudgets; guarded by UID. */
    record Evict(PodFacts pod) implements Action {}

    /**
     * Remove a worker; guarded by UID and resourceVersion.
     *
     * @param byRollout whether a rollout or rollback removes it: then it counts for I2 until it is gone
     */
    record Delete(PodFacts pod, boolean byRollout) implements Action {}

    /** Ask admission about a pod of the spec, for the slot and generation that would be made first. */
    record DryRun(int slot, int generation) implements Action {}

    /** Keep the spec as a ControllerRevision. */
    record KeepRevision(String revision) implements Action {}

    /** Number a revision that became the snapshot as the newest good one. */
    record PromoteRevision(String revision, long number) implements Action {}

    /** Delete the record of a revision that nothing needs any more. */
    record DropRevision(String revision) implements Action {}

    /** Ask a new worker once whether it is healthy. */
    record Verify(PodFacts pod) implements Action {}
}
