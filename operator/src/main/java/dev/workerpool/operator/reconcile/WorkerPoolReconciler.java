package dev.workerpool.operator.reconcile;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.act.ActionRunner;
import dev.workerpool.operator.act.ApiError;
import dev.workerpool.operator.act.Assignment;
import dev.workerpool.operator.act.Evidence;
import dev.workerpool.operator.act.Expectations.Visibility;
import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Obstacle;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Settings;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Worker;
import dev.workerpool.operator.metrics.PoolMetrics;
import dev.workerpool.operator.observe.EventSources;
import dev.workerpool.operator.observe.Obstacles;
import dev.workerpool.operator.observe.Outages;
import dev.workerpool.operator.observe.PoolReader;
import dev.workerpool.operator.observe.View;
import dev.workerpool.operator.pods.EffectiveSpec;
import dev.workerpool.operator.report.StatusMapper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at a pool, decides, and does or records what was decided; one pass for each change of the pool, its pods or its
 * records, and at the times that the plans themselves name. All writes go through the plain client: JOSDK hides none of
 * their events, and {@link dev.workerpool.operator.act.Expectations} wait for them to be visible.
 */
@ControllerConfiguration(
        name = "workerpool",
        generationAwareEventProcessing = false, // the retry annotation counts too
        triggerReconcilerOnAllEvents = true, // a pool that is gone is forgotten
        informer = @Informer(comparableResourceVersions = false))
