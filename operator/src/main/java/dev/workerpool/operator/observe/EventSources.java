package dev.workerpool.operator.observe;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.pods.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The caches of pods and ControllerRevisions that bear the pool's label, whoever owns them: so the orphans of a pool that
 * was made again are seen too. Nothing is written through them, so no event is filtered and no write is shown early.
 */
public final class EventSources {
    private final Source<Pod> pods;
    private final Source<ControllerRevision> records;

    public EventSources(EventSourceContext<WorkerPool> context) {
        pods = Source.of(Pod.class, context);
        records = Source.of(ControllerRevision.class, context);
    }

    /** For JOSDK to start and stop. */
    public List<EventSource<?, WorkerPool>> all() {
        return List.of(pods.events(), records.events());
    }

    /**
     * Whether what was read before this call came from caches that are kept up. Ask after reading: a source that is stopped
     * empties its caches, and an operator that is ending would take every worker for lost.
     */
    public boolean running() {
        return pods.events().isRunning() && records.events().isRunning();
    }

    /** The pods that bear the label of a pool of this name, whoever owns them. */
    public List<Pod> pods(WorkerPool pool) {
        return pods.of(pool);
    }

    /** The records that bear the label of a pool of this name, whoever owns them. */
    public List<ControllerRevision> records(WorkerPool pool) {
        return records.of(pool);
    }

    /** @param store empty with several namespaces: a store serves one informer, and each of them has one */
    private record Source<R extends HasMetadata>(
            InformerEventSource<R, WorkerPool> events, Optional<LeanStore<R>> store) {

        static <R extends HasMetadata> Source<R> of(Class<R> type, EventSourceContext<WorkerPool> context) {
            var configuration = InformerEventSourceConfiguration.from(type, WorkerPool.class)
                    .withName(type.getSimpleName())
                    .withLabelSelector(Labels.POOL)
                    .withNamespacesInheritedFromController()
                    .withComparableResourceVersion(false)
                    .withSecondaryToPrimaryMapper(Source::concerns);
            boolean single = context.getControllerConfiguration()
                            .getEffectiveNamespaces()
                            .size()
                    <= 1;
            Optional<LeanStore<R>> store = single ? Optional.of(new LeanStore<>(Source::key)) : Optional.empty();
            store.ifPresent(configuration::withItemStore);
            return new Source<>(new InformerEventSource<>(configuration.build(), context), store);
        }

        List<R> of(WorkerPool pool) {
            String namespace = pool.getMetadata().getNamespace();
            String name = pool.getMetadata().getName();
            return store.map(s -> s.of(namespace + "/" + name))
                    .orElseGet(() -> events.list(namespace, object -> name.equals(pool(object)))
                            .toList());
        }

        /** The pool that its label names, and the one that owns it: where somebody changed the label, that one misses it. */
        private static Set<ResourceID> concerns(HasMetadata object) {
            Stream<String> owner = object.getMetadata().getOwnerReferences().stream()
                    .filter(o -> Boolean.TRUE.equals(o.getController())
                            && o.getKind().equals(WorkerPool.KIND))
                    .map(OwnerReference::getName);
            return Stream.concat(Stream.of(pool(object)), owner)
                    .map(name -> new ResourceID(name, object.getMetadata().getNamespace()))
                    .collect(Collectors.toSet());
        }

        private static String key(HasMetadata object) {
            return object.getMetadata().getNamespace() + "/" + pool(object);
        }

        private static String pool(HasMetadata object) {
            return object.getMetadata().getLabels().get(Labels.POOL);
        }
    }
}
