package dev.workerpool.e2e.cluster;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Writes down every event of a namespace's pods and pools, from watches of its own; begun while the namespace is empty. */
final class Recorder implements AutoCloseable {
    private final Queue<Seen> seen = new ConcurrentLinkedQueue<>();
    private final Queue<String> gaps = new ConcurrentLinkedQueue<>();
    private final Watch pods;
    private final Watch pools;

    Recorder(KubernetesClient client, String namespace) {
        pods = client.pods().inNamespace(namespace).watch(new Taking<>("pods") {
            @Override
            public void eventReceived(Action action, Pod pod) {
                seen.add(Seen.of(Instant.now(), action == Action.DELETED, pod));
            }
        });
        pools = client.resources(WorkerPool.class).inNamespace(namespace).watch(new Taking<>("pools") {
            @Override
            public void eventReceived(Action action, WorkerPool pool) {
                seen.add(Seen.of(Instant.now(), pool));
            }
        });
    }

    private abstract class Taking<T> implements Watcher<T> {
        private final String what;

        Taking(String what) {
            this.what = what;
        }

        @Override
        public void onClose(WatcherException cause) {
            gaps.add("the watch of " + what + " ended: " + cause);
        }
    }

    List<Seen> seen() {
        return List.copyOf(seen);
    }

    /** What was not seen cannot be vouched for. */
    List<String> gaps() {
        return List.copyOf(gaps);
    }

    @Override
    public void close() {
        pods.close();
        pools.close();
    }
}
