package dev.workerpool.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.informers.impl.cache.CacheImpl;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LeanStoreTest {
    private static final int UPDATES = 200_000;

    private final LeanStore<Pod> store =
            new LeanStore<>(pod -> pod.getMetadata().getLabels().get("pool"));
    private final CacheImpl<Pod> cache = new CacheImpl<>();

    @Test
    void aPodThatIsUpdatedIsFoundAllTheTime() {
        cache.setItemStore(store);
        cache.put(pod("web"));
        Pod[] versions = {pod("web"), pod("web")};
        CompletableFuture<Void> updates = CompletableFuture.runAsync(() -> {
            for (int i = 0; i < UPDATES; i++) {
                cache.put(versions[i % 2]);
            }
        });
        int missing = 0;
        while (!updates.isDone()) {
            missing += store.of("web").size() == 1 ? 0 : 1;
        }
        updates.join();
        assertThat(missing).as("times that it was not found").isZero();
    }

    @Test
    void aPodIsFoundUnderThePoolOfItsPresentLabelAndNotOnceItIsGone() {
        cache.setItemStore(store);
        cache.put(pod("web"));
        cache.put(pod("shop"));
        assertThat(store.of("web")).isEmpty();
        assertThat(store.of("shop")).hasSize(1);
        cache.remove(pod("shop"));
        assertThat(store.of("shop")).isEmpty();
    }

    @Test
    void managedFieldsAreNotKept() {
        cache.setItemStore(store);
        Pod pod = pod("web");
        pod.getMetadata().setManagedFields(List.of(new ManagedFieldsEntry()));
        cache.put(pod);
        assertThat(store.of("web").get(0).getMetadata().getManagedFields()).isEmpty();
    }

    private static Pod pod(String pool) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("default")
                .withName("web-1-0")
                .addToLabels("pool", pool)
                .endMetadata()
                .build();
    }
}
