package dev.workerpool.operator.observe;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.pods.Labels;
import dev.workerpool.operator.pods.PodReading;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.util.List;
import java.util.Optional;

/**
 * A pool and what bears its label, read at one moment.
 *
 * @param pods whoever owns them
 * @param records whoever owns them
 */
public record View(WorkerPool pool, List<Pod> pods, List<ControllerRevision> records) {

    /** As the caches have it. */
    public static View cached(WorkerPool pool, EventSources sources) {
        return new View(pool, sources.pods(pool), sources.records(pool));
    }

    /**
     * As the API server has it; empty if the pool is gone, or is another one of the same name.
     *
     * @throws io.fabric8.kubernetes.client.KubernetesClientException if it cannot be read
     */
    public static Optional<View> live(WorkerPool pool, KubernetesClient client) {
        WorkerPool now = client.resource(pool).get();
        if (now == null || !now.getMetadata().getUid().equals(pool.getMetadata().getUid())) {
            return Optional.empty();
        }
        return Optional.of(
                new View(now, bearing(pool, client.pods()), bearing(pool, client.resources(ControllerRevision.class))));
    }

    private static <T extends HasMetadata, L extends KubernetesResourceList<T>, R extends Resource<T>> List<T> bearing(
            WorkerPool pool, MixedOperation<T, L, R> all) {
        return all.inNamespace(pool.getMetadata().getNamespace())
                .withLabel(Labels.POOL, pool.getMetadata().getName())
                .list()
                .getItems();
    }

    /** The pods that are workers of this very pool. */
    public List<Pod> workers() {
        return pods.stream().filter(pod -> PodReading.isWorker(pod, pool)).toList();
    }

    /** What its workers say of themselves. */
    public List<PodFacts> facts() {
        return workers().stream()
                .flatMap(pod -> PodReading.facts(pool.getMetadata().getName(), pod).stream())
                .toList();
    }

    /** The record of a revision, if its controller is this very pool. */
    public Optional<ControllerRevision> record(String revision) {
        return ownRecords().stream()
                .filter(r -> revision.equals(r.getMetadata().getLabels().get(Labels.REVISION)))
                .findFirst();
    }

    List<ControllerRevision> ownRecords() {
        return records.stream()
                .filter(r -> r.getMetadata().getDeletionTimestamp() == null)
                .filter(r -> r.getMetadata().getLabels().containsKey(Labels.REVISION))
                .filter(r -> r.getMetadata().getOwnerReferences().stream()
                        .anyMatch(owner -> Boolean.TRUE.equals(owner.getController())
                                && pool.getMetadata().getUid().equals(owner.getUid())))
                .toList();
    }
}
