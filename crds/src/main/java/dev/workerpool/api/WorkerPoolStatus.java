package dev.workerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.model.annotation.LabelSelector;
import io.fabric8.kubernetes.model.annotation.StatusReplicas;
import java.util.List;

/**
 * What the user reads, and what the operator must not forget (contract, section 6). Times are RFC 3339 in UTC with
 * milliseconds; null means absent.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record WorkerPoolStatus(
        @JsonPropertyDescription("The metadata.generation that this status speaks of.")
        Long observedGeneration,

        @JsonPropertyDescription("Value of the annotation workerpool.dev/retry that was last acted on.")
        String observedRetry,

        @LabelSelector
        @JsonPropertyDescription("Selects the pool's workers, as text; autoscalers and PodDisruptionBudgets read "
                + "it through the scale subresource.")
        String selector,

        @StatusReplicas
        @JsonPropertyDescription(
                "Workers that live, surge workers included; terminating and ended pods are not " + "counted.")
        Integer replicas,

        @JsonPropertyDescription("Live workers that are ready.")
        Integer readyReplicas,

        @JsonPropertyDescription("Live workers that are available, as their Ready condition says.")
        Integer availableReplicas,

        @JsonPropertyDescription("Live workers of the revision that the spec asks for.")
        Integer updatedReplicas,

        @JsonPropertyDescription("Workers that are terminating.")
        Integer terminatingReplicas,

        @JsonPropertyDescription("The version that all workers last ran, all available; the last good one.")
        String version,

        @JsonPropertyDescription("The revision that all workers last ran, all available: the snapshot, which a "
                + "rollback returns to.")
        String currentRevision,

        @JsonPropertyDescription(
                "The revision that the spec asks for: a hash of template, version, restartedAt " + "and drain.")
        String updateRevision,

        @JsonPropertyDescription("The revision that failed and is not tried again unless retried; forgotten when "
                + "the spec asks for anything else.")
        String failedRevision,

        @JsonPropertyDescription("How often failedRevision was tried.")
        Integer failedAttempts,

        @JsonPropertyDescription(
                "When failedRevision is tried again by itself, if spec.rollout.retryLimit allows it; later, if the circuit"
                        + " breaker is open until circuitBreaker.retryTime.")
        String nextRetryTime,

        @JsonPropertyDescription("How the rollout of failedRevision ended: RolledBack, RollbackFailed or Failed.")
        Result failedResult,

        @JsonPropertyDescription("Since when the first workers of this spec are awaited; only while no revision "
                + "was ever available in full.")
        String fillStartedAt,

        @JsonPropertyDescription("The rollout or rollback that runs; absent when none does.")
        RolloutStatus rollout,

        @JsonPropertyDescription("The circuit breaker, which holds rollouts back after too many failures in a row.")
        BreakerStatus circuitBreaker,

        @JsonPropertyDescription("The evidence of the last failure, kept after its pod is gone.")
        LastFailure lastFailure,

        @JsonPropertyDescription("Finished rollouts, newest first; spec.rolloutHistoryLimit says how many.")
        List<HistoryEntry> history,

        @JsonPropertyDescription("Figures over history; absent when nothing in it counts. Superseded rollouts count "
                + "neither in rollouts nor in the durations.")
        Statistics statistics,

        @JsonPropertyDescription("Ready, Available, Progressing, Stalled and CircuitBreakerOpen.")
        List<Condition> conditions) {

    /** The rollout or rollback that runs now. {@code attempt} is absent on a way back, which has no history entry. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record RolloutStatus(
            @JsonPropertyDescription("RollingOut: toward the version asked for. RollingBack: toward the last good one.")
            Phase phase,

            @JsonPropertyDescription("The version the workers come from.")
            String fromVersion,

            @JsonPropertyDescription("The version they go to.")
            String toVersion,

            @JsonPropertyDescription("The revision the workers come from.")
            String fromRevision,

            @JsonPropertyDescription("The revision they go to.")
            String toRevision,

            @JsonPropertyDescription("When it began; of a rollback, when the rollout that failed did.")
            String startedAt,

            @JsonPropertyDescription(
                    "When the present step began, or was given its time anew because an old worker drains for long or the API server was away; its deadline counts from here, the times of pauseSeconds and pausedSeconds apart.")
            String stepStartedAt,

            @JsonPropertyDescription("Since when it stands still; absent while it moves.")
            String pausedSince,

            @JsonPropertyDescription(
                    "How long, in seconds, this step stood still before; its deadlines are put off by as much.")
            Long pausedSeconds,

            @JsonPropertyDescription("Which try of this revision it is, from 1; absent on a way back.")
            Integer attempt,

            @JsonPropertyDescription("Whether it is the half-open circuit breaker's trial.")
            Boolean trial,

            @JsonPropertyDescription("Workers on the target, of replicas, such as 2/4.")
            String progress,

            @JsonPropertyDescription("What it waits for right now, and until when.")
            String message) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BreakerStatus(
            @JsonPropertyDescription(
                    "Closed: rollouts may start. Open: none does before retryTime. HalfOpen: one may, " + "as a trial.")
            BreakerState state,

            @JsonPropertyDescription("Rollouts that failed in a row, of any version.")
            Integer consecutiveFailures,

            @JsonPropertyDescription("When a rollout last failed.")
            String lastFailureTime,

            @JsonPropertyDescription("When the open circuit breaker turns half-open.")
            String retryTime) {}

    /** The evidence of the last failure, kept after the pod is gone. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record LastFailure(
            @JsonPropertyDescription("The version of the worker that failed.")
            String version,

            @JsonPropertyDescription("The revision of the worker that failed.")
            String revision,

            @JsonPropertyDescription("The name of its pod; empty if none is to blame.")
            String pod,

            @JsonPropertyDescription(
                    "What happened, in a word: ContainerExited, NotReady, VerificationFailed, ProgressDeadlineExceeded, SnapshotRecordGone, or what the kubelet calls it, such as OOMKilled or ErrImagePull.")
            String reason,

            @JsonPropertyDescription("What happened, in a sentence, with the container's termination message.")
            String message,

            @JsonPropertyDescription("The exit code of the container that ended, if one did.")
            Integer exitCode,

            @JsonPropertyDescription("The last 10 lines of its log, shortened and printable.")
            String log,

            @JsonPropertyDescription("When the operator saw it.")
            String time) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record HistoryEntry(
            @JsonPropertyDescription("The version the workers came from.")
            String fromVersion,

            @JsonPropertyDescription("The version that was rolled out.")
            String version,

            @JsonPropertyDescription("The revision that was rolled out.")
            String revision,

            @JsonPropertyDescription("When it began.") String startedAt,

            @JsonPropertyDescription("How long it took, in seconds, its rollback included.")
            Double durationSeconds,

            @JsonPropertyDescription(
                    "How many workers ran the version when the rollout ended: 0 once all are rolled back.")
            Integer workersReplaced,

            @JsonPropertyDescription("Succeeded, RolledBack, RollbackFailed, Failed (left as it stood, or its "
                    + "rollback was cut short) or Superseded by another spec.")
            Result result,

            @JsonPropertyDescription("Why it ended so; at most 160 bytes, 80 once 10 newer ones are there.")
            String message) {}

    /** Over {@code history}: superseded rollouts count neither in {@code rollouts} nor in the durations (seconds). */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Statistics(
            @JsonPropertyDescription("Rollouts that ended, superseded ones left out.")
            Integer rollouts,

            @JsonPropertyDescription("Those of them that did not succeed.")
            Integer failed,

            @JsonPropertyDescription("failed in percent of rollouts, 0 to 100.")
            Double failureRatePercent,

            @JsonPropertyDescription("Average duration, in seconds.")
            Double averageSeconds,

            @JsonPropertyDescription("Shortest duration, in seconds.")
            Double minSeconds,

            @JsonPropertyDescription("Longest duration, in seconds.")
            Double maxSeconds) {}

    public enum Phase {
        RollingOut,
        RollingBack
    }

    public enum BreakerState {
        Closed,
        Open,
        HalfOpen
    }

    /** How a rollout ended; {@code failedResult} is one of RolledBack, RollbackFailed, Failed. */
    public enum Result {
        Succeeded,
        RolledBack,
        RollbackFailed,
        Failed,
        Superseded
    }
}
