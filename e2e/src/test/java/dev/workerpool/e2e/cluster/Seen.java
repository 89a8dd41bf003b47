package dev.workerpool.e2e.cluster;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolSpec;
import dev.workerpool.api.WorkerPoolSpec.PodReplacementPolicy;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What one event of a watch says, as far as the contract's invariants speak of it. */
sealed interface Seen {
    /** When it arrived. */
    Instant at();

    /** The API server's: all events, of pods and of pools, happened in this order. */
    long version();

    /**
     * @param gone it is deleted for good
     * @param pool UID of the pool that controls it and whose label it bears; empty for any other pod
     * @param readySince by the node's clock, in whole seconds: never later than it really became ready
     * @param evicted by the eviction API
     */
    record PodSeen(
            Instant at,
            long version,
            boolean gone,
            String uid,
            String name,
            String pool,
            int slot,
            int generation,
            String revision,
            boolean ready,
            Instant readySince,
            boolean terminating,
            boolean ended,
            boolean evicted,
            long graceSeconds)
            implements Seen {

        boolean live() {
            return !gone && !terminating && !ended && !pool.isEmpty();
        }

        boolean available() {
            return live() && ready;
        }
    }

    /**
     * @param target revision that a rollout or rollback goes to; empty when none runs
     * @param failed revision that failed and is remembered; empty if none is
     * @param recorded whether the history gets an entry of what runs
     */
    record PoolSeen(
            Instant at,
            long version,
            String uid,
            String name,
            int replicas,
            int maxSurge,
            int minReadySeconds,
            boolean terminationComplete,
            boolean paused,
            String snapshot,
            String target,
            String failed,
            Phase phase,
            String startedAt,
            boolean recorded,
            BreakerState breaker,
            int failures,
            List<HistoryEntry> history)
            implements Seen {}

    static PodSeen of(Instant at, boolean gone, Pod pod) {
        var meta = pod.getMetadata();
        Map<String, String> labels = meta.getLabels() == null ? Map.of() : meta.getLabels();
        String pool = meta.getOwnerReferences().stream()
                .filter(o ->
                        Boolean.TRUE.equals(o.getController()) && o.getKind().equals("WorkerPool"))
                .filter(o -> o.getName().equals(labels.get("workerpool.dev/pool")))
                .map(OwnerReference::getUid)
                .findFirst()
                .orElse("");
        var conditions = pod.getStatus().getConditions();
        var ready = conditions.stream()
                .filter(c -> c.getType().equals("Ready") && c.getStatus().equals("True"))
                .findFirst();
        int generation = meta.getName().lastIndexOf('-') + 1;
        return new PodSeen(
                at,
                Long.parseLong(meta.getResourceVersion()),
                gone,
                meta.getUid(),
                meta.getName(),
                pool,
                Integer.parseInt(labels.getOrDefault("workerpool.dev/worker", "0")),
                Integer.parseInt(meta.getName().substring(generation)),
                labels.getOrDefault("workerpool.dev/revision", ""),
                ready.isPresent(),
                ready.map(c -> Instant.parse(c.getLastTransitionTime())).orElse(Instant.MAX),
                meta.getDeletionTimestamp() != null,
                List.of("Failed", "Succeeded").contains(pod.getStatus().getPhase()),
                conditions.stream()
                        .anyMatch(c -> c.getType().equals("DisruptionTarget")
                                && "EvictionByEvictionAPI".equals(c.getReason())),
                Optional.ofNullable(pod.getSpec().getTerminationGracePeriodSeconds())
                        .orElse(30L));
    }

    static PoolSeen of(Instant at, WorkerPool pool) {
        WorkerPoolSpec spec = pool.getSpec();
        var status = Optional.ofNullable(pool.getStatus());
        var rollout = status.map(WorkerPoolStatus::rollout);
        var breaker = status.map(WorkerPoolStatus::circuitBreaker);
        return new PoolSeen(
                at,
                Long.parseLong(pool.getMetadata().getResourceVersion()),
                pool.getMetadata().getUid(),
                pool.getMetadata().getName(),
                spec.replicas(),
                surge(spec),
                spec.rollout().minReadySeconds(),
                spec.rollout().podReplacementPolicy() == PodReplacementPolicy.TerminationComplete,
                spec.paused(),
                status.map(WorkerPoolStatus::currentRevision).orElse(""),
                rollout.map(WorkerPoolStatus.RolloutStatus::toRevision).orElse(""),
                status.map(WorkerPoolStatus::failedRevision).orElse(""),
                rollout.map(WorkerPoolStatus.RolloutStatus::phase).orElse(null),
                rollout.map(WorkerPoolStatus.RolloutStatus::startedAt).orElse(""),
                rollout.map(WorkerPoolStatus.RolloutStatus::attempt).isPresent(),
                breaker.map(WorkerPoolStatus.BreakerStatus::state).orElse(BreakerState.Closed),
                breaker.map(WorkerPoolStatus.BreakerStatus::consecutiveFailures).orElse(0),
                status.map(WorkerPoolStatus::history).orElse(List.of()));
    }

    private static int surge(WorkerPoolSpec spec) {
        var surge = spec.rollout().maxSurge();
        if (surge.getIntVal() != null) {
            return surge.getIntVal();
        }
        int percent = Integer.parseInt(surge.getStrVal().replace("%", ""));
        return (spec.replicas() * percent + 99) / 100;
    }
}
