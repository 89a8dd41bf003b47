package dev.workerpool.e2e.cluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What became of a pool's pods, written down event by event as the API server tells it: nothing of the operator's own
 * reading of pods is used, so that it cannot hide the operator's faults.
 */
public final class PodRecord implements AutoCloseable, Watcher<Pod> {
    private final Map<String, Pod> present = new TreeMap<>();
    private final Map<String, String> namesByUid = new TreeMap<>();
    private final List<Seen> seen = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private final Watch watch;
    private int fewestReady = Integer.MAX_VALUE;
    private int mostLive;

    private record Seen(Instant at, Pod pod) {}

    /** Begins with the pods as they are. */
    public static PodRecord of(Pool pool) {
        return new PodRecord(pool);
    }

    private PodRecord(Pool pool) {
        var pods = pool.client().pods().inNamespace(pool.namespace()).withLabel("workerpool.dev/pool", pool.name());
        var list = pods.list();
        list.getItems().forEach(pod -> take(Action.ADDED, pod));
        count();
        watch = pods.withResourceVersion(list.getMetadata().getResourceVersion())
                .watch(this);
    }

    @Override
    public synchronized void eventReceived(Action action, Pod pod) {
        take(action, pod);
        count();
    }

    private void take(Action action, Pod pod) {
        seen.add(new Seen(Instant.now(), pod));
        String uid = pod.getMetadata().getUid();
        if (action == Action.DELETED) {
            present.remove(uid);
        } else {
            present.put(uid, pod);
            namesByUid.put(uid, pod.getMetadata().getName());
        }
    }

    private void count() {
        List<Pod> live = present.values().stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .filter(p ->
                        !List.of("Failed", "Succeeded").contains(p.getStatus().getPhase()))
                .toList();
        int ready = (int) live.stream().filter(PodRecord::isReady).count();
        fewestReady = Math.min(fewestReady, ready);
        mostLive = Math.max(mostLive, live.size());
        String line = live.stream()
                .map(p -> p.getMetadata().getName() + (isReady(p) ? "+" : "-"))
                .sorted()
                .collect(Collectors.joining(" "));
        if (lines.isEmpty() || !line.equals(lines.getLast())) {
            lines.add(line);
        }
    }

    private static boolean isReady(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
    }

    @Override
    public synchronized void onClose(WatcherException cause) {
        lines.add("the watch ended: " + cause);
        fewestReady = -1; // what was not seen cannot be vouched for
    }

    /** Pods that were ready and not terminating, at the worst moment. */
    public synchronized int fewestReady() {
        return fewestReady;
    }

    /** Pods that were neither terminating nor ended, at most at one moment. */
    public synchronized int mostLive() {
        return mostLive;
    }

    /** The names of all pods ever seen; one that was made twice is there twice. */
    public synchronized List<String> names() {
        return namesByUid.values().stream().sorted().toList();
    }

    /** When a pod first looked so. */
    public synchronized Optional<Instant> first(Predicate<Pod> look) {
        return seen.stream().filter(s -> look.test(s.pod())).map(Seen::at).findFirst();
    }

    /** A pod's looks, oldest first. */
    public synchronized List<Pod> looks(String name) {
        return seen.stream()
                .map(Seen::pod)
                .filter(pod -> pod.getMetadata().getName().equals(name))
                .toList();
    }

    /** The live pods after each change, ready ones with a plus. */
    public synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public void close() {
        watch.close();
    }
}
