package dev.workerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;

/**
 * What the user asks for (contract, section 1). Every field but {@code version} and {@code template} may be null: the
 * API server fills in what the schema defaults, and {@code EffectiveSpec} in the operator the rest.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record WorkerPoolSpec(
        String version,
        Integer replicas,
        PodTemplateSpec template,
        Boolean paused,
        String restartedAt,
        Rollout rollout,
        Drain drain,
        CircuitBreaker circuitBreaker,
        Integer revisionHistoryLimit,
        Integer rolloutHistoryLimit) {

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Rollout(
            IntOrString maxSurge,
            Integer minReadySeconds,
            Integer readyTimeoutSeconds,
            Integer progressDeadlineSeconds,
            Integer pauseSeconds,
            PodReplacementPolicy podReplacementPolicy,
            Verification verification,
            OnFailure onFailure,
            Integer retryLimit) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Verification(String path, IntOrString port, Integer attempts, Integer periodSeconds) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Drain(Integer delaySeconds, Integer timeoutSeconds) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CircuitBreaker(Integer failureThreshold, Integer resetTimeoutSeconds) {}

    public enum PodReplacementPolicy {
        TerminationComplete,
        TerminationStarted
    }

    public enum OnFailure {
        Rollback,
        Pause
    }
}
