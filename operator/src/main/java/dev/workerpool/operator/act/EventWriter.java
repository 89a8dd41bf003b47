package dev.workerpool.operator.act;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells of transitions in Events on the pool, for {@code kubectl describe} (contract, section 6). */
public final class EventWriter {
    private static final Logger LOG = LoggerFactory.getLogger(EventWriter.class);
    private static final String COMPONENT = "workerpool-operator";
    private static final int LONGEST = 1000;

    private final KubernetesClient client;
    private final Clock clock;
    /** Names of Events are made from the time and this, so that no two are the same. */
    private final AtomicLong written = new AtomicLong();

    public EventWriter(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /** Writes them once each; one that cannot be written is logged and lost, for nothing rests on it. */
    public void write(WorkerPool pool, List<Event> events) {
        for (Event event : events) {
            LOG.info(
                    "{}/{}: {}: {}",
                    pool.getMetadata().getNamespace(),
                    pool.getMetadata().getName(),
                    event.kind(),
                    event.message());
            try {
                client.resource(resource(pool, event)).create();
            } catch (KubernetesClientException e) {
                LOG.warn(
                        "cannot write event {} of pool {}/{}: {}",
                        event.kind(),
                        pool.getMetadata().getNamespace(),
                        pool.getMetadata().getName(),
                        ApiError.said(e));
            }
        }
    }

    private io.fabric8.kubernetes.api.model.Event resource(WorkerPool pool, Event event) {
        Instant now = clock.instant();
        String time = now.truncatedTo(ChronoUnit.SECONDS).toString();
        String message = event.message().length() <= LONGEST
                ? event.message()
                : event.message().substring(0, LONGEST) + "...";
        return new EventBuilder()
                .withNewMetadata()
                .withName(pool.getMetadata().getName() + "." + Long.toHexString(now.toEpochMilli()) + "-"
                        + written.incrementAndGet())
                .withNamespace(pool.getMetadata().getNamespace())
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(pool.getApiVersion())
                .withKind(pool.getKind())
                .withName(pool.getMetadata().getName())
                .withNamespace(pool.getMetadata().getNamespace())
                .withUid(pool.getMetadata().getUid())
                .endInvolvedObject()
                .withReason(event.kind().name())
                .withMessage(message)
                .withType(event.kind().warning() ? "Warning" : "Normal")
                .withFirstTimestamp(time)
                .withLastTimestamp(time)
                .withCount(1)
                .withNewSource(COMPONENT, null)
                .withReportingComponent(COMPONENT)
                .withReportingInstance(COMPONENT)
                .build();
    }
}
