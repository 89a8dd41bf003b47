package dev.workerpool.operator.pods;

import dev.workerpool.operator.decide.PodFacts.Problem;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What one container says of itself, by the failure table of the contract (section 4).
 *
 * @param kind what people call it, and how its exits are judged
 * @param image as the pod names it
 * @param status as the kubelet reported it, if it has
 */
record ContainerReading(Kind kind, String name, String image, Optional<ContainerStatus> status) {
    enum Kind {
        APP("container"),
        SIDECAR("sidecar"),
        INIT("init container");

        private final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    private static final Set<String> NEVER_STARTS = Set.of(
            "InvalidImageName",
            "ErrImageNeverPull",
            "RunContainerError",
            "CreateContainerError",
            "SignatureValidationFailed");
    private static final Set<String> PULLS = Set.of("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable");
    /** Waiting for these, the kubelet has counted the restart already; for all others the last exit is yet to count. */
    private static final Set<String> RESTART_COUNTED =
            Set.of("", "ContainerCreating", "PodInitializing", "RunContainerError");
    /** The runtime is slow; the second follows the first, when the kubelet asks again for what is still being made. */
    private static final Pattern SLOW_RUNTIME =
            Pattern.compile("context deadline exceeded|\\bname\\b.* is reserved\\b", Pattern.CASE_INSENSITIVE);

    /** All containers of a pod, init containers first; a container without a status has not been looked at yet. */
    static List<ContainerReading> all(PodSpec spec, PodStatus status) {
        List<ContainerReading> all = new ArrayList<>();
        for (Container c : spec.getInitContainers()) {
            Kind kind = Sidecars.isSidecar(c) ? Kind.SIDECAR : Kind.INIT;
            all.add(of(kind, c, status.getInitContainerStatuses()));
        }
        spec.getContainers().forEach(c -> all.add(of(Kind.APP, c, status.getContainerStatuses())));
        return all;
    }

    private static ContainerReading of(Kind kind, Container c, List<ContainerStatus> statuses) {
        Optional<ContainerStatus> own =
                statuses.stream().filter(s -> c.getName().equals(s.getName())).findFirst();
        return new ContainerReading(kind, c.getName(), String.valueOf(c.getImage()), own);
    }

    boolean isApp() {
        return kind == Kind.APP;
    }

    /** Whether it has run at least once. */
    boolean hasStarted() {
        return status.map(ContainerStatus::getState)
                        .map(ContainerState::getRunning)
                        .isPresent()
                || exit().isPresent()
                || restarts() > 0;
    }

    /** How often it ended although it should not: an app container ever, the others with a code other than 0. */
    int exits() {
        return isApp() || exit().isPresent() ? restarts() + (isDown() ? 1 : 0) : 0;
    }

    private boolean isDown() {
        boolean ended = terminated().isPresent() && terminated().equals(exit());
        return ended || waiting().isPresent() && exit().isPresent() && !RESTART_COUNTED.contains(waitingReason());
    }

    /** The exit to tell of: the newest one of the containers that count theirs. */
    static Optional<Problem> newestExit(List<ContainerReading> containers) {
        return containers.stream()
                .filter(c -> c.exits() > 0)
                .max(Comparator.comparing(c ->
                        c.exit().map(ContainerStateTerminated::getFinishedAt).orElse("")))
                .map(c -> c.exit().map(c::problem).orElseGet(c::untold));
    }

    /**
     * What no waiting mends. A sidecar's exit is none, for a sidecar is always started again: it counts among the
     * {@link #exits()}, which fail a new worker and not an old one.
     */
    Optional<Problem> fault() {
        Optional<Problem> failedInit = kind == Kind.INIT && isDown() ? exit().map(this::problem) : Optional.empty();
        return failedInit.or(() -> waiting().flatMap(this::neverStarts));
    }

