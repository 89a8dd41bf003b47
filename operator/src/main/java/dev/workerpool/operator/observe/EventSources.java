package dev.workerpool.operator.observe;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.pods.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The caches of pods and ControllerRevisions that bear the pool's label, whoever owns them: so the orphans of a pool that
 * was made again are seen too. Nothing is written through them, so no event is filtered and no write is shown early.
 */
public final class EventSources {
    private static final String BY_POOL = "by-pool";

    private final InformerEventSource<Pod, WorkerPool> pods;
    private final InformerEventSource<ControllerRevision, WorkerPool> records;

    public EventSources(EventSourceContext<WorkerPool> context) {
        pods = source(Pod.class, context);
        records = source(ControllerRevision.class, context);
    }

    /** For JOSDK to start and stop. */
    public List<EventSource<?, WorkerPool>> all() {
        return List.of(pods, records);
    }

    /**
     * Whether what was read before this call came from caches that are kept up. Ask after reading: a source that is stopped
     * empties its caches, and an operator that is ending would take every worker for lost.
     */
    public boolean running() {
        return pods.isRunning() && records.isRunning();
    }

    /** The pods that bear the label of a pool of this name, whoever owns them. */
    public List<Pod> pods(WorkerPool pool) {
        return pods.byIndex(BY_POOL, key(pool));
    }

    /** The records that bear the label of a pool of this name, whoever owns them. */
    public List<ControllerRevision> records(WorkerPool pool) {
        return records.byIndex(BY_POOL, key(pool));
    }

    private static <R extends HasMetadata> InformerEventSource<R, WorkerPool> source(
            Class<R> type, EventSourceContext<WorkerPool> context) {
        var configuration = InformerEventSourceConfiguration.from(type, WorkerPool.class)
                .withName(type.getSimpleName())
                .withLabelSelector(Labels.POOL)
                .withNamespacesInheritedFromController()
                .withComparableResourceVersion(false)
                .withSecondaryToPrimaryMapper(object ->
                        Set.of(new ResourceID(pool(object), object.getMetadata().getNamespace())));
        // A store serves one informer; with several namespaces there are several.
        if (context.getControllerConfiguration().getEffectiveNamespaces().size() <= 1) {
            configuration.withItemStore(new LeanStore<>());
        }
        var source = new InformerEventSource<>(configuration.build(), context);
        source.addIndexers(
                Map.of(BY_POOL, object -> List.of(object.getMetadata().getNamespace() + "/" + pool(object))));
        return source;
    }

    private static String key(WorkerPool pool) {
        return pool.getMetadata().getNamespace() + "/" + pool.getMetadata().getName();
    }

    private static String pool(HasMetadata object) {
        return object.getMetadata().getLabels().get(Labels.POOL);
    }
}
