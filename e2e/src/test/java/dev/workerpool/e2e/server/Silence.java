package dev.workerpool.e2e.server;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.RolloutStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** The statuses in which a rollout or rollback runs and {@code rollout.message} does not say what it does or waits for. */
final class Silence implements Watcher<WorkerPool>, AutoCloseable {
    private final Map<String, RolloutStatus> heard = new ConcurrentSkipListMap<>();
    private final Set<String> earlier = ConcurrentHashMap.newKeySet();
    private final Watch watch;

    Silence(KubernetesClient client) {
        watch = client.resources(WorkerPool.class).inNamespace("default").watch(this);
    }

    @Override
    public void eventReceived(Action action, WorkerPool pool) {
        Optional.ofNullable(pool.getStatus())
                .map(WorkerPoolStatus::rollout)
                .filter(Silence::saysNothing)
                .ifPresent(rollout -> heard.put(pool.getMetadata().getResourceVersion(), rollout));
    }

    private static boolean saysNothing(RolloutStatus rollout) {
        return rollout.message() == null || rollout.message().isBlank();
    }

    @Override
    public void onClose(WatcherException cause) {
        // Tests end watches: what was not seen then is seen by the others.
    }

    /** What is there already is another operator's word. */
    void startsWith(WorkerPool pool) {
        earlier.add(pool.getMetadata().getResourceVersion());
    }

    Collection<RolloutStatus> heard() {
        heard.keySet().removeAll(earlier);
        return heard.values();
    }

    @Override
    public void close() {
        watch.close();
    }
}
