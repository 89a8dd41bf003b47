package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What happened to the pods of a namespace, in order: {@code make}, {@code ready}, {@code leave} (told to end) and
 * {@code gone}, each with the pod's name, as a watch of its own tells it. What a test asks has been told as far as the API
 * server had it when it was asked: the watch is waited for.
 */
final class Film implements Watcher<Pod>, AutoCloseable {
    private final KubernetesClient client;
    private static final Duration CATCHES_UP_WITHIN = Duration.ofSeconds(30);

    private final Map<String, Pod> pods = new LinkedHashMap<>();
    private final Set<String> gone = new HashSet<>();
    private final List<String> scenes = new ArrayList<>();
    private int fewest = Integer.MAX_VALUE;
    private int most;
    private final Watch watch;

    Film(KubernetesClient client) {
        this.client = client;
        watch = client.pods().inNamespace("default").watch(this);
    }

    @Override
    public synchronized void eventReceived(Action action, Pod pod) {
        String uid = pod.getMetadata().getUid();
        String name = pod.getMetadata().getName();
        Pod before = pods.get(uid);
        if (before != null && action != Action.DELETED && version(pod) <= version(before)) {
            return; // the cut has read what came after it
        }
        if (action == Action.DELETED) {
            gone.add(uid);
            if (pods.remove(uid) != null) {
                scenes.add("gone " + name);
            }
        } else {
            pods.put(uid, pod);
            if (before == null) {
                scenes.add("make " + name);
            }
            if (serving(pod) && (before == null || !serving(before))) {
                scenes.add("ready " + name);
            }
            if (leaving(pod) && (before == null || !leaving(before))) {
                scenes.add("leave " + name);
            }
        }
        fewest = Math.min(fewest, count(true));
        most = Math.max(most, count(false));
        notifyAll();
    }

    @Override
    public void onClose(WatcherException cause) {
        synchronized (this) {
            scenes.add("the film ended: " + cause.getMessage());
        }
    }

    /** Begins anew with the pods that there are, whatever the watch has told of them yet. */
    synchronized void cut() {
        pods.clear();
        list().getItems().forEach(p -> pods.put(p.getMetadata().getUid(), p));
        scenes.clear();
        fewest = count(true);
        most = count(false);
    }

    synchronized List<String> scenes() {
        catchUp();
        return List.copyOf(scenes);
    }

    /** As far as the watch has come: also while it hangs. */
    synchronized List<String> scenesSoFar() {
        return List.copyOf(scenes);
    }

    /** The fewest pods that were ready and not told to end, at any moment since the cut. */
    synchronized int fewestReady() {
        catchUp();
        return fewest;
    }

    /** The most pods that were not told to end, at any moment since the cut. */
    synchronized int mostLive() {
        catchUp();
        return most;
    }

    private void catchUp() {
        PodList now = list();
        long deadline = System.nanoTime() + CATCHES_UP_WITHIN.toNanos();
        try {
            while (!shows(now)) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                assertThat(left).as("time for the film's watch to catch up").isPositive();
                wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private PodList list() {
        return client.pods().inNamespace("default").list();
    }

    private boolean shows(PodList now) {
        Set<String> there =
                now.getItems().stream().map(p -> p.getMetadata().getUid()).collect(Collectors.toSet());
        long listed = Long.parseLong(now.getMetadata().getResourceVersion());
        return now.getItems().stream().allMatch(p -> {
                    Pod told = pods.get(p.getMetadata().getUid());
                    return gone.contains(p.getMetadata().getUid()) || told != null && version(told) >= version(p);
                })
                && pods.values().stream()
                        .allMatch(p -> there.contains(p.getMetadata().getUid()) || version(p) > listed);
    }

    private int count(boolean ready) {
        return (int) pods.values().stream()
                .filter(p -> !leaving(p) && (!ready || serving(p)))
                .count();
    }

    private static long version(Pod pod) {
        return Long.parseLong(pod.getMetadata().getResourceVersion());
    }

    private static boolean leaving(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() != null;
    }

    private static boolean serving(Pod pod) {
        return !leaving(pod)
                && pod.getStatus() != null
                && pod.getStatus().getConditions().stream()
                        .anyMatch(c ->
                                c.getType().equals("Ready") && c.getStatus().equals("True"));
    }

    @Override
    public void close() {
        watch.close();
    }
}
