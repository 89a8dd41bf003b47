package dev.workerpool.operator.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.util.List;

/** Caches objects without their {@code managedFields}, which are half of a pod and of no use here. */
final class LeanStore<V extends HasMetadata> extends BasicItemStore<V> {
    LeanStore() {
        super(Cache::metaNamespaceKeyFunc);
    }

    @Override
    public V put(String key, V object) {
        object.getMetadata().setManagedFields(List.of());
        return super.put(key, object);
    }
}
