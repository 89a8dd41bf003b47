package dev.workerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/**
 * What the user reads, and what the operator must not forget (contract, section 6). Times are RFC 3339 in UTC with
 * milliseconds; null means absent.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record WorkerPoolStatus(
        Long observedGeneration,
        String observedRetry,
        String selector,
        Integer replicas,
        Integer readyReplicas,
        Integer availableReplicas,
        Integer updatedReplicas,
        Integer terminatingReplicas,
        String version,
        String currentRevision,
        String updateRevision,
        String failedRevision,
        Integer failedAttempts,
        String nextRetryTime,
        Result failedResult,
        String fillStartedAt,
        RolloutStatus rollout,
        BreakerStatus circuitBreaker,
        LastFailure lastFailure,
        List<HistoryEntry> history,
        Statistics statistics,
        List<Condition> conditions) {

    /** The rollout or rollback that runs now. {@code attempt} is absent on a way back, which has no history entry. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record RolloutStatus(
            Phase phase,
            String fromVersion,
            String toVersion,
            String fromRevision,
            String toRevision,
            String startedAt,
            String stepStartedAt,
            String pausedSince,
            Long pausedSeconds,
            Integer attempt,
            Boolean trial,
            String progress,
            String message) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BreakerStatus(
            BreakerState state, Integer consecutiveFailures, String lastFailureTime, String retryTime) {}

    /** The evidence of the last failure, kept after the pod is gone. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record LastFailure(
            String version,
            String revision,
            String pod,
            String reason,
            String message,
            Integer exitCode,
            String log,
            String time) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record HistoryEntry(
            String fromVersion,
            String version,
            String revision,
            String startedAt,
            Double durationSeconds,
            Integer workersReplaced,
            Result result,
            String message) {}

    /** Over {@code history}: superseded rollouts count neither in {@code rollouts} nor in the durations (seconds). */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Statistics(
            Integer rollouts,
            Integer failed,
            Double failureRatePercent,
            Double averageSeconds,
            Double minSeconds,
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