public final class WorkerPoolReconciler implements Reconciler<WorkerPool> {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerPoolReconciler.class);
    private static final Duration SOON = Duration.ofSeconds(1);

    private final KubernetesClient client;
    private final Clock clock;
    private final PoolReader reader;
    private final ActionRunner runner;
    private final Evidence evidence;
    private final Reporter reporter;
    private final Map<String, Keeping> pools = new ConcurrentHashMap<>();
    private volatile Cache<WorkerPool> there;
    private volatile Alarm alarm;
    private volatile EventSources sources;

    public WorkerPoolReconciler(KubernetesClient client, Outages outages, Clock clock, PoolMetrics metrics) {
        this.client = client;
        this.clock = clock;
        this.reader = new PoolReader(client, outages);
        this.runner = new ActionRunner(client, clock);
        this.evidence = new Evidence(client);
        this.reporter = new Reporter(client, clock, metrics);
    }

    @Override
    public List<EventSource<?, WorkerPool>> prepareEventSources(EventSourceContext<WorkerPool> context) {
        there = context.getPrimaryCache();
        alarm = new Alarm(there);
        sources = new EventSources(context);
        return Stream.concat(Stream.of(alarm), sources.all().stream()).toList();
    }

    @Override
    public UpdateControl<WorkerPool> reconcile(WorkerPool pool, Context<WorkerPool> context) {
        String uid = pool.getMetadata().getUid();
        ResourceID id = ResourceID.fromResource(pool);
        if (context.isPrimaryResourceDeleted()) {
            forget(pool, id);
            return UpdateControl.noUpdate();
        }
        if (pool.getMetadata().getDeletionTimestamp() != null) {
            return UpdateControl.noUpdate(); // its workers are collected by Kubernetes, or orphaned if the user said so
        }
        Instant wakeAt = passOrWait(pool, pools.computeIfAbsent(uid, u -> new Keeping()));
        alarm.set(id, Wake.delay(clock.instant(), wakeAt));
        return UpdateControl.noUpdate();
    }

    /** If it was made again meanwhile, JOSDK shows the new one here, and would then listen to nothing of it. */
    private void forget(WorkerPool pool, ResourceID id) {
        Set<String> gone = new HashSet<>(pools.keySet()); // before the cache is read: a pool is there before it is kept
        there.list().forEach(p -> gone.remove(p.getMetadata().getUid()));
        gone.forEach(pools::remove);
        reporter.forget(pool);
        alarm.set(id, SOON); // whether it is there now or comes in this very moment
    }

    /** One pass, or none if the API server had to be read and could not: then again after 1, 2, 4, 8, then every 10 s. */
    private Instant passOrWait(WorkerPool pool, Keeping keeping) {
        Obstacles<Obstacles.Kind> obstacles = keeping.memory().obstacles();
        try {
            Instant wakeAt = pass(View.cached(pool, sources), keeping);
            obstacles.passed(Obstacles.Kind.READ);
            return wakeAt;
        } catch (KubernetesClientException e) {
            LOG.warn(
                    "{}/{}: the API server cannot be read: {}",
                    pool.getMetadata().getNamespace(),
                    pool.getMetadata().getName(),
                    ApiError.said(e));
            Instant now = clock.instant();
            obstacles.refused(Obstacles.Kind.READ, ApiError.said(e), now);
            return obstacles
                    .current(Obstacles.Kind.READ, now)
                    .map(Obstacle::retryAt)
                    .orElse(now);
        } catch (Error e) {
            // JOSDK (5.3.2) tries again after an exception; after an error it would look at this pool no more.
            throw new IllegalStateException("the pass ended with " + e, e);
        }
    }

    /** One pass; returns when to look again if nothing happens before. */
    private Instant pass(View cached, Keeping keeping) {
        Optional<View> visible = ownWritesVisible(cached, keeping);
        if (visible.isEmpty()) {
            return keeping.expectations().limit();
        }
        if (!sources.running()) {
            return Instant.MAX; // the process ends: nothing is planned on caches that may be empty already
        }
        return pass(visible.get(), visible.get() == cached, keeping);
    }

    private Instant pass(View view, boolean cached, Keeping keeping) {
        keeping.untold().look(view.pool());
        Settings settings;
        try {
            settings = EffectiveSpec.settings(view.pool());
        } catch (RuntimeException unreadable) {
            return reporter.unreadable(view.pool(), unreadable, keeping);
        }
        State state = StatusMapper.state(view.pool().getStatus());
        Observation o = reader.read(view, settings, state, keeping.memory(), clock.instant());
        Plan plan = NewSpec.plan(o);
        if (cached && (plan instanceof Plan.Record record && fails(o, record) || lacksTheSnapshot(o))) {
            // The caches may be behind what the workers did in time, and behind a record: the API server says
            // whether a worker failed, or somebody deleted the record.
            return View.live(view.pool(), client)
                    .filter(v -> v.pool().getMetadata().getDeletionTimestamp() == null)
                    .map(live -> pass(live, false, keeping))
                    .orElse(Instant.MAX);
        }
        return switch (plan) {
            case Plan.Record record -> reporter.record(view, o, withEvidence(view, o, record), keeping);
            case Plan.Act act when replacesLost(o, act) && isGoing(view.pool()) -> Instant.MAX;
            case Plan.Act act -> {
                boolean done = runner.run(assignment(view, settings, keeping), act.actions(), o.workers());
                yield Wake.afterActing(done, reporter.acted(view, o, act, done, keeping), keeping, clock.instant());
            }
            case Plan.Rest rest -> Wake.atRest(rest, reporter.report(view, o, rest, keeping), keeping, clock.instant());
        };
    }

    /** The caches if they show all own writes; the API server's word if they lag too long; empty: wait. */
    private Optional<View> ownWritesVisible(View cached, Keeping keeping) {
        Visibility visibility = keeping.expectations()
                .visibility(cached.facts(), cached.pool().getMetadata().getResourceVersion(), clock.instant());
        return switch (visibility) {
            case CURRENT -> Optional.of(cached);
            case WAITING -> Optional.empty();
            case STALE -> {
                Optional<View> live = View.live(cached.pool(), client);
                keeping.expectations().readAt(clock.instant());
                live.ifPresent(v -> keeping.expectations()
                        .settle(v.facts(), v.pool().getMetadata().getResourceVersion()));
                yield live.filter(v -> v.pool().getMetadata().getDeletionTimestamp() == null);
            }
        };
    }

    /** Workers that go without our doing may go because their pool did, which the caches may show later. */
    private static boolean replacesLost(Observation o, Plan.Act act) {
        boolean lost = !o.lostRevisions().isEmpty()
                || o.workers().stream().anyMatch(w -> w.removal() == Worker.Removal.OTHERS);
        return lost && act.actions().stream().anyMatch(Action.Create.class::isInstance);
    }

    /** A pool that is deleted makes nothing (contract, section 2): asked of the API server itself. */
    private boolean isGoing(WorkerPool pool) {
        WorkerPool now = client.resource(pool).get();
        return now == null
                || now.getMetadata().getDeletionTimestamp() != null
                || !now.getMetadata().getUid().equals(pool.getMetadata().getUid());
    }

    private static boolean fails(Observation o, Plan.Record record) {
        return !record.next().lastFailure().equals(o.state().lastFailure());
    }

    private static boolean lacksTheSnapshot(Observation o) {
        return o.state()
                .snapshot()
                .filter(s -> !o.records().containsKey(s.revision()))
                .isPresent();
    }

    private Plan.Record withEvidence(View view, Observation o, Plan.Record record) {
        return record.next()
                .lastFailure()
                .filter(failure -> fails(o, record))
                .map(failure -> record.next().withLastFailure(evidence.complete(failure, view.pods())))
                .map(next -> new Plan.Record(next, record.events(), record.waiting(), record.blocked()))
                .orElse(record);
    }

    private static Assignment assignment(View view, Settings settings, Keeping keeping) {
        return new Assignment(view, settings.revision(), keeping.memory(), keeping.expectations());
    }
}
