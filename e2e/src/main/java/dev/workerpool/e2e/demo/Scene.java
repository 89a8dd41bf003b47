package dev.workerpool.e2e.demo;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.BreakerStatus;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The pool and its pods, as the API server last told. */
record Scene(WorkerPool pool, List<Pod> pods) {
    /** One worker in words. */
    record Worker(String slot, String pod, String version, String state) {}

    List<Worker> workers() {
        return pods.stream()
                .map(pod -> new Worker(
                        label(pod, "workerpool.dev/worker"),
                        pod.getMetadata().getName(),
                        label(pod, "workerpool.dev/version"),
                        state(pod)))
                .toList();
    }

    private static String label(Pod pod, String key) {
        return pod.getMetadata().getLabels().getOrDefault(key, "");
    }

    private static String state(Pod pod) {
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            return "draining";
        }
        Optional<ContainerState> container =
                pod.getStatus().getContainerStatuses().stream().findFirst().map(c -> c.getState());
        Optional<String> waiting = container.map(ContainerState::getWaiting).map(w -> w.getReason());
        Optional<String> ended =
                container.map(ContainerState::getTerminated).map(t -> "exited with code " + t.getExitCode());
        boolean running = container.map(ContainerState::getRunning).isPresent();
        return waiting.or(() -> ended).orElse(ready(pod) ? "ready" : running ? "running, not ready" : "Pending");
    }

    static boolean ready(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
    }

    /** Workers that serve: ready and not leaving. */
    long available() {
        return pods.stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null && ready(pod))
                .count();
    }

    /** Whether there are exactly the workers asked for, all of this version and available. */
    boolean allRun(String version) {
        return pods.size() == pool.getSpec().replicas()
                && available() == pods.size()
                && pods.stream().allMatch(pod -> version.equals(label(pod, "workerpool.dev/version")));
    }

    boolean anyRuns(String version) {
        return pods.stream().anyMatch(pod -> version.equals(label(pod, "workerpool.dev/version")));
    }

    Optional<WorkerPoolStatus> status() {
        return Optional.ofNullable(pool.getStatus());
    }

    String runningVersion() {
        return status().map(WorkerPoolStatus::version).orElse("");
    }

    Stream<Condition> conditions() {
        return status().map(WorkerPoolStatus::conditions).stream().flatMap(List::stream);
    }

    /** Ready's reason, if it speaks of the present spec. */
    String reason() {
        return ready().map(Condition::getReason).orElse("");
    }

    Optional<Condition> ready() {
        return conditions()
                .filter(c -> c.getType().equals("Ready"))
                .filter(c -> pool.getMetadata().getGeneration().equals(c.getObservedGeneration()))
                .findFirst();
    }

    Optional<HistoryEntry> lastRollout() {
        return status().map(WorkerPoolStatus::history).stream()
                .flatMap(List::stream)
                .findFirst();
    }

    BreakerState breaker() {
        return status().map(WorkerPoolStatus::circuitBreaker)
                .map(BreakerStatus::state)
                .orElse(BreakerState.Closed);
    }

    int failures() {
        return status().map(WorkerPoolStatus::circuitBreaker)
                .map(BreakerStatus::consecutiveFailures)
                .orElse(0);
    }

    /** What the pool waits for, or why it is as it is. */
    String message() {
        return status().map(WorkerPoolStatus::rollout)
                .map(WorkerPoolStatus.RolloutStatus::message)
                .or(() -> ready().map(Condition::getMessage))
                .orElse("");
    }

    /** The pool in one line. */
    String line() {
        String progress = status().map(WorkerPoolStatus::rollout)
                .map(WorkerPoolStatus.RolloutStatus::progress)
                .map(p -> " " + p)
                .orElse("");
        return "%s  wants %s  runs %s  %s%s  breaker %s%s"
                .formatted(
                        pool.getMetadata().getName(),
                        pool.getSpec().version(),
                        runningVersion().isEmpty() ? "-" : runningVersion(),
                        reason().isEmpty() ? "-" : reason(),
                        progress,
                        breaker(),
                        failures() == 0 ? "" : " (" + failures() + " failed in a row)");
    }
}
