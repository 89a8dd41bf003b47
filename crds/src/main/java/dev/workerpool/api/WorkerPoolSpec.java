package dev.workerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.model.annotation.SpecReplicas;

/**
 * What the user asks for (contract, section 1). Every field but {@code version} and {@code template} may be null: the
 * API server fills in what the schema defaults, and {@code EffectiveSpec} in the operator the rest.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record WorkerPoolSpec(
        @Required
        @Size(max = 63)
        @ValidationRule(
                value = "!self.contains('+')",
                message = "spec.version must not contain '+', which a label value cannot hold: write '_' in its place,"
                        + " as Helm does")
        @ValidationRule(
                value = "self.contains('+') || self.matches('^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$')",
                message = "spec.version must be a label value: 1 to 63 letters, digits, '-', '_' and '.', with a letter"
                        + " or digit at both ends; choose such a version")
        @JsonPropertyDescription("The version that every worker is to run; edit it to deploy. It stands for"
                + " $(APP_VERSION) in images and is each container's environment variable APP_VERSION. A label value of"
                + " 1 to 63 characters. Required.")
        String version,

        @SpecReplicas
        @Min(0)
        @Default("1")
        @JsonPropertyDescription("How many workers are to run; 0 or more. kubectl scale and autoscalers set it, and"
                + " changing it is no rollout. Default: 1.")
        Integer replicas,

        @Required
        @JsonPropertyDescription("What each worker's pod is made from; changing it is a rollout. At least one container"
                + " needs a readiness probe, since readiness gates each step. Labels and annotations under"
                + " workerpool.dev/ are the operator's own. Required.")
        PodTemplateSpec template,

        @Default("false")
        @JsonPropertyDescription("While true a rollout or rollback makes and removes nothing, in the middle of a step"
                + " too, and its deadlines stand still; scaling and healing go on. Default: false.")
        Boolean paused,

        @JsonPropertyDescription("Any new value, as the present time, restarts every worker, rolling, with the version"
                + " unchanged. Default: none.")
        String restartedAt,

        @JsonPropertyDescription(
                "How workers are replaced when the version, the template, restartedAt or drain changes."
                        + " Changing these settings rolls nothing.")
        Rollout rollout,

        @JsonPropertyDescription(
                "How a worker leaves without losing requests. Part of the pod: changing it is a rollout.")
        Drain drain,

        @JsonPropertyDescription("When rollouts that fail in a row are held back.")
        CircuitBreaker circuitBreaker,

        @Min(0)
        @Default("10")
        @JsonPropertyDescription(
                "How many good revisions are kept as ControllerRevisions, beside the last good one and"
                        + " the one that is wanted, to read what ran; 0 or more. To go back, apply such a spec again. Default: 10.")
        Integer revisionHistoryLimit,

        @Min(0)
        @Max(100)
        @Default("100")
        @JsonPropertyDescription("How many finished rollouts are kept in status.history, and so counted in"
                + " status.statistics; 0 to 100. Default: 100.")
        Integer rolloutHistoryLimit) {

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "(has(self.minReadySeconds) ? self.minReadySeconds : 0)"
                    + " < (has(self.progressDeadlineSeconds) ? self.progressDeadlineSeconds : 600)",
            message = "spec.rollout.minReadySeconds must be below spec.rollout.progressDeadlineSeconds (600 if absent),"
                    + " or no step could end in time; lower the one or raise the other",
            fieldPath = ".minReadySeconds")
    public record Rollout(
            @ValidationRule(
                    value = "type(self) == int ? self >= 1 && self <= 999999999 : self.matches('^[1-9][0-9]{0,3}%$')",
                    message = "spec.rollout.maxSurge must be a number of workers of 1 or more, or a percentage of"
                            + " replicas of 1% or more such as \"25%\"; write one of them")
            @Default("1")
            @JsonPropertyDescription("How many workers are replaced at the same time, each by one that is made beside"
                    + " it: a number of 1 or more, or a percentage of replicas of 1% or more, rounded up. Default: 1.")
            IntOrString maxSurge,

            @Min(0)
            @Default("0")
            @JsonPropertyDescription("How long, in seconds, a new worker must stay ready, without a restart, before an"
                    + " old one may go; 0 or more and below progressDeadlineSeconds. It is 0.3 s at least, for busy"
                    + " kubelets now and then take a pod's first readiness back. Default: 0.")
            Integer minReadySeconds,

            @Min(1)
            @JsonPropertyDescription("How long, in seconds, a new worker may take to become ready from the moment its"
                    + " containers run; 1 or more. Default: 30, or if longer the largest sum in one container of its"
                    + " startup and readiness probe, each initialDelaySeconds + periodSeconds x failureThreshold.")
            Integer readyTimeoutSeconds,

            @Min(1)
            @Default("600")
            @JsonPropertyDescription("How long, in seconds, one step may take in all: scheduling, pulling, starting,"
                    + " becoming and staying ready; 1 or more. Default: 600.")
            Integer progressDeadlineSeconds,

            @Min(0)
            @Default("1")
            @JsonPropertyDescription(
                    "How long, in seconds, to wait between one step and the next; 0 or more. The rollback of a failed"
                            + " rollout does not wait. Default: 1.")
            Integer pauseSeconds,

            @Default("TerminationComplete")
            @JsonPropertyDescription("When the next step may begin. TerminationComplete: when the old worker is gone."
                    + " TerminationStarted: while it still drains. Default: TerminationComplete.")
            PodReplacementPolicy podReplacementPolicy,

            @JsonPropertyDescription(
                    "The operator's own check by HTTP, beside the kubelet's probes, of each worker of the new"
                            + " revision while a rollout runs, also when that makes workers of a pool that had 0; not of"
                            + " a pool's first workers, nor in a rollback, nor of what is scaled or healed while no"
                            + " rollout runs. Default: none.")
            Verification verification,

            @Default("Rollback")
            @JsonPropertyDescription("What to do when a rollout fails. Rollback: the workers go back to the last good"
                    + " version. Pause: everything is kept as it stands for a person to look at. Default: Rollback.")
            OnFailure onFailure,

            @Min(0)
            @Default("0")
            @JsonPropertyDescription(
                    "How often a failed revision is tried again by itself, after 10 s, 20 s, 40 s and so"
                            + " on, or later, when an open circuit breaker lets it; each try that fails counts for that. Not"
                            + " after a rollback that failed. 0 or more. Default: 0.")
            Integer retryLimit) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Verification(
            @Required
            @Size(max = 2048)
            @ValidationRule(
                    value = "self.startsWith('/')",
                    message = "spec.rollout.verification.path must begin with '/'; write a path such as /ready")
            @JsonPropertyDescription(
                    "Path of a GET by HTTP on the pod's address; the worker passes when it answers with"
                            + " a status of 200 to 399. Begins with /. Required.")
            String path,

            @Required
            @ValidationRule(
                    value = "type(self) == int ? self >= 1 && self <= 65535 :"
                            + " self.matches('^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$') && self.matches('[a-z]')",
                    message = "spec.rollout.verification.port must be a number from 1 to 65535, or the name of a"
                            + " container port (1 to 15 lower case letters, digits and '-'); write one of them")
            @JsonPropertyDescription(
                    "Port to ask: a number from 1 to 65535, or the name of a container port. Required.")
            IntOrString port,

            @Min(1)
            @Default("5")
            @JsonPropertyDescription("How often the worker is asked before it has failed; 1 or more. Default: 5.")
            Integer attempts,

            @Min(1)
            @Default("1")
            @JsonPropertyDescription(
                    "Seconds between one attempt and the next, and, up to 5, how long each waits for its"
                            + " answer; 1 or more. Default: 1.")
            Integer periodSeconds) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Drain(
            @Min(0)
            @Default("5")
            @JsonPropertyDescription("How long, in seconds, a worker that is leaving goes on serving after it left the"
                    + " endpoints; 0 or more, 0 for not at all. Containers with a preStop of their own keep it."
                    + " Default: 5.")
            Integer delaySeconds,

            @Min(1)
            @Default("30")
            @JsonPropertyDescription("Seconds from SIGTERM to SIGKILL; 1 or more. With delaySeconds it makes the pod's"
                    + " terminationGracePeriodSeconds, unless the template sets that. Default: 30.")
            Integer timeoutSeconds) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CircuitBreaker(
            @Min(1)
            @Default("3")
            @JsonPropertyDescription(
                    "How many rollouts must fail in a row before no more are started; 1 or more. Default: 3.")
            Integer failureThreshold,

            @Min(1)
            @Default("60")
            @JsonPropertyDescription("Seconds after the last failure until one rollout may start as a trial; 1 or more."
                    + " Default: 60.")
            Integer resetTimeoutSeconds) {}

    public enum PodReplacementPolicy {
        TerminationComplete,
        TerminationStarted
    }

    public enum OnFailure {
        Rollback,
        Pause
    }
}
