package dev.workerpool.e2e.demo;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.pods.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Watches one pool and its pods, shows each change, and waits for what is expected. */
final class Stage implements AutoCloseable {
    private static final Duration REDRAW = Duration.ofMillis(500);

    /** The story took another way: what was expected and what was seen. */
    static final class Unexpected extends RuntimeException {
        Unexpected(String message) {
            super(message);
        }
    }

    private final KubernetesClient client;
    private final Screen screen;
    private final NavigableMap<String, Pod> pods = new TreeMap<>();
    private final List<SharedIndexInformer<?>> informers = new ArrayList<>();
    private WorkerPool pool;
    private long fewestAvailable;

    Stage(KubernetesClient client, Screen screen) {
        this.client = client;
        this.screen = screen;
    }

    void say(String text) {
        synchronized (this) {
            screen.say(text);
        }
    }

    KubernetesClient client() {
        return client;
    }

    /** Creates the pool, and watches it from now on. */
    void create(WorkerPool wanted) {
        pool = client.resource(wanted).create();
        String namespace = pool.getMetadata().getNamespace();
        String name = pool.getMetadata().getName();
        informers.add(client.resources(WorkerPool.class)
                .inNamespace(namespace)
                .withName(name)
                .inform(handler(seen -> pool = seen, gone -> {})));
        informers.add(client.pods()
                .inNamespace(namespace)
                .withLabel(Labels.POOL, name)
                .inform(handler(
                        pod -> pods.put(pod.getMetadata().getName(), pod),
                        pod -> pods.remove(pod.getMetadata().getName()))));
    }

    /** Edits {@code spec.version}, as a user does. */
    void deploy(String version) {
        say("$ kubectl patch wp web --type merge -p '{\"spec\":{\"version\":\"" + version + "\"}}'");
        WorkerPool edited = client.resource(pool)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"version\":\"" + version + "\"}}");
        synchronized (this) {
            if (pool.getMetadata().getGeneration() < edited.getMetadata().getGeneration()) {
                pool = edited;
            }
            fewestAvailable = scene().available();
        }
    }

    /** Waits until it is so; {@code expected} says what, in the words of a user. */
    Scene await(String expected, Duration limit, Predicate<Scene> so) throws InterruptedException {
        Instant deadline = Instant.now().plus(limit);
        synchronized (this) {
            while (!so.test(scene())) {
                long left = Duration.between(Instant.now(), deadline).toMillis();
                if (left <= 0) {
                    throw new Unexpected("FAILED\n  expected within %d s: %s\n  seen: %s\n        %s\n  workers: %s"
                            .formatted(
                                    limit.toSeconds(), expected, scene().line(), scene().message(), scene().workers()));
                }
                wait(Math.min(left, REDRAW.toMillis()));
                screen.show(scene());
            }
            return scene();
        }
    }

    /** The lowest number of available workers since the last {@link #deploy}. */
    synchronized long fewestAvailable() {
        return fewestAvailable;
    }

    synchronized Scene scene() {
        return new Scene(pool, List.copyOf(pods.values()));
    }

    private synchronized void changed(Runnable change) {
        change.run();
        fewestAvailable = Math.min(fewestAvailable, scene().available());
        screen.show(scene());
        notifyAll();
    }

    private <T extends HasMetadata> ResourceEventHandler<T> handler(Consumer<T> seen, Consumer<T> gone) {
        return new ResourceEventHandler<>() {
            @Override
            public void onAdd(T object) {
                changed(() -> seen.accept(object));
            }

            @Override
            public void onUpdate(T before, T object) {
                changed(() -> seen.accept(object));
            }

            @Override
            public void onDelete(T object, boolean unknown) {
                changed(() -> gone.accept(object));
            }
        };
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::stop);
    }
}
