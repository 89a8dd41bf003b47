package dev.workerpool.operator.decide;

import java.time.Duration;
import java.util.Optional;

/**
 * What one pod of the pool says of itself, free of any clock.
 *
 * @param name of the pod
 * @param uid of the pod
 * @param resourceVersion as read; a precondition of deletes
 * @param slot from 1, the worker's {@code WORKER_ID}
 * @param generation from 0, counted within the slot
 * @param revision hash of what it was made from
 * @param version it was made from
 * @param terminating whether a deletion has begun
 * @param ended whether its phase is Succeeded or Failed: evicted by a node, preempted, refused by a node
 * @param ready its Ready condition
 * @param readyMark changes whenever {@code ready} does, so that a flap between two looks is seen; compared, never computed with
 * @param running whether all its containers have started at least once (init containers are done)
 * @param nodeLost Ready is false although all its containers are ready: its node does not answer
 * @param exits restarts of its containers and sidecars, and containers that have exited and not started again
 * @param crash the newest exit of a container, if {@code exits} is above 0
 * @param fault what no waiting mends: an invalid image name, a refused pull, a failed init container
 * @param blocked whom it waits for, if anyone: unschedulable, a missing ConfigMap, a registry that does not answer
 * @param unreadyBecause what keeps it from being ready and can be named: an init container that runs, a readiness gate, its lost node
 * @param deletionCost {@code controller.kubernetes.io/pod-deletion-cost}, 0 if absent
 * @param grace from its deletion to its SIGKILL: the longer of its own and its deletion's, whatever the spec says by now
 */
public record PodFacts(
        String name,
        String uid,
        String resourceVersion,
        int slot,
        int generation,
        String revision,
        String version,
        boolean terminating,
        boolean ended,
        boolean ready,
        String readyMark,
        boolean running,
        boolean nodeLost,
        int exits,
        Optional<Problem> crash,
        Optional<Problem> fault,
        Optional<String> blocked,
        Optional<String> unreadyBecause,
        int deletionCost,
        Duration grace) {

    /** Why a pod failed: a CamelCase reason, a sentence for people, and the exit code if a container exited. */
    public record Problem(String reason, String message, Optional<Integer> exitCode) {}

    /** Neither terminating nor ended. */
    public boolean live() {
        return !terminating && !ended;
    }

    /** The same pod, with whom it waits for as somebody else told. */
    public PodFacts withBlocked(Optional<String> by) {
        return new PodFacts(
                name,
                uid,
                resourceVersion,
                slot,
                generation,
                revision,
                version,
                terminating,
                ended,
                ready,
                readyMark,
                running,
                nodeLost,
                exits,
                crash,
                fault,
                by,
                unreadyBecause,
                deletionCost,
                grace);
    }

    /** Live and ready: what a Service counts on. */
    public boolean available() {
        return live() && ready;
    }
}
