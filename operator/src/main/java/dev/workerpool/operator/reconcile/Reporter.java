package dev.workerpool.operator.reconcile;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.act.ApiError;
import dev.workerpool.operator.act.EventWriter;
import dev.workerpool.operator.decide.Event;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Obstacle;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.metrics.PoolMetrics;
import dev.workerpool.operator.observe.Obstacles;
import dev.workerpool.operator.observe.View;
import dev.workerpool.operator.report.StatusRenderer;
import dev.workerpool.operator.report.StatusWriter;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes status, and once that is true, tells of it in Events and metrics. */
final class Reporter {
    private static final Logger LOG = LoggerFactory.getLogger(Reporter.class);
    /** Whoever wrote the pool in the same moment: its newer version is on its way. */
    private static final Duration SOON = Duration.ofSeconds(1);

    private final StatusWriter writer;
    private final EventWriter events;
    private final Measures measures;
    private final Clock clock;

    Reporter(KubernetesClient client, Clock clock, PoolMetrics metrics) {
        this.writer = new StatusWriter(client);
        this.events = new EventWriter(client, clock);
        this.measures = new Measures(metrics);
        this.clock = clock;
    }

    /** Nothing is done before it is written; returns when to look again. */
    Instant record(View view, Observation o, Plan.Record plan, Keeping keeping) {
        WorkerPoolStatus status = StatusRenderer.render(view.pool(), o, plan.next(), plan, clock.instant());
        return write(view.pool(), status, keeping, () -> {
                    measures.recorded(o, plan, view.pool());
                    tell(view.pool(), status, plan.events());
                })
                .orElseGet(() -> keeping.expectations().limit());
    }

    /** After the calls of a plan, done or not; returns when status is due, if it lags. */
    Optional<Instant> acted(View view, Observation o, Plan.Act plan, boolean done, Keeping keeping) {
        if (done) {
            measures.acted(o, plan, view.pool());
            events.write(view.pool(), plan.events());
            if (plan.actions().stream().allMatch(NewSpec::prepares)) {
                return Optional.empty(); // the next pass follows at once, and has more to say
            }
        }
        // What was not done is waited for, if the plan says for whom.
        boolean waits = !done && plan.blocked().isPresent();
        Plan said = waits ? new Plan.Rest(plan.wakeAt(), plan.waiting(), plan.blocked()) : plan;
        Optional<Instant> due = report(view, o, said, keeping);
        if (done) {
            keeping.steps().acted(o, plan.actions()); // only now: what was seen before knows nothing of new workers
        }
        return due;
    }

    /** Brings status up to date; returns when it is due, if it lags. */
    Optional<Instant> report(View view, Observation o, Plan plan, Keeping keeping) {
        measures.observed(o, view.pool(), keeping.steps());
        WorkerPoolStatus status = StatusRenderer.render(view.pool(), o, o.state(), plan, clock.instant());
        return write(view.pool(), status, keeping, () -> tell(view.pool(), status, List.of()));
    }

    /** A spec that cannot be read stalls this pool alone; returns when to look again. */
    Instant unreadable(WorkerPool pool, RuntimeException why, Keeping keeping) {
        LOG.info(
                "{}/{}: the spec cannot be read: {}",
                pool.getMetadata().getNamespace(),
                pool.getMetadata().getName(),
                why.getMessage());
        String said = why.getMessage() == null ? why.getClass().getSimpleName() : why.getMessage();
        WorkerPoolStatus status = StatusRenderer.renderUnreadable(pool, said, clock.instant());
        return write(pool, status, keeping, () -> {})
                .orElseGet(() -> keeping.expectations().limit());
    }

    /** The pool is gone. */
    void forget(WorkerPool pool) {
        writer.forget(pool.getMetadata().getUid());
        measures.forget(pool);
    }

    /** Returns when to look again, if it was not written, or not yet; {@code tell} runs once it is known to be written. */
    private Optional<Instant> write(WorkerPool pool, WorkerPoolStatus status, Keeping keeping, Runnable tell) {
        Instant now = clock.instant();
        Obstacles<Obstacles.Kind> obstacles = keeping.memory().obstacles();
        if (obstacles.hold(Obstacles.Kind.STATUS, now)) {
            return obstacles.current(Obstacles.Kind.STATUS, now).map(Obstacle::retryAt);
        }
        try {
            StatusWriter.Outcome outcome = writer.write(pool, status, now);
            obstacles.passed(Obstacles.Kind.STATUS);
            return switch (outcome) {
                case StatusWriter.Outcome.Same same -> Optional.empty();
                case StatusWriter.Outcome.Later later -> Optional.of(later.lookAgainAt());
                case StatusWriter.Outcome.Stale stale -> Optional.of(now.plus(SOON));
                case StatusWriter.Outcome.Written written -> {
                    keeping.expectations().poolWritten(written.resourceVersion(), clock.instant());
                    keeping.untold().drop();
                    tell.run();
                    yield Optional.empty();
                }
            };
        } catch (KubernetesClientException e) {
            LOG.warn(
                    "{}/{}: status cannot be written: {}",
                    pool.getMetadata().getNamespace(),
                    pool.getMetadata().getName(),
                    ApiError.said(e));
            if (!ApiError.refused(e)) {
                keeping.expectations().poolMaybeWritten(pool.getMetadata().getResourceVersion(), clock.instant());
                keeping.untold().keep(pool, status, tell);
            }
            obstacles.refused(Obstacles.Kind.STATUS, ApiError.said(e), now);
            return obstacles.current(Obstacles.Kind.STATUS, now).map(Obstacle::retryAt);
        }
    }

    private void tell(WorkerPool before, WorkerPoolStatus after, List<Event> planned) {
        events.write(before, planned);
        events.write(before, ConditionEvents.between(before.getStatus(), after));
    }
}
