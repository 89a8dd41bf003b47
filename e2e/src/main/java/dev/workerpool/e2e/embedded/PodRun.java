package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The life of one pod on a simulated node. The first container acts as the end of its {@code APP_VERSION} tells, as the
 * worker image does; the others start, are ready and stay.
 *
 * <pre>
 * -slow     ready 5 s after its start         -never     never ready
 * -crash    exits with 3 at once              -dies      exits with 4, 3 s after it became ready
 * -flap     ready for 2 s, unready for 4 s    -deaf      ignores SIGTERM
 * -verify   fails the operator's own check    -badimage  (or "missing" in the image) cannot be pulled
 * </pre>
 *
 * A container that exits is started again at once the first time, then after 10, 20, 40 s ... up to 5 min.
 */
final class PodRun {
    private static final Duration RETRY_SCHEDULING = Duration.ofMillis(100);
    private static final Duration SLOW = Duration.ofSeconds(5);
    private static final Duration DIES_AFTER = Duration.ofSeconds(3);
    private static final Duration FLAP_READY = Duration.ofSeconds(2);
    private static final Duration FLAP_UNREADY = Duration.ofSeconds(4);
    private static final Duration CRASHES_AFTER = Duration.ofMillis(20);

    private final Nodes nodes;
    private final Store store;
    private final Store.Key key;
    private final String uid;
    private final String image;
    private final String version;
    private final List<String> log = new ArrayList<>();
    private List<String> previousLog;
    private String node = "";
    private boolean placed;
    private boolean ended;
    private boolean terminating;
    private int restarts;
    private Instant exitAt = Instant.MAX;
    private String startedAt = "";
    private PodStatus.State state = PodStatus.State.waiting("ContainerCreating", "");
    private boolean ready;
    private ObjectNode lastTermination;
    /** Counts what happened; a plan made before is void. */
    private int epoch;

    PodRun(Nodes nodes, Store store, Store.Key key, ObjectNode pod) {
        this.nodes = nodes;
        this.store = store;
        this.key = key;
        this.uid = Json.uid(pod);
        JsonNode first = pod.at("/spec/containers/0");
        this.image = first.path("image").asText();
        String found = "";
        for (JsonNode variable : first.path("env")) {
            if (variable.path("name").asText().equals("APP_VERSION")) {
                found = variable.path("value").asText();
            }
        }
        this.version = found;
    }

    Store.Key key() {
        return key;
    }

    boolean on(String name) {
        return placed && node.equals(name);
    }

    boolean placed() {
        return placed;
    }

    boolean failsVerification() {
        return acts("verify") && state.running();
    }

    private boolean acts(String behaviour) {
        return version.endsWith("-" + behaviour);
    }

    Optional<ObjectNode> read() {
        return Optional.ofNullable(store.get(key)).filter(pod -> Json.uid(pod).equals(uid));
    }

    Optional<List<String>> log(boolean previous) {
        return previous ? Optional.ofNullable(previousLog) : startedAt.isEmpty() ? Optional.empty() : Optional.of(log);
    }

    /** A new pod is scheduled; one that was restored goes on where it stood. */
    void begin(ObjectNode pod) {
        JsonNode first = pod.at("/status/containerStatuses/0");
        if (first.isMissingNode()) {
            schedule();
            return;
        }
        node = pod.at("/spec/nodeName").asText();
        placed = true;
        restarts = first.path("restartCount").asInt();
        JsonNode exit =
                first.at(first.at("/state/terminated").isObject() ? "/state/terminated" : "/lastState/terminated");
        lastTermination = exit instanceof ObjectNode termination ? termination : null;
        startedAt = first.at("/state/running/startedAt").asText();
        log.add(Instant.now() + " version " + version + " goes on");
        if (!startedAt.isEmpty()) {
            state = PodStatus.State.running(startedAt);
            ready = first.path("ready").asBoolean();
            behave();
        } else if (lastTermination != null) {
            plan(Duration.ofMillis(100), this::restart);
        } else {
            plan(nodes.startDelay(), this::start);
        }
        if (Json.terminating(pod)) {
            terminate(pod);
        }
    }

    /** The scheduler's part. */
    private void schedule() {
        Optional<String> place = nodes.nodeFor(key.name());
        if (place.isEmpty()) {
            change(PodStatus::unschedulable);
            plan(RETRY_SCHEDULING, this::schedule);
            return;
        }
        node = place.get();
        placed = true;
        change(pod -> {
            Json.child(pod, "spec").put("nodeName", node);
            render(pod);
        });
        plan(nodes.startDelay(), this::start);
    }

    private void start() {
        Optional<String> missing = read().flatMap(pod -> PodStatus.missingReference(pod, store));
        if (missing.isPresent()) {
            show(PodStatus.State.waiting("CreateContainerConfigError", missing.get()));
            plan(Duration.ofMillis(500), this::start);
        } else if (acts("badimage") || image.contains("missing")) {
            pull(true);
        } else {
            run();
        }
    }

