package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Simulated nodes: a scheduler and a kubelet that run no process, but report pods as if they did. What a pod does is
 * told by its own fields and by the end of its {@code APP_VERSION}, as in the worker image; see {@link PodRun}.
 *
 * <p>They write the store directly, so that {@link EmbeddedServer#requests()} has none of their writes. Every pod has
 * the address 127.0.0.1, where {@link #verificationPort()} answers for all of them.
 */
public final class Nodes implements AutoCloseable {
    private final Store store;
    private final Deletion deletion;
    private final Map<String, PodRun> runs = new ConcurrentHashMap<>();
    /** The nodes by name, with what waits until a stopped one is back; null while it runs. */
    private final NavigableMap<String, Optional<List<Runnable>>> nodes = new ConcurrentSkipListMap<>();

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "simulated-nodes");
        thread.setDaemon(true);
        return thread;
    });
    private volatile Duration startDelay = Duration.ofMillis(50);
    private volatile Duration readyDelay = Duration.ofMillis(100);
    private volatile Duration terminationDelay = Duration.ofMillis(50);
    private volatile double terminationScale = 1;
    private volatile int capacity = Integer.MAX_VALUE;
    private volatile Predicate<String> unschedulable = name -> false;
    private volatile boolean verificationAnswers = true;
    private HttpServer verification;

    Nodes(Store store, Deletion deletion) {
        this.store = store;
        this.deletion = deletion;
        timer.setRemoveOnCancelPolicy(true);
        for (String name : List.of("node-1", "node-2")) {
            nodes.put(name, Optional.empty());
            report(name, "True");
        }
    }

    private void report(String node, String ready) {
        store.locked(() -> {
            ObjectNode current = store.get(Kinds.NODE.key("", node));
            ObjectNode object =
                    current == null ? Json.object().put("kind", "Node").put("apiVersion", "v1") : current.deepCopy();
            if (current == null) {
                Json.meta(object)
                        .put("name", node)
                        .put("uid", UUID.randomUUID().toString())
                        .put("creationTimestamp", Json.now());
            }
            Json.child(object, "status")
                    .putArray("conditions")
                    .addObject()
                    .put("type", "Ready")
                    .put("status", ready)
                    .put("lastTransitionTime", Json.now());
            return store.put(Kinds.NODE.key("", node), object);
        });
    }

    /** From being scheduled to running [50 ms]. */
    public Nodes startDelay(Duration delay) {
        startDelay = delay;
        return this;
    }

    /** From running to ready [100 ms], unless the version says otherwise. */
    public Nodes readyDelay(Duration delay) {
        readyDelay = delay;
        return this;
    }

    /** From SIGTERM, which comes after {@code preStop.sleep}, to the end [50 ms]. */
    public Nodes terminationDelay(Duration delay) {
        terminationDelay = delay;
        return this;
    }

    /** Factor on all that a termination takes, {@code preStop.sleep} included [1]; 0.01 for quick tests. */
    public Nodes terminationScale(double factor) {
        terminationScale = factor;
        return this;
    }

    /** How many pods all nodes together have room for [no limit]; the others wait, unschedulable. */
    public Nodes capacity(int pods) {
        capacity = pods;
        return this;
    }

    /** Pods that no node takes, by name, for as long as this says so. */
    public Nodes unschedulable(Predicate<String> podName) {
        unschedulable = podName;
        return this;
    }

    /** Whether the verification port answers 200 [true] or 500. */
    public Nodes verificationAnswers(boolean well) {
        verificationAnswers = well;
        return this;
    }

    /**
     * The port on 127.0.0.1 where any pod of these nodes can be verified; any path. It answers 500 also while a pod
     * runs whose version ends in {@code -verify}.
     */
    public synchronized int verificationPort() {
        if (verification == null) {
            try {
                verification = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            verification.createContext("/", exchange -> {
                boolean well = verificationAnswers && runs.values().stream().noneMatch(PodRun::failsVerification);
                exchange.sendResponseHeaders(well ? 200 : 500, -1);
                exchange.close();
            });
            verification.start();
        }
        return verification.getAddress().getPort();
    }

    /** The node stops answering: its pods stay as they are but are marked unready, and none of them can terminate. */
    public void stopNode(String node) {
        nodes.put(node, Optional.of(new ArrayList<>()));
        report(node, "Unknown");
        each(run -> run.on(node), PodRun::nodeLost);
    }

    /** The node is back, and so is what its pods were about to do. */
    public void startNode(String node) {
        List<Runnable> waiting =
                nodes.put(node, Optional.empty()).map(List::copyOf).orElse(List.of());
        report(node, "True");
        timer.execute(() -> {
            each(run -> run.on(node), PodRun::nodeBack);
            waiting.forEach(Runnable::run);
        });
    }

    /** The node evicts a pod for lack of memory: it ends as Failed. */
    public void evict(String namespace, String pod) {
        each(named(namespace, pod), PodRun::evictedByNode);
    }

    /** The pod's object vanishes at once, as after a forced deletion. */
    public void remove(String namespace, String pod) {
        each(named(namespace, pod), run -> run.read().ifPresent(deletion::gone));
    }

    /** The first container exits with this code, and is started again. */
    public void crash(String namespace, String pod, int exitCode) {
        each(named(namespace, pod), run -> run.exit(exitCode, "killed by the test"));
    }

    /** The readiness probe of the first container starts to succeed or to fail. */
    public void ready(String namespace, String pod, boolean ready) {
        each(named(namespace, pod), run -> run.probed(ready));
    }

    /** The pod becomes unready, and ready again after a moment. */
    public void flap(String namespace, String pod, Duration moment) {
        each(named(namespace, pod), run -> {
            run.probed(false);
            after(moment, () -> run.probed(true));
        });
    }

    private Predicate<PodRun> named(String namespace, String pod) {
        return run ->
                run.key().namespace().equals(namespace) && run.key().name().equals(pod);
    }

    private void each(Predicate<PodRun> which, Consumer<PodRun> what) {
        store.locked(() -> {
            runs.values().stream().filter(which).forEach(what);
            return null;
        });
    }

    void follow(Store.Change change) {
        if (!change.key().resource().equals(Kinds.POD.storage())) {
            return;
        }
        String uid = Json.uid(change.after());
        store.locked(() -> {
            if (change.deleted()) {
                Optional.ofNullable(runs.remove(uid)).ifPresent(PodRun::ended);
            } else if (change.before() == null) {
                PodRun run = new PodRun(this, store, change.key(), change.after());
                runs.put(uid, run);
                run.begin(change.after());
            } else if (Json.terminating(change.after()) && runs.containsKey(uid)) {
                runs.get(uid).terminate(change.after());
            }
            return null;
        });
    }

    /** The log of a pod's first container, of this run or the one before; empty if there is none. */
    Optional<List<String>> log(String uid, boolean previous) {
        return Optional.ofNullable(runs.get(uid)).flatMap(run -> run.log(previous));
    }

    /** The node with the fewest pods, if any has room for this one. */
    Optional<String> nodeFor(String pod) {
        long placed = runs.values().stream().filter(PodRun::placed).count();
        if (unschedulable.test(pod) || placed >= capacity) {
            return Optional.empty();
        }
        return nodes.entrySet().stream()
                .filter(node -> node.getValue().isEmpty())
                .map(Map.Entry::getKey)
                .min(Comparator.comparing(node ->
                        runs.values().stream().filter(run -> run.on(node)).count()));
    }

    /** Runs something after a time, as one step on the store. */
    void after(Duration delay, Runnable action) {
        if (!timer.isShutdown()) {
            timer.schedule(
                    () -> store.locked(() -> {
                        action.run();
                        return null;
                    }),
                    delay.toNanos(),
                    TimeUnit.NANOSECONDS);
        }
    }

    /** Keeps an action until the node is back; false if the node runs. */
    boolean holds(String node, Runnable action) {
        Optional<List<Runnable>> waiting = nodes.getOrDefault(node, Optional.empty());
        waiting.ifPresent(list -> list.add(action));
        return waiting.isPresent();
    }

    void gone(ObjectNode pod) {
        deletion.gone(pod);
    }

    Duration startDelay() {
        return startDelay;
    }

    Duration readyDelay() {
        return readyDelay;
    }

    Duration terminationDelay() {
        return terminationDelay;
    }

    Duration scaled(Duration termination) {
        return Duration.ofNanos((long) (termination.toNanos() * terminationScale));
    }

    @Override
    public synchronized void close() {
        timer.shutdownNow();
        if (verification != null) {
            verification.stop(0);
        }
    }
}
