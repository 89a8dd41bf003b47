package dev.workerpool.operator.observe;

import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.pods.OneLine;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom a pod waits for whose own status does not say: a volume, or its sandbox. The kubelet tells that in Events alone, so
 * those of a pod that does not get to run are read, seldom (contract, section 4).
 */
public final class Warnings {
    private static final Logger LOG = LoggerFactory.getLogger(Warnings.class);
    private static final Set<String> WAITS = Set.of("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox");
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration BETWEEN_READS = Duration.ofSeconds(5);
    private static final int LONGEST = 200;
    /** Of many that wait, the first tell it all: a fill of a thousand workers must not read a thousand lists. */
    private static final int MOST = 3;

    private record Wait(Instant readAt, Optional<String> message) {}

    private final Map<String, Wait> waits = new HashMap<>();

    /** The facts with {@link PodFacts#blocked} filled in where Events say more. */
    List<PodFacts> explain(List<PodFacts> pods, String namespace, KubernetesClient client, Instant now) {
        Set<String> stuck = pods.stream()
                .filter(Warnings::mayBeStuck)
                .sorted(Comparator.comparing(PodFacts::slot))
                .limit(MOST)
                .map(PodFacts::uid)
                .collect(Collectors.toSet());
        waits.keySet().retainAll(stuck);
        return pods.stream()
                .map(pod -> stuck.contains(pod.uid()) ? explain(pod, namespace, client, now) : pod)
                .toList();
    }

    /** When Events are to be read next. */
    public Optional<Instant> wakeAt() {
        return waits.values().stream().map(Wait::readAt).min(Instant::compareTo);
    }

    private static boolean mayBeStuck(PodFacts pod) {
        return pod.live()
                && !pod.running()
                && !pod.ready()
                && pod.exits() == 0
                && pod.blocked().isEmpty()
                && pod.fault().isEmpty();
    }

    private PodFacts explain(PodFacts pod, String namespace, KubernetesClient client, Instant now) {
        Wait wait = waits.computeIfAbsent(pod.uid(), uid -> new Wait(now.plus(PATIENCE), Optional.empty()));
        if (!now.isBefore(wait.readAt())) {
            wait = new Wait(now.plus(BETWEEN_READS), read(pod, namespace, client));
            waits.put(pod.uid(), wait);
        }
        return wait.message().isPresent() ? pod.withBlocked(wait.message()) : pod;
    }

    private static Optional<String> read(PodFacts pod, String namespace, KubernetesClient client) {
        try {
            return message(client.v1()
                    .events()
                    .inNamespace(namespace)
                    .withField("involvedObject.uid", pod.uid())
                    .list()
                    .getItems());
        } catch (KubernetesClientException e) {
            LOG.info("cannot read the events of pod {}/{}: {}", namespace, pod.name(), e.getMessage());
            return Optional.empty();
        }
    }

    /** What the newest event says, if it is one of those that tell of waiting: after any other the wait is over. */
    static Optional<String> message(Collection<Event> events) {
        return events.stream()
                .max(Comparator.comparing(Warnings::time))
                .filter(e -> WAITS.contains(String.valueOf(e.getReason())))
                .map(e -> e.getReason() + ": " + OneLine.of(e.getMessage(), LONGEST));
    }

    private static String time(Event event) {
        if (event.getLastTimestamp() != null) {
            return event.getLastTimestamp();
        }
        return event.getEventTime() == null ? "" : event.getEventTime().getTime();
    }
}
