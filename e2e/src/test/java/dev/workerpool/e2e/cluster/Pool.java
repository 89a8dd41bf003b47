package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A pool on the cluster, as its user sees it. */
public record Pool(KubernetesClient client, String namespace, String name) implements Served {
    /** Two workers, with short times. */
    public static final String PLAIN = """
            apiVersion: workerpool.dev/v1alpha1
            kind: WorkerPool
            metadata: {}
            spec:
              version: 1.0.0
              replicas: 2
              rollout: {pauseSeconds: 0, readyTimeoutSeconds: 30, progressDeadlineSeconds: 60}
              drain: {delaySeconds: 1, timeoutSeconds: 5}
              circuitBreaker: {resetTimeoutSeconds: 10}
              template:
                spec:
                  containers:
                  - name: worker
                    image: workerpool.dev/worker:e2e
                    imagePullPolicy: Never
                    readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 1}
            """;

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    public static Pool create(KubernetesClient client, String namespace, String name, String change) {
        Object pool = merge(map(PLAIN), merge(map(change), Map.of("metadata", Map.of("name", name))));
        client.resource(Serialization.unmarshal(Serialization.asYaml(pool), WorkerPool.class))
                .inNamespace(namespace)
                .create();
        return new Pool(client, namespace, name);
    }

    /** Changes the spec by a JSON merge patch in YAML. */
    public void edit(String spec) {
        resource().patch(PatchContext.of(PatchType.JSON_MERGE), Serialization.asJson(Map.of("spec", map(spec))));
    }

    @Override
    public void version(String version) {
        edit("version: " + version);
    }

    public void annotate(String key, String value) {
        Object annotations = Map.of("metadata", Map.of("annotations", Map.of(key, value)));
        resource().patch(PatchContext.of(PatchType.JSON_MERGE), Serialization.asJson(annotations));
    }

    @Override
    public void scale(int replicas) {
        resource().scale(replicas);
    }

    public Resource<WorkerPool> resource() {
        return client.resources(WorkerPool.class).inNamespace(namespace).withName(name);
    }

    public WorkerPool get() {
        return resource().get();
    }

    /** Empty until the operator has written one. */
    public WorkerPoolStatus status() {
        WorkerPoolStatus status = get().getStatus();
        return status == null ? Serialization.unmarshal("{}", WorkerPoolStatus.class) : status;
    }

    public Condition condition(ConditionType type) {
        return condition(status(), type);
    }

    public static Condition condition(WorkerPoolStatus status, ConditionType type) {
        List<Condition> conditions = status.conditions() == null ? List.of() : status.conditions();
        return conditions.stream()
                .filter(c -> c.getType().equals(type.name()))
                .findFirst()
                .orElseGet(Condition::new);
    }

    @Override
    public Map<String, String> selector() {
        return Map.of("workerpool.dev/pool", name);
    }

    /** Those of them that run a version and are not terminating. */
    public List<Pod> pods(String version) {
        return pods().stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .filter(pod -> version.equals(pod.getMetadata().getLabels().get("workerpool.dev/version")))
                .toList();
    }

    public List<Event> events(String reason) {
        return client.v1().events().inNamespace(namespace).list().getItems().stream()
                .filter(e -> name.equals(e.getInvolvedObject().getName()) && reason.equals(e.getReason()))
                .toList();
    }

    /** Waits for that many, and sees that there are no more: an Event comes after the status that it tells of. */
    public List<Event> awaitEvents(String reason, int count) {
        eventually(reason + " is told", () -> events(reason).size() >= count);
        List<Event> events = events(reason);
        assertThat(events).as(reason).hasSize(count);
        return events;
    }

    public WorkerPoolStatus await(String what, Predicate<WorkerPoolStatus> reached) {
        return Awaitility.await("pool " + name + ": " + what)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(200))
                .until(this::status, reached);
    }

    /** As {@link #await(String, Predicate)}, for what does not depend on the status. */
    public static void eventually(String what, Callable<Boolean> reached) {
        Awaitility.await(what)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(200))
                .until(reached);
    }

    /** Waits until Ready has that reason, of the newest spec. */
    public WorkerPoolStatus await(Reason reason) {
        long generation = get().getMetadata().getGeneration();
        return await("Ready says " + reason, status -> {
            Condition ready = condition(status, ConditionType.Ready);
            return reason.name().equals(ready.getReason())
                    && ready.getObservedGeneration() != null
                    && ready.getObservedGeneration() >= generation;
        });
    }

    /** Waits until every worker runs that version and nothing else is there. */
    public WorkerPoolStatus awaitUpToDate(String version) {
        await("runs " + version, status -> version.equals(status.version()));
        await(Reason.UpToDate);
        return await("old workers gone", status -> {
            int replicas = get().getSpec().replicas();
            return pods().size() == replicas
                    && pods(version).size() == replicas
                    && status.rollout() == null
                    && Integer.valueOf(0).equals(status.terminatingReplicas());
        });
    }

    /**
     * Waits until it is Blocked by what these words tell, and says so wherever a user looks: in the condition, in the
     * message of what runs, and in an Event.
     *
     * @return the condition's message
     */
    public String awaitBlocked(String... words) {
        WorkerPoolStatus blocked = await("is blocked, saying " + List.of(words), status -> {
            Condition progressing = condition(status, ConditionType.Progressing);
            return Reason.Blocked.name().equals(progressing.getReason())
                    && Stream.of(words).allMatch(progressing.getMessage()::contains);
        });
        Condition progressing = condition(blocked, ConditionType.Progressing);
        assertThat(progressing.getStatus()).isEqualTo("True");
        if (blocked.rollout() != null) {
            assertThat(blocked.rollout().message()).isEqualTo(progressing.getMessage());
        }
        assertThat(blocked.circuitBreaker().consecutiveFailures()).isZero();
        eventually("an Event says so", () -> events("Blocked").stream()
                .anyMatch(e -> Stream.of(words).allMatch(e.getMessage()::contains)));
        return progressing.getMessage();
    }

    @Override
    public void delete() {
        resource().delete();
    }

    @Override
    public void awaitOnly(String version) {
        awaitUpToDate(version);
    }

    /** Sees that nobody writes to the pool or its pods for so long. */
    public void awaitRest(int seconds) {
        List<String> before = versions();
        Awaitility.await("pool " + name + " rests")
                .during(Duration.ofSeconds(seconds))
                .atMost(Duration.ofSeconds(seconds + 120))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> versions().equals(before));
    }

    private List<String> versions() {
        return Stream.concat(Stream.<HasMetadata>of(get()), pods().stream())
                .map(object -> object.getMetadata().getName() + " "
                        + object.getMetadata().getResourceVersion())
                .toList();
    }

    @SuppressWarnings("unchecked")
    public static Map<String, Object> map(String yaml) {
        Map<String, Object> map = Serialization.unmarshal(yaml, Map.class);
        return map == null ? Map.of() : map;
    }

    /** As a JSON merge patch does. */
    public static Object merge(Object base, Object patch) {
        if (!(patch instanceof Map<?, ?> changes)) {
            return patch;
        }
        Map<Object, Object> result = base instanceof Map<?, ?> map ? new LinkedHashMap<>(map) : new LinkedHashMap<>();
        changes.forEach((key, value) -> result.put(key, merge(result.get(key), value)));
        return result;
    }
}
