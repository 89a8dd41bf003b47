package dev.workerpool.operator.pods;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.PodFacts;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodReadinessGate;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads what a pod says of itself (contract, sections 2 and 4). */
public final class PodReading {
    private static final Duration KUBERNETES_GRACE = Duration.ofSeconds(30);

    private PodReading() {}

    /** Whether a pod is a worker of this very pool: controlled by it, told by UID, and bearing its label. */
    public static boolean isWorker(Pod pod, WorkerPool pool) {
        List<OwnerReference> owners = pod.getMetadata().getOwnerReferences();
        return pool.getMetadata()
                        .getName()
                        .equals(map(pod.getMetadata().getLabels()).get(Labels.POOL))
                && owners != null
                && owners.stream()
                        .anyMatch(owner -> Boolean.TRUE.equals(owner.getController())
                                && pool.getMetadata().getUid().equals(owner.getUid()));
    }

    /**
     * The facts of one worker, with messages of at most 256 characters.
     *
     * @param pool its name
     * @return empty if neither its name nor its label tells the slot
     */
    public static Optional<PodFacts> facts(String pool, Pod pod) {
        ObjectMeta meta = pod.getMetadata();
        Map<String, String> labels = map(meta.getLabels());
        Map<String, String> annotations = map(meta.getAnnotations());
        // The name first: it cannot be edited, and the next name is computed from it.
        Optional<PodName> name = PodName.parse(pool, meta.getName());
        Optional<Integer> slot = name.map(PodName::slot)
                .or(() -> number(labels.get(Labels.WORKER)).filter(n -> n >= 1));
        if (slot.isEmpty()) {
            return Optional.empty();
        }
        int generation = name.map(PodName::generation)
                .or(() -> number(annotations.get(Labels.GENERATION)).filter(n -> n >= 0))
                .orElse(0);
        PodSpec spec = pod.getSpec() == null ? new PodSpec() : pod.getSpec();
        PodStatus status = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
        List<ContainerReading> containers = ContainerReading.all(spec, status);
        int exits = containers.stream().mapToInt(ContainerReading::exits).sum();
        return Optional.of(new PodFacts(
                meta.getName(),
                meta.getUid(),
                meta.getResourceVersion(),
                slot.get(),
                generation,
                labels.getOrDefault(Labels.REVISION, ""),
                annotations.getOrDefault(Labels.VERSION_ANNOTATION, labels.getOrDefault(Labels.VERSION, "")),
                meta.getDeletionTimestamp() != null,
                List.of("Failed", "Succeeded").contains(String.valueOf(status.getPhase())),
                isTrue(status, "Ready"),
                condition(status, "Ready")
                        .map(c -> String.valueOf(c.getLastTransitionTime()))
                        .orElse(""),
                running(spec, status, containers),
                nodeLost(spec, status),
                exits,
                exits == 0 ? Optional.empty() : ContainerReading.newestExit(containers),
                containers.stream().flatMap(c -> c.fault().stream()).findFirst(),
                unschedulable(status).or(() -> containers.stream()
                        .flatMap(c -> c.blocked().stream())
                        .findFirst()),
                isTrue(status, "Ready") ? Optional.empty() : unreadyBecause(spec, status, containers),
                number(annotations.get(Labels.DELETION_COST)).orElse(0),
                grace(meta, spec)));
    }

    /** The longer of its deletion's and its own: a kubelet that has ended its containers sets the former to 0. */
    private static Duration grace(ObjectMeta meta, PodSpec spec) {
        return Stream.of(meta.getDeletionGracePeriodSeconds(), spec.getTerminationGracePeriodSeconds())
                .filter(Objects::nonNull)
                .max(Long::compare)
                .map(Duration::ofSeconds)
                .orElse(KUBERNETES_GRACE);
    }

    private static boolean running(PodSpec spec, PodStatus status, List<ContainerReading> containers) {
        boolean initialized = spec.getInitContainers().isEmpty() || isTrue(status, "Initialized");
        List<ContainerReading> apps =
                containers.stream().filter(ContainerReading::isApp).toList();
        return initialized && !apps.isEmpty() && apps.stream().allMatch(ContainerReading::hasStarted);
    }

    /**
     * The node controller sets Ready alone to False; the kubelet ContainersReady with it, but for readiness gates. One that
     * was set just now the kubelet has yet to hear of: until then its reason stands.
     */
    private static boolean nodeLost(PodSpec spec, PodStatus status) {
        boolean unready = condition(status, "Ready")
                .filter(c -> !"True".equals(c.getStatus()) && !"ReadinessGatesNotReady".equals(c.getReason()))
                .isPresent();
        return "NodeLost".equals(status.getReason())
                || unready && unmetGates(spec, status).isEmpty() && isTrue(status, "ContainersReady");
    }

    private static List<String> unmetGates(PodSpec spec, PodStatus status) {
        return spec.getReadinessGates().stream()
                .map(PodReadinessGate::getConditionType)
                .filter(type -> !isTrue(status, type))
                .toList();
    }

    /** Of a pod with one container and nothing else there is nothing to tell that its users do not know. */
    private static Optional<String> unreadyBecause(PodSpec spec, PodStatus status, List<ContainerReading> containers) {
        if (nodeLost(spec, status)) {
            return Optional.of("its node " + spec.getNodeName() + " does not answer");
        }
        List<String> gates = unmetGates(spec, status);
        if (!gates.isEmpty() && isTrue(status, "ContainersReady")) {
            return Optional.of(OneLine.of("waits for somebody to set its readiness gate"
                    + (gates.size() > 1 ? "s " : " ") + String.join(", ", gates) + " to True"));
        }
        return containers.size() == 1
                ? Optional.empty()
                : containers.stream().flatMap(c -> c.unreadyBecause().stream()).findFirst();
    }

    private static Optional<String> unschedulable(PodStatus status) {
        return condition(status, "PodScheduled")
                .filter(c -> "False".equals(c.getStatus()))
                .map(c -> OneLine.of(
                        "no node takes the pod: " + (c.getMessage() == null ? c.getReason() : c.getMessage())));
    }

    private static boolean isTrue(PodStatus status, String type) {
        return condition(status, type).filter(c -> "True".equals(c.getStatus())).isPresent();
    }

    private static Optional<PodCondition> condition(PodStatus status, String type) {
        return status.getConditions().stream()
                .filter(c -> type.equals(c.getType()))
                .findFirst();
    }

    private static Optional<Integer> number(String text) {
        try {
            return text == null ? Optional.empty() : Optional.of(Integer.valueOf(text));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Map<String, String> map(Map<String, String> map) {
        return map == null ? Map.of() : map;
    }
}
