package dev.workerpool.operator.act;

import dev.workerpool.operator.decide.State;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads why a worker failed while its pod still exists (contract, section 4, last paragraph). */
public final class Evidence {
    /** What the kubelet answers, with code 200, for a container that it has removed, or removes just then. */
    private static final List<String> EXCUSES = List.of(
            "unable to retrieve container logs for ",
            "failed to try resolving symlinks in path ",
            "failed to open log file ");

    private static final Logger LOG = LoggerFactory.getLogger(Evidence.class);
    private static final int LINES = 10;
    private static final int AGAIN = 3;
    private static final Duration MOMENT = Duration.ofMillis(400);

    private final PodCalls calls;

    public Evidence(KubernetesClient client) {
        this.calls = new PodCalls(client);
    }

    /** The same failure with exit code, termination message and last log lines, as far as they can be read. */
    public State.Failure complete(State.Failure failure, List<Pod> pods) {
        return pods.stream()
                .filter(p -> p.getMetadata().getName().equals(failure.pod()))
                .findFirst()
                .flatMap(pod -> culprit(pod).map(container -> complete(failure, pod, container)))
                .orElse(failure);
    }

    private State.Failure complete(State.Failure failure, Pod pod, ContainerStatus container) {
        Optional<ContainerStateTerminated> exit = exit(container);
        String told = exit.map(ContainerStateTerminated::getMessage).orElse("");
        String message = told.isBlank() || failure.message().contains(ApiError.oneLine(told))
                ? failure.message()
                : failure.message() + " (" + ApiError.oneLine(told) + ")";
        return new State.Failure(
                failure.version(),
                failure.revision(),
                failure.pod(),
                failure.reason(),
                message,
                failure.exitCode().or(() -> exit.map(ContainerStateTerminated::getExitCode)),
                log(pod, container),
                failure.time());
    }

    /** What was read of a log; {@code inHand} if there is none only because the kubelet was about to replace it. */
    private record Log(Optional<String> text, boolean inHand) {
        Log or(Supplier<Log> other) {
            if (text.isPresent()) {
                return this;
            }
            Log read = other.get();
            return new Log(read.text, inHand || read.inHand);
        }
    }

    /**
     * A container that exits at once is started again and has exited again before the kubelet tells of that, and of what it
     * tells the log is gone: so it is read again a moment later, for 1.2 s.
     */
    private Optional<String> log(Pod pod, ContainerStatus container) {
        boolean started = state(container.getState()).isPresent()
                || container.getState() != null && container.getState().getRunning() != null
                || state(container.getLastState()).isPresent();
        if (!started) {
            return Optional.empty();
        }
        Log log = read(pod, container);
        for (int more = AGAIN; more > 0 && log.text().isEmpty() && log.inHand(); more--) {
            LockSupport.parkNanos(MOMENT.toNanos());
            log = read(pod, container);
        }
        return log.text();
    }

    private Log read(Pod pod, ContainerStatus container) {
        boolean ended = state(container.getState()).isPresent();
        boolean exitedBefore = state(container.getLastState()).isPresent();
        boolean previous = !ended && exitedBefore;
        Log log = read(pod, container, previous);
        // After its first exit the kubelet starts it again at once: what was read may be the next one's log. If by now
        // there is a previous one, that is the log to tell.
        if (ended && Integer.valueOf(0).equals(container.getRestartCount())) {
            return read(pod, container, true).or(() -> log);
        }
        // After another exit the kubelet keeps that one's log alone.
        return exitedBefore ? log.or(() -> read(pod, container, !previous)) : log;
    }

    private Log read(Pod pod, ContainerStatus container, boolean previous) {
        String name = pod.getMetadata().getName();
        try {
            String log = Objects.requireNonNullElse(
                    calls.log(pod.getMetadata().getNamespace(), name, container.getName(), LINES, previous), "");
            boolean excuse = EXCUSES.stream().anyMatch(log::startsWith);
            return new Log(Optional.of(printable(log)).filter(text -> !text.isBlank() && !excuse), excuse);
        } catch (KubernetesClientException e) {
            LOG.debug("cannot read the log of pod {}/{}: {}", pod.getMetadata().getNamespace(), name, ApiError.said(e));
            return new Log(Optional.empty(), false);
        }
    }

    /** At most ten lines, without control characters. */
    static String printable(String log) {
        List<String> lines = log.lines()
                .map(line -> line.replaceAll("[\\p{C}&&[^\\t]]", " ").stripTrailing())
                .toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES), lines.size()));
    }

    /** The container that exited last, badly if any did; else the first that is not ready; else the first of the app's. */
    static Optional<ContainerStatus> culprit(Pod pod) {
        if (pod.getStatus() == null) {
            return Optional.empty();
        }
        List<ContainerStatus> all = Stream.concat(
                        pod.getStatus().getInitContainerStatuses().stream(),
                        pod.getStatus().getContainerStatuses().stream())
                .toList();
        Comparator<ContainerStatus> badlyThenLast = Comparator.<ContainerStatus, Boolean>comparing(
                        c -> !Integer.valueOf(0).equals(exit(c).orElseThrow().getExitCode()))
                .thenComparing(c -> Optional.ofNullable(exit(c).orElseThrow().getFinishedAt())
                        .orElse(""));
        boolean initialised = pod.getStatus().getContainerStatuses().stream().anyMatch(c -> exit(c).isPresent());
        return all.stream()
                .filter(c -> exit(c).isPresent())
                .filter(c ->
                        initialised || !Integer.valueOf(0).equals(exit(c).get().getExitCode()))
                .max(badlyThenLast)
                .or(() -> all.stream()
                        .filter(c -> !Boolean.TRUE.equals(c.getReady()))
                        .findFirst())
                .or(() -> pod.getStatus().getContainerStatuses().stream().findFirst());
    }

    private static Optional<ContainerStateTerminated> exit(ContainerStatus container) {
        return state(container.getState()).or(() -> state(container.getLastState()));
    }

    private static Optional<ContainerStateTerminated> state(ContainerState state) {
        return Optional.ofNullable(state).map(ContainerState::getTerminated);
    }
}
