package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.e2e.Metrics;
import dev.workerpool.e2e.embedded.EmbeddedServer;
import dev.workerpool.operator.Options;
import dev.workerpool.operator.RunningOperator;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** For each test a server with quick pods, the real operator at work on it, and one pool named web. */
@Execution(ExecutionMode.CONCURRENT)
abstract class Stage {
    /** Far more than any step of these tests takes, so that a busy machine fails none of them. */
    protected Duration patience = Duration.ofSeconds(30);

    protected EmbeddedServer server;
    protected KubernetesClient client;
    protected Film film;
    private KubernetesClient operatorClient;
    private RunningOperator operator;
    private final List<String> fatal = new CopyOnWriteArrayList<>();
    private Silence silence;

    @BeforeEach
    void start() {
        server = EmbeddedServer.start();
        server.nodes()
                .startDelay(Duration.ofMillis(5))
                .readyDelay(Duration.ofMillis(10))
                .terminationDelay(Duration.ofMillis(20))
                .terminationScale(0.01);
        client = server.client();
        film = new Film(client);
        silence = new Silence(client);
        startOperator();
    }

    @AfterEach
    void stop() {
        stopOperator();
        film.close();
        silence.close();
        client.close();
        server.close();
        assertThat(fatal).isEmpty();
        assertThat(silence.heard())
                .as("statuses of something that runs, without a word of what it does")
                .isEmpty();
    }

    void startOperator() {
        Optional.ofNullable(read()).ifPresent(silence::startsWith);
        operatorClient = operatorClient();
        operator = RunningOperator.start(operatorClient, options(), clock(), this::tick, fatal::add);
    }

    Options options() {
        return Options.local();
    }

    /** What the operator reaches the server by. */
    KubernetesClient operatorClient() {
        return server.client();
    }

    /** The clock of the machine, as the operator sees it. */
    Clock clock() {
        return Clock.systemUTC();
    }

    /** What the operator counts nanoseconds by: its clock goes by that, until the machine's is set. */
    long tick() {
        return System.nanoTime();
    }

    void stopOperator() {
        if (operator != null) {
            operator.close();
            operatorClient.close();
            operator = null;
        }
    }

    /** What the operator's {@code /metrics} says. */
    String metrics() {
        return Metrics.of(operator.managementPort());
    }

    /** Makes the pool, with quick rollout settings and what else its spec says, in YAML flow style. */
    void create(String spec) {
        client.resource(pool()).create();
        edit(spec);
    }

    /** A pool that asks for one good worker. */
    static WorkerPool pool() {
        return Serialization.unmarshal("""
                apiVersion: workerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: web, namespace: default}
                spec:
                  version: v1
                  replicas: 0
                  rollout: {pauseSeconds: 0}
                  template:
                    metadata: {labels: {app: web}}
                    spec:
                      containers:
                        - name: worker
                          image: worker:$(APP_VERSION)
                          readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                """, WorkerPool.class);
    }

    Resource<WorkerPool> resource() {
        return client.resources(WorkerPool.class).inNamespace("default").withName("web");
    }

    /** Merges this into the spec, as a user's {@code kubectl patch} does. */
    void edit(String spec) {
        patch("spec: " + spec);
    }

    void annotate(String key, String value) {
        patch("metadata: {annotations: {%s: \"%s\"}}".formatted(key, value));
    }

