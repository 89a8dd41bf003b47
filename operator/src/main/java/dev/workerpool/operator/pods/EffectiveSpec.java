package dev.workerpool.operator.pods;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolSpec;
import dev.workerpool.operator.decide.Settings;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The spec as the operator goes by it: every default filled in, every percentage resolved (contract, section 1). */
public final class EffectiveSpec {
    private static final int READY_TIMEOUT_SECONDS = 30;

    /**
     * The least time for which a new worker must stay ready: a kubelet takes a pod's first readiness back now and then, until
     * the next probe, as was seen 20 to 60 ms after it, and an old worker gone by then would be missed.
     */
    private static final Duration SETTLES = Duration.ofMillis(300);

    private static final Pattern SURGE = Pattern.compile("(\\d{1,9})(%?)");
    private static final WorkerPoolSpec.Rollout NO_ROLLOUT =
            new WorkerPoolSpec.Rollout(null, null, null, null, null, null, null, null, null);
    private static final WorkerPoolSpec.CircuitBreaker NO_BREAKER = new WorkerPoolSpec.CircuitBreaker(null, null);

    private EffectiveSpec() {}

    /**
     * What the pool asks for.
     *
     * @throws IllegalArgumentException naming the field, for what {@link TemplateCheck} or the API server refuses
     */
    public static Settings settings(WorkerPool pool) {
        if (pool.getUnreadable() != null) {
            throw new IllegalArgumentException(pool.getUnreadable());
        }
        WorkerPoolSpec spec = pool.getSpec();
        if (spec == null) {
            throw new IllegalArgumentException("spec is missing");
        }
        RevisionContent content = RevisionContent.of(spec);
        WorkerPoolSpec.Rollout rollout = or(spec.rollout(), NO_ROLLOUT);
        WorkerPoolSpec.CircuitBreaker breaker = or(spec.circuitBreaker(), NO_BREAKER);
        int replicas = or(spec.replicas(), 1);
        return new Settings(
                spec.version(),
                content.revision(),
                replicas,
                or(spec.paused(), false),
                retry(pool),
                maxSurge(rollout.maxSurge(), replicas),
                settled(seconds(or(rollout.minReadySeconds(), 0))),
                seconds(or(
                        rollout.readyTimeoutSeconds(),
                        readyTimeoutSeconds(content.template().getSpec()))),
                seconds(or(rollout.progressDeadlineSeconds(), 600)),
                seconds(or(rollout.pauseSeconds(), 1)),
                rollout.podReplacementPolicy() != WorkerPoolSpec.PodReplacementPolicy.TerminationStarted,
                Optional.ofNullable(rollout.verification()).map(EffectiveSpec::verification),
                rollout.onFailure() == WorkerPoolSpec.OnFailure.Pause,
                or(rollout.retryLimit(), 0),
                or(breaker.failureThreshold(), 3),
                seconds(or(breaker.resetTimeoutSeconds(), 60)),
                or(spec.revisionHistoryLimit(), 10),
                or(spec.rolloutHistoryLimit(), 100));
    }

    private static Duration settled(Duration minReady) {
        return minReady.compareTo(SETTLES) < 0 ? SETTLES : minReady;
    }

    private static Optional<String> retry(WorkerPool pool) {
        return Optional.ofNullable(pool.getMetadata().getAnnotations()).map(a -> a.get(Labels.RETRY));
    }

    private static Settings.Verification verification(WorkerPoolSpec.Verification asked) {
        return new Settings.Verification(or(asked.attempts(), 5), seconds(or(asked.periodSeconds(), 1)));
    }

    /** 1 or more; a percentage of replicas is rounded up. */
    private static int maxSurge(IntOrString asked, int replicas) {
        String text = asked == null
                ? "1"
                : asked.getIntVal() != null ? asked.getIntVal().toString() : String.valueOf(asked.getStrVal());
        var parts = SURGE.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("spec.rollout.maxSurge is \"" + OneLine.of(text)
                    + "\"; write a number of workers such as 1, or a percentage such as \"25%\"");
        }
        long number = Long.parseLong(parts.group(1));
        long workers = parts.group(2).isEmpty() ? number : (number * replicas + 99) / 100;
        return Math.clamp(workers, 1, Integer.MAX_VALUE);
    }

    /** As long as the slowest container may take by its own probes, but never less than the plain default. */
    private static int readyTimeoutSeconds(PodSpec spec) {
        long slowest = Stream.concat(spec.getInitContainers().stream(), spec.getContainers().stream())
                .mapToLong(c -> probeSeconds(c.getStartupProbe()) + probeSeconds(c.getReadinessProbe()))
                .max()
                .orElse(0);
        return Math.clamp(slowest, READY_TIMEOUT_SECONDS, Integer.MAX_VALUE);
    }

    private static long probeSeconds(Probe probe) {
        if (probe == null) {
            return 0;
        }
        // Kubernetes takes 0 for "not set" in these two.
        long period = positiveOr(probe.getPeriodSeconds(), 10);
        long failures = positiveOr(probe.getFailureThreshold(), 3);
        return or(probe.getInitialDelaySeconds(), 0) + period * failures;
    }

    private static int positiveOr(Integer value, int fallback) {
        return value == null || value <= 0 ? fallback : value;
    }

    private static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static <T> T or(T value, T fallback) {
        return value != null ? value : fallback;
    }
}
