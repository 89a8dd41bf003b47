package dev.workerpool.operator.act;

import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.observe.Obstacles;
import dev.workerpool.operator.observe.Obstacles.Kind;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Clock;

/** Removes workers, each call guarded so that it hits the pod that was meant, as it was seen, or none. */
final class Remover {
    private final PodCalls calls;
    private final Clock clock;

    Remover(PodCalls calls, Clock clock) {
        this.calls = calls;
        this.clock = clock;
    }

    /** False if it stays, or may stay. */
    boolean evict(Assignment a, PodFacts pod) {
        return remove(
                a,
                pod,
                true,
                a.memory().obstacles(),
                Kind.EVICT,
                () -> calls.evict(a.namespace(), pod.name(), pod.uid()));
    }

    /** False if it stays, or may stay: nothing is made in its place before the cache shows that it goes. */
    boolean delete(Assignment a, PodFacts pod, boolean byRollout) {
        return remove(
                a,
                pod,
                byRollout,
                a.memory().deletions(),
                pod.uid(),
                () -> calls.delete(a.namespace(), pod.name(), pod.uid(), pod.resourceVersion()));
    }

    private <K> boolean remove(
            Assignment a, PodFacts pod, boolean byRollout, Obstacles<K> obstacles, K key, Runnable call) {
        boolean eviction = key == Kind.EVICT;
        if (obstacles.hold(key, clock.instant())) {
            return false;
        }
        a.memory().sightings().removing(pod.uid(), byRollout);
        try {
            call.run();
        } catch (KubernetesClientException e) {
            boolean gone = e.getCode() == HttpURLConnection.HTTP_NOT_FOUND
                    || eviction && e.getCode() == HttpURLConnection.HTTP_CONFLICT;
            if (!gone && !ApiError.definite(e)) {
                a.expectations().going(pod.uid(), clock.instant());
                return false;
            }
            if (!gone) {
                // After a 5xx it may go all the same, and then of our doing.
                if (e.getCode() < HttpURLConnection.HTTP_INTERNAL_ERROR) {
                    a.memory().sightings().stays(pod.uid());
                }
                // The pod has changed since it was read: what to do is decided anew on what it is now.
                boolean stale = e.getCode() == HttpURLConnection.HTTP_CONFLICT;
                if (!stale) {
                    obstacles.refused(key, message(pod, eviction, e), clock.instant());
                }
                return false;
            }
        }
        obstacles.passed(key);
        a.expectations().going(pod.uid(), clock.instant());
        return true;
    }

    private static String message(PodFacts pod, boolean eviction, KubernetesClientException e) {
        String said = ApiError.said(e);
        if (eviction && said.contains("more than one PodDisruptionBudget")) {
            return "pod " + pod.name() + " cannot be evicted: more than one PodDisruptionBudget covers it, which the"
                    + " API server does not support; leave one of them";
        }
        return ApiError.budget(e)
                .map(budget -> "a PodDisruptionBudget keeps pod " + pod.name() + " from being evicted: " + budget)
                .orElse("pod " + pod.name() + " cannot be removed: " + said);
    }
}