    private void patch(String yaml) {
        resource()
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        Serialization.asJson(Serialization.unmarshal(yaml, Map.class)));
    }

    WorkerPool read() {
        return resource().get();
    }

    WorkerPoolStatus status() {
        WorkerPool pool = read();
        return pool == null ? null : pool.getStatus();
    }

    /** The status of the present spec, once it is so. */
    WorkerPoolStatus await(String what, Predicate<WorkerPoolStatus> so) {
        WorkerPool[] last = {null};
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(15))
                    .atMost(patience)
                    .until(() -> {
                        last[0] = read();
                        WorkerPoolStatus status = last[0].getStatus();
                        return status != null
                                && Objects.equals(
                                        status.observedGeneration(),
                                        last[0].getMetadata().getGeneration())
                                && so.test(status);
                    });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(
                    "not seen: " + what + "\n" + String.join("\n", film.scenesSoFar()) + "\n"
                            + Serialization.asYaml(last[0].getStatus()),
                    e);
        }
        return last[0].getStatus();
    }

    void awaitThat(String what, Predicate<Void> so) {
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(15))
                    .atMost(patience)
                    .until(() -> so.test(null));
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(
                    "not seen: " + what + "\n" + String.join("\n", film.scenesSoFar()) + "\n"
                            + Serialization.asYaml(status()),
                    e);
        }
    }

    /** Holds for a while: nothing else can be waited for where nothing is to happen. */
    void remains(Duration time, String what, Predicate<Void> so) {
        Awaitility.await(what)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(50))
                .during(time)
                .atMost(patience)
                .until(() -> so.test(null));
    }

    /** Waits until nothing more is written: counters and messages may lag by a second. */
    void atRest() {
        String[] seen = {""};
        long[] since = {0};
        awaitThat("nothing is written any more", x -> {
            String version = read().getMetadata().getResourceVersion();
            if (!version.equals(seen[0])) {
                seen[0] = version;
                since[0] = System.nanoTime();
            }
            return System.nanoTime() - since[0] > Duration.ofMillis(1500).toNanos();
        });
    }

    /** Waits until every worker runs this version and the pool is at rest. */
    WorkerPoolStatus awaitUpToDate(String version) {
        return await(
                "UpToDate at " + version, s -> reason(s, "Ready").equals("UpToDate") && version.equals(s.version()));
    }

    WorkerPoolStatus awaitReason(String ready) {
        return await("Ready for the reason " + ready, s -> reason(s, "Ready").equals(ready));
    }

    static String reason(WorkerPoolStatus status, String type) {
        return condition(status, type).replaceAll("^[^ ]+ ", "");
    }

    /** As {@code "False RollingOut"}. */
    static String condition(WorkerPoolStatus status, String type) {
        return status.conditions().stream()
                .filter(c -> c.getType().equals(type))
                .map(c -> c.getStatus() + " " + c.getReason())
                .findFirst()
                .orElse("none");
    }

    static String message(WorkerPoolStatus status, String type) {
        return status.conditions().stream()
                .filter(c -> c.getType().equals(type))
                .map(c -> c.getMessage())
                .findFirst()
                .orElse("none");
    }

    /** The five conditions: Ready, Available, Progressing, Stalled, CircuitBreakerOpen. */
    static List<String> conditions(WorkerPoolStatus status) {
        return List.of("Ready", "Available", "Progressing", "Stalled", "CircuitBreakerOpen").stream()
                .map(type -> condition(status, type))
                .toList();
    }

    List<Pod> pods() {
        return client.pods().inNamespace("default").list().getItems();
    }

    /** The names of the pods that are not told to end. */
    List<String> workers() {
        return pods().stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .map(p -> p.getMetadata().getName())
                .sorted()
                .toList();
    }

    /** How many pods that are not told to end run each version. */
    Map<String, Long> versions() {
        return pods().stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .map(Pod::getMetadata)
                .map(ObjectMeta::getLabels)
                .collect(Collectors.groupingBy(
                        l -> l.getOrDefault("workerpool.dev/version", "foreign"), TreeMap::new, Collectors.counting()));
    }

    /** How often each event was written about the pool. */
    Map<String, Long> events() {
        return client.v1().events().inNamespace("default").list().getItems().stream()
                .collect(Collectors.groupingBy(Event::getReason, TreeMap::new, Collectors.counting()));
    }

    void awaitEvent(String reason, long times) {
        awaitThat(times + " x event " + reason, x -> events().getOrDefault(reason, 0L) == times);
    }
}
