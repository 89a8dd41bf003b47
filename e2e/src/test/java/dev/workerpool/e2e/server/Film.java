package dev.workerpool.e2e.server;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What happened to the pods of a namespace, in order: {@code make}, {@code ready}, {@code leave} (told to end) and
 * {@code gone}, each with the pod's name, as a watch of its own tells it.
 */
final class Film implements Watcher<Pod>, AutoCloseable {
    private final KubernetesClient client;
    private final Map<String, Pod> pods = new LinkedHashMap<>();
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
        client.pods()
                .inNamespace("default")
                .list()
                .getItems()
                .forEach(p -> pods.put(p.getMetadata().getUid(), p));
        scenes.clear();
        fewest = count(true);
        most = count(false);
    }

    synchronized List<String> scenes() {
        return List.copyOf(scenes);
    }

    /** The fewest pods that were ready and not told to end, at any moment since the cut. */
    synchronized int fewestReady() {
        return fewest;
    }

    /** The most pods that were not told to end, at any moment since the cut. */
    synchronized int mostLive() {
        return most;
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
