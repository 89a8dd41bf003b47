package dev.workerpool.operator.report;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.LastFailure;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.pods.Labels;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** What status should say; writes nothing (contract, section 6). */
public final class StatusRenderer {
    /** So many of the newest history entries keep 160 bytes of message, older ones half: 100 stay below 48 KB. */
    private static final int NEWEST = 10;

    private static final WorkerPoolStatus EMPTY = new WorkerPoolStatus(
            null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            null, null, null, null);

    private StatusRenderer() {}

    /**
     * The whole status.
     *
     * @param pool as observed; its stored conditions keep the times of their last transition
     * @param o what the plan was made from
     * @param after what is to be remembered: {@link Plan.Record#next}, with evidence added; otherwise {@code o.state()}
     * @param plan of this pass: what it waits for, and for whom
     */
    public static WorkerPoolStatus render(WorkerPool pool, Observation o, State after, Plan plan, Instant now) {
        Counters counters =
                Counters.of(o.workers(), after.wanted().orElse(o.settings().revision()));
        Optional<State.Failed> failed = after.failed();
        List<State.Ending> history = after.history().stream()
                .limit(o.settings().rolloutHistoryLimit())
                .toList();
        return new WorkerPoolStatus(
                pool.getMetadata().getGeneration(),
                after.seenRetry().orElse(null),
                Labels.selector(pool.getMetadata().getName()),
                counters.replicas(),
                counters.ready(),
                counters.available(),
                counters.updated(),
                counters.terminating(),
                after.snapshot().map(State.Snapshot::version).orElse(null),
                after.snapshot().map(State.Snapshot::revision).orElse(null),
                after.wanted().orElse(null),
                failed.map(State.Failed::revision).orElse(null),
                failed.map(State.Failed::attempts).orElse(null),
                failed.flatMap(State.Failed::nextRetry).map(Times::write).orElse(null),
                failed.flatMap(State.Failed::result)
                        .map(r -> Result.valueOf(r.name()))
                        .orElse(null),
                after.fillStartedAt().map(Times::write).orElse(null),
                StatusMapper.rolloutStatus(after.rollout(), o.settings().replicas(), waiting(pool, plan)),
                StatusMapper.breakerStatus(after.breaker()),
                after.lastFailure().map(StatusRenderer::lastFailure).orElse(null),
                history(history),
                Statistics.over(history),
                Conditions.of(
                        o, after, plan, conditions(pool), pool.getMetadata().getGeneration(), now));
    }

    /**
     * The stored status of a pool whose spec cannot be read, with conditions that say so (reason {@code InvalidSpec}).
     */
    public static WorkerPoolStatus renderUnreadable(WorkerPool pool, String why, Instant now) {
        WorkerPoolStatus s = Optional.ofNullable(pool.getStatus()).orElse(EMPTY);
        Long generation = pool.getMetadata().getGeneration();
        return new WorkerPoolStatus(
                generation,
                s.observedRetry(),
                s.selector(),
                s.replicas(),
                s.readyReplicas(),
                s.availableReplicas(),
                s.updatedReplicas(),
                s.terminatingReplicas(),
                s.version(),
                s.currentRevision(),
                s.updateRevision(),
                s.failedRevision(),
                s.failedAttempts(),
                s.nextRetryTime(),
                s.failedResult(),
                s.fillStartedAt(),
                s.rollout(),
                s.circuitBreaker(),
                s.lastFailure(),
                s.history(),
                s.statistics(),
                Conditions.unreadable(why, s.conditions(), generation, now));
    }

    /** While something is done there may be nothing new to wait for: what was said before is said until it is done. */
    private static String waiting(WorkerPool pool, Plan plan) {
        boolean told = pool.getStatus() != null
                && pool.getStatus().rollout() != null
                && pool.getStatus().rollout().message() != null;
        return plan.waiting().isEmpty() && !(plan instanceof Plan.Rest) && told
                ? pool.getStatus().rollout().message()
                : plan.waiting();
    }

    private static List<Condition> conditions(WorkerPool pool) {
        return pool.getStatus() == null ? null : pool.getStatus().conditions();
    }

    private static LastFailure lastFailure(State.Failure f) {
        return new LastFailure(
                f.version(),
                f.revision(),
                f.pod(),
                f.reason(),
                Text.line(f.message(), Text.MESSAGE),
                f.exitCode().orElse(null),
                f.log().map(log -> Text.log(log, 2048)).orElse(null),
                Times.write(f.time()));
    }

    /** Null when empty, so that an absent list and an empty one are no difference worth a write. */
    private static List<HistoryEntry> history(List<State.Ending> history) {
        return history.isEmpty()
                ? null
                : IntStream.range(0, history.size())
                        .mapToObj(i -> entry(history.get(i), i < NEWEST ? 160 : 80))
                        .toList();
    }

    private static HistoryEntry entry(State.Ending e, int bytes) {
        return new HistoryEntry(
                e.fromVersion(),
                e.version(),
                e.revision(),
                Times.write(e.startedAt()),
                e.durationMillis() / 1000.0,
                e.workersReplaced(),
                Result.valueOf(e.result().name()),
                Text.line(e.message(), bytes));
    }
}
