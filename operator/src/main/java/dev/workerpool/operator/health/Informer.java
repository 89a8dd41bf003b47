package dev.workerpool.operator.health;

import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.javaoperatorsdk.operator.api.config.Informable;
import io.javaoperatorsdk.operator.health.InformerHealthIndicator;
import io.javaoperatorsdk.operator.health.InformerWrappingEventSourceHealthIndicator;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import io.javaoperatorsdk.operator.processing.event.source.Configurable;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** One of the operator's caches and the watch that feeds it, beside what the API server has. */
public interface Informer {
    /** For a person: {@code pods in all namespaces}. */
    String name();

    /** The one it looks into; empty: all. */
    String namespace();

    /** It runs, has listed once, and its watch is open, as far as its own side of the connection knows. */
    boolean connected();

    /** The resource version that the cache holds; empty if it holds none. */
    Optional<String> cached(ResourceID object);

    /**
     * The next objects on the API server, a bounded number of them.
     *
     * @param from where the page before ended; empty: at the beginning
     * @throws io.fabric8.kubernetes.client.KubernetesClientException if the API server does not answer or refuses
     */
    Page onServer(String from);

    /**
     * One object's resource version on the API server; empty if it is not there, or no concern of the cache.
     *
     * @throws io.fabric8.kubernetes.client.KubernetesClientException if the API server does not answer or refuses
     */
    Optional<String> onServer(ResourceID object);

    /** Resource versions by object; {@code next} is empty after the last page. */
    record Page(Map<ResourceID, String> versions, String next) {}

    /** Those behind an event source: one for each namespace it watches, none if it has no cache. */
    static List<Informer> behind(EventSource<?, ?> source, KubernetesClient client) {
        if (!(source instanceof InformerWrappingEventSourceHealthIndicator<?> wrapping)
                || !(source instanceof Configurable<?> configurable)
                || !(configurable.configuration() instanceof Informable<?> informable)) {
            return List.of();
        }
        String selector = informable.getInformerConfig().getLabelSelector();
        var type =
                ResourceDefinitionContext.fromResourceType(source.resourceType().asSubclass(HasMetadata.class));
        return wrapping.informerHealthIndicators().values().stream()
                .<Informer>map(indicator -> new Watched(indicator, type, selector, client))
                .toList();
    }

    /** An informer of JOSDK's; objects are read without their type, so that an unreadable one does no harm here. */
    record Watched(
            InformerHealthIndicator indicator, ResourceDefinitionContext type, String selector, KubernetesClient client)
            implements Informer {
        private static final long PAGE = 250;
        private static final String ALL = "JOSDK_ALL_NAMESPACES";

        @Override
        public String name() {
            return type.getPlural() + (everywhere() ? " in all namespaces" : " in " + namespace());
        }

        @Override
        public String namespace() {
            return everywhere() ? "" : indicator.getTargetNamespace();
        }

        @Override
        public boolean connected() {
            return indicator.isRunning() && indicator.hasSynced() && indicator.isWatching();
        }

        @Override
        public Optional<String> cached(ResourceID object) {
            return ((Cache<?>) indicator)
                    .get(object)
                    .map(found -> ((HasMetadata) found).getMetadata().getResourceVersion());
        }

        @Override
        public Page onServer(String from) {
            var all = client.genericKubernetesResources(type);
            var scoped = everywhere() ? all.inAnyNamespace() : all.inNamespace(namespace());
            GenericKubernetesResourceList list = scoped.withLabelSelector(selector)
                    .list(new ListOptionsBuilder()
                            .withLimit(PAGE)
                            .withContinue(from.isEmpty() ? null : from)
                            .build());
            String next = list.getMetadata() == null ? null : list.getMetadata().getContinue();
            return new Page(
                    list.getItems().stream()
                            .collect(Collectors.toMap(ResourceID::fromResource, item -> item.getMetadata()
                                    .getResourceVersion())),
                    next == null ? "" : next);
        }

        @Override
        public Optional<String> onServer(ResourceID object) {
            // With the selector: one whose label was taken off is there still, and the cache rightly holds it no more.
            return client
                    .genericKubernetesResources(type)
                    .inNamespace(object.getNamespace().orElse(null))
                    .withLabelSelector(selector)
                    .withField("metadata.name", object.getName())
                    .list()
                    .getItems()
                    .stream()
                    .filter(found -> found.getMetadata().getName().equals(object.getName()))
                    .map(found -> found.getMetadata().getResourceVersion())
                    .findFirst();
        }

        private boolean everywhere() {
            return ALL.equals(indicator.getTargetNamespace());
        }
    }
}