    private void pull(boolean fails) {
        String refused = ("failed to pull and unpack image \"%1$s\": failed to resolve reference \"%1$s\": %1$s:"
                        + " not found")
                .formatted(image);
        show(
                fails
                        ? PodStatus.State.waiting("ErrImagePull", "rpc error: code = NotFound desc = " + refused)
                        : PodStatus.State.waiting(
                                "ImagePullBackOff",
                                "Back-off pulling image \"%s\": ErrImagePull: rpc error: code = NotFound desc = %s"
                                        .formatted(image, refused)));
        plan(fails ? Duration.ofSeconds(1) : Duration.ofSeconds(10), () -> pull(!fails));
    }

    private void run() {
        startedAt = Json.now();
        previousLog = restarts > 0 ? List.copyOf(log) : null;
        log.clear();
        log.add(Instant.now() + " starting version " + version);
        show(PodStatus.State.running(startedAt));
        behave();
    }

    private void behave() {
        if (ready) {
            becomeReady();
        } else if (acts("crash")) {
            plan(CRASHES_AFTER, () -> exit(3, "cannot open the order database: no such file"));
        } else if (!acts("never")) {
            plan(acts("slow") ? SLOW : nodes.readyDelay(), this::becomeReady);
        }
    }

    private void becomeReady() {
        log.add(Instant.now() + " ready");
        probed(true);
        if (acts("dies")) {
            plan(DIES_AFTER, () -> exit(4, "the order queue hung up"));
        } else if (acts("flap")) {
            plan(FLAP_READY, this::becomeUnready);
        }
    }

    private void becomeUnready() {
        probed(false);
        plan(FLAP_UNREADY, this::becomeReady);
    }

    /** The result of the readiness probe of the first container. */
    void probed(boolean result) {
        if (state.running() && ready != result) {
            ready = result;
            change(this::render);
        }
    }

    /** The first container exits. */
    void exit(int code, String lastWords) {
        if (!state.running()) {
            return;
        }
        log.add(Instant.now() + " fatal: " + lastWords);
        lastTermination = PodStatus.termination(code, lastWords, startedAt);
        ready = false;
        state = PodStatus.State.terminated(lastTermination);
        change(this::render);
        if (restarts == 0) {
            plan(Duration.ofMillis(100), this::restart);
        } else {
            plan(Duration.ofMillis(100), this::backOff);
        }
    }

    private void backOff() {
        long seconds = Math.min(300, 10L << Math.min(5, restarts - 1));
        show(PodStatus.State.waiting(
                "CrashLoopBackOff",
                "back-off %ds restarting failed container=worker pod=%s_%s(%s)"
                        .formatted(seconds, key.name(), key.namespace(), uid)));
        plan(Duration.ofSeconds(seconds), this::restart);
    }

    private void restart() {
        restarts++;
        run();
    }

    /** The deletion of the pod has begun, or its grace was cut: the kubelet stops the containers. */
    void terminate(ObjectNode pod) {
        long grace = Json.at(pod, "metadata.deletionGracePeriodSeconds").asLong();
        Duration preStop = Duration.ofSeconds(
                pod.at("/spec/containers/0/lifecycle/preStop/sleep/seconds").asLong());
        Duration wanted = acts("deaf") ? Duration.ofDays(1) : preStop.plus(nodes.terminationDelay());
        Duration allowed = Duration.ofSeconds(grace);
        Duration takes = nodes.scaled(wanted.compareTo(allowed) < 0 ? wanted : allowed);
        Instant end = Instant.now().plus(takes);
        if (!state.running()) {
            end = Instant.now();
        }
        if (!terminating || end.isBefore(exitAt)) {
            terminating = true;
            exitAt = end;
            Duration left = Duration.between(Instant.now(), end);
            // Not a plan: nothing that the container does in the meantime makes it void.
            nodes.after(left.isNegative() ? Duration.ZERO : left, this::stop);
        }
    }

    private void stop() {
        if (!ended && !nodes.holds(node, this::stop)) {
            read().filter(Json::terminating).ifPresent(nodes::gone);
        }
    }

    void evictedByNode() {
        ready = false;
        placed = false;
        epoch++;
        state = PodStatus.State.terminated(PodStatus.termination(137, "", startedAt));
        change(pod -> {
            render(pod);
            Json.child(pod, "status")
                    .put("phase", "Failed")
                    .put("reason", "Evicted")
                    .put("message", "The node was low on resource: memory.");
        });
    }

    void nodeLost() {
        change(pod -> PodStatus.condition(pod, "Ready", false, "", ""));
    }

    void nodeBack() {
        change(this::render);
    }

    void ended() {
        ended = true;
        placed = false;
        epoch++;
    }

    private void show(PodStatus.State next) {
        state = next;
        ready = false;
        change(this::render);
    }

    private void render(ObjectNode pod) {
        PodStatus.render(pod, state, ready, restarts, lastTermination);
    }

    private void change(Consumer<ObjectNode> how) {
        read().ifPresent(pod -> {
            ObjectNode next = pod.deepCopy();
            how.accept(next);
            store.put(key, next);
        });
    }

    /** Does something later, unless something else has been planned by then. */
    private void plan(Duration delay, Runnable action) {
        int planned = ++epoch;
        nodes.after(delay, () -> carryOut(planned, action));
    }

    private void carryOut(int planned, Runnable action) {
        if (!ended && planned == epoch && !nodes.holds(node, () -> carryOut(planned, action))) {
            action.run();
        }
    }
}
