package dev.workerpool.operator.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Caches objects without their {@code managedFields}, which are half of a pod and of no use here, and finds those of a pool.
 * An informer's own index is no help: while it updates an object, that is missing from it for a moment, and a worker that is
 * missing for a moment would be made again.
 */
final class LeanStore<V extends HasMetadata> extends BasicItemStore<V> {
    private final Function<V, String> pool;
    private final Map<String, Map<String, V>> byPool = new ConcurrentHashMap<>();

    /** @param pool the key of the pool that an object belongs to */
    LeanStore(Function<V, String> pool) {
        super(Cache::metaNamespaceKeyFunc);
        this.pool = pool;
    }

    /** The objects of a pool; one that is put again is there all the time. */
    List<V> of(String pool) {
        return List.copyOf(byPool.getOrDefault(pool, Map.of()).values());
    }

    @Override
    public V put(String key, V object) {
        object.getMetadata().setManagedFields(List.of());
        byPool.compute(pool.apply(object), (p, items) -> {
            Map<String, V> present = items == null ? new ConcurrentHashMap<>() : items;
            present.put(key, object);
            return present;
        });
        V before = super.put(key, object);
        if (before != null && !pool.apply(before).equals(pool.apply(object))) {
            drop(before, key);
        }
        return before;
    }

    @Override
    public V remove(String key) {
        V before = super.remove(key);
        if (before != null) {
            drop(before, key);
        }
        return before;
    }

    private void drop(V object, String key) {
        byPool.computeIfPresent(pool.apply(object), (p, items) -> {
            items.remove(key);
            return items.isEmpty() ? null : items;
        });
    }
}
