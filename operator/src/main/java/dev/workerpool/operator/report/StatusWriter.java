package dev.workerpool.operator.report;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The only one who writes status: a transition at once; counters, progress and messages within {@link #LAG}, so that
 * what comes and goes in a step costs no write; nothing when nothing differs (contract, section 3, I7, and section 6).
 */
public final class StatusWriter {
    /** How long counters, progress and messages may lag. */
    public static final Duration LAG = Duration.ofSeconds(1);

    /** What became of a status. */
    public sealed interface Outcome {
        /** The stored status says the same: nothing was written. */
        record Same() implements Outcome {}

        /** Only what may lag differs: nothing was written, look again then. */
        record Later(Instant lookAgainAt) implements Outcome {}

        /** Written; the pool has this resourceVersion now, and older ones that the cache still shows are stale. */
        record Written(String resourceVersion) implements Outcome {}

        /** The observed pool is not the newest, or is gone: nothing was written, wait for the newer one. */
        record Stale() implements Outcome {}
    }

    private final KubernetesClient client;
    /** By UID: since when the stored status lags behind. */
    private final Map<String, Instant> lagsSince = new ConcurrentHashMap<>();

    public StatusWriter(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Writes {@code rendered} if it must be written now, guarded by the resourceVersion of {@code observed}.
     *
     * @throws KubernetesClientException if the API server refuses it, but for a conflict or a pool that is gone
     */
    public Outcome write(WorkerPool observed, WorkerPoolStatus rendered, Instant now) {
        String uid = observed.getMetadata().getUid();
        WorkerPoolStatus stored = observed.getStatus();
        if (rendered.equals(stored)) {
            lagsSince.remove(uid);
            return new Outcome.Same();
        }
        if (stored != null && Transition.of(rendered).equals(Transition.of(stored))) {
            Instant due = lagsSince.computeIfAbsent(uid, u -> now).plus(LAG);
            if (now.isBefore(due)) {
                return new Outcome.Later(due);
            }
        }
        return put(observed, rendered);
    }

    /** The pool is gone. */
    public void forget(String uid) {
        lagsSince.remove(uid);
    }

    private Outcome put(WorkerPool observed, WorkerPoolStatus rendered) {
        WorkerPool copy = new WorkerPool();
        copy.setMetadata(observed.getMetadata());
        copy.setSpec(observed.getSpec());
        copy.setStatus(rendered);
        try {
            WorkerPool written = client.resource(copy).updateStatus();
            lagsSince.remove(observed.getMetadata().getUid());
            return new Outcome.Written(written.getMetadata().getResourceVersion());
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT || e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return new Outcome.Stale();
            }
            throw e;
        }
    }

    /** What may not lag: all that the planner remembers, and what tools wait for. */
    private record Transition(Object state, Long observedGeneration, String selector, List<String> conditions) {
        static Transition of(WorkerPoolStatus status) {
            List<Condition> conditions = status.conditions() == null ? List.of() : status.conditions();
            return new Transition(
                    StatusMapper.state(status),
                    status.observedGeneration(),
                    status.selector(),
                    conditions.stream()
                            .map(c -> String.join(
                                    " ",
                                    c.getType(),
                                    c.getStatus(),
                                    c.getReason(),
                                    String.valueOf(c.getObservedGeneration())))
                            .toList());
        }
    }
}
