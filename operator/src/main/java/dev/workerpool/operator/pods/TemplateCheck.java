package dev.workerpool.operator.pods;

import dev.workerpool.api.WorkerPoolSpec;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.Optional;
import java.util.stream.Stream;

/** What is refused before the API server is even asked (contract, section 1, "Refused before anything is touched"). */
public final class TemplateCheck {
    /**
     * Why a spec is not acted on.
     *
     * @param reason {@code InvalidTemplate} or {@code NoReadinessProbe}
     * @param message names the field and says what to do
     */
    public record Refusal(String reason, String message) {}

    private TemplateCheck() {}

    /** The first thing wrong with the template, if any; a spec of which parts are missing is refused too. */
    public static Optional<Refusal> check(WorkerPoolSpec spec) {
        RevisionContent content;
        try {
            content = RevisionContent.of(spec);
        } catch (IllegalArgumentException e) {
            return Optional.of(new Refusal("InvalidTemplate", e.getMessage()));
        }
        PodSpec pod = content.template().getSpec();
        Long grace = pod.getTerminationGracePeriodSeconds();
        if (grace != null && grace <= content.delaySeconds()) {
            return Optional.of(new Refusal(
                    "InvalidTemplate",
                    "spec.template.spec.terminationGracePeriodSeconds is " + grace + " and must be above "
                            + "spec.drain.delaySeconds, which is " + content.delaySeconds()
                            + ": a worker would be killed before it has drained; raise the first, lower the second, "
                            + "or leave the first out"));
        }
        return hasReadinessProbe(pod)
                ? Optional.empty()
                : Optional.of(new Refusal(
                        "NoReadinessProbe",
                        "no container in spec.template.spec.containers has a readinessProbe, so nobody could tell when "
                                + "a new worker may replace an old one; add one to the container that serves"));
    }

    private static boolean hasReadinessProbe(PodSpec pod) {
        return Stream.concat(
                        pod.getContainers().stream(),
                        pod.getInitContainers().stream().filter(Sidecars::isSidecar))
                .anyMatch(c -> c.getReadinessProbe() != null);
    }
}