    private Optional<Problem> neverStarts(ContainerStateWaiting waiting) {
        if (NEVER_STARTS.contains(waitingReason()) && !slowRuntime()) {
            return Optional.of(
                    new Problem(waitingReason(), sentence("cannot start", waiting.getMessage()), Optional.empty()));
        }
        if (PULLS.contains(waitingReason())
                && ImagePull.of(image, waiting.getMessage()) instanceof ImagePull.Refused r) {
            // The kubelet goes to and fro between ErrImagePull and ImagePullBackOff; what happened stays the same.
            return Optional.of(new Problem(
                    "ErrImagePull", sentence("cannot get its image " + image, r.message()), Optional.empty()));
        }
        return Optional.empty();
    }

    /** Whom it waits for; the same words as long as it is the same wait, since status is written when they change. */
    Optional<String> blocked() {
        if (waiting().isEmpty() || fault().isPresent()) {
            return Optional.empty();
        }
        String reason = waitingReason();
        if (PULLS.contains(reason)) {
            String cause = ImagePull.of(image, waiting().get().getMessage()).message();
            return Optional.of(sentence("waits for its image " + image, cause));
        }
        if (reason.equals("CreateContainerError")) {
            return Optional.of(sentence("waits for the container runtime of its node, which is slow to create it", ""));
        }
        return reason.equals("CreateContainerConfigError")
                ? Optional.of(
                        sentence("waits for its configuration", waiting().get().getMessage()))
                : Optional.empty();
    }

    /** What about it keeps its pod from being ready, in words that stay the same as long as it does. */
    Optional<String> unreadyBecause() {
        boolean runs = status.map(ContainerStatus::getState)
                .map(ContainerState::getRunning)
                .isPresent();
        if (kind == Kind.INIT) {
            return runs ? Optional.of(sentence("runs", "")) : Optional.empty();
        }
        boolean ready = status.map(s -> Boolean.TRUE.equals(s.getReady())).orElse(true);
        if (ready || !runs && restarts() == 0) {
            return Optional.empty();
        }
        boolean startsStill =
                runs && status.map(s -> Boolean.FALSE.equals(s.getStarted())).orElse(false);
        return Optional.of(sentence(startsStill ? "has yet to start" : "is not ready", ""));
    }

    private boolean slowRuntime() {
        String message = waiting().map(ContainerStateWaiting::getMessage).orElse("");
        return waitingReason().equals("CreateContainerError")
                && SLOW_RUNTIME.matcher(message).find();
    }

    private Problem problem(ContainerStateTerminated exit) {
        String reason = Objects.requireNonNullElse(exit.getReason(), "Error");
        boolean plain = reason.equals("Error") || reason.equals("Completed");
        String what = reason.equals("OOMKilled")
                ? "was killed for using more memory than its limit (exit code " + code(exit) + ")"
                : "exited with code " + code(exit) + (plain ? "" : " (" + reason + ")");
        String times = restarts() > 0 ? ", restarted " + restarts() + (restarts() == 1 ? " time" : " times") : "";
        return new Problem(
                plain ? "ContainerExited" : reason, sentence(what + times, exit.getMessage()), Optional.of(code(exit)));
    }

    private Problem untold() {
        return new Problem("ContainerExited", sentence("was restarted", ""), Optional.empty());
    }

    private String sentence(String what, String detail) {
        return OneLine.of(
                kind.title + " " + name + " " + what + (detail == null || detail.isBlank() ? "" : ": " + detail));
    }

    /** Its newest exit that should not have been. */
    private Optional<ContainerStateTerminated> exit() {
        return terminated().filter(this::isUnwanted).or(() -> status.map(ContainerStatus::getLastState)
                .map(ContainerState::getTerminated)
                .filter(this::isUnwanted));
    }

    private boolean isUnwanted(ContainerStateTerminated exit) {
        return isApp() || code(exit) != 0;
    }

    private Optional<ContainerStateTerminated> terminated() {
        return status.map(ContainerStatus::getState).map(ContainerState::getTerminated);
    }

    private Optional<ContainerStateWaiting> waiting() {
        return status.map(ContainerStatus::getState).map(ContainerState::getWaiting);
    }

    private String waitingReason() {
        return waiting().map(ContainerStateWaiting::getReason).orElse("");
    }

    private int restarts() {
        return status.map(ContainerStatus::getRestartCount).orElse(0);
    }

    private static int code(ContainerStateTerminated exit) {
        return Objects.requireNonNullElse(exit.getExitCode(), 0);
    }
}
