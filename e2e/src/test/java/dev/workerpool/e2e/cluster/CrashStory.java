package dev.workerpool.e2e.cluster;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/**
 * What a pool goes through, and how it has to end wherever the operator was killed.
 *
 * @param name of the story, and with a number of its pools
 * @param edit the spec's change, a JSON merge patch in YAML, that begins it
 * @param reason of Ready at the end
 * @param version of all workers at the end
 * @param pods slot and generation of every pod that there ever was, each once
 */
record CrashStory(String name, String edit, Reason reason, String version, List<String> pods) {
    private static final int REPLICAS = 2;

    static final CrashStory ROLLOUT =
            new CrashStory("rollout", "version: 1.1.0", Reason.UpToDate, "1.1.0", List.of("1-0", "1-1", "2-0", "2-1"));

    static final CrashStory ROLLBACK = new CrashStory(
            "rollback", "version: 2.0.0-crash", Reason.RolledBack, "1.0.0", List.of("1-0", "1-1", "2-0"));

    /** The first worker is replaced and goes back: in the second one another container has the port already. */
    static final CrashStory ROLLBACK_HALFWAY =
            new CrashStory("halfway", """
            version: 2.0.0
            template:
              spec:
                containers:
                - name: worker
                  image: workerpool.dev/worker:e2e
                  imagePullPolicy: Never
                  env: [{name: PORT, value: 800$(WORKER_ID)}]
                  readinessProbe: {httpGet: {path: /ready, port: 8001}, periodSeconds: 1, failureThreshold: 60}
                - name: other
                  image: workerpool.dev/worker:e2e
                  imagePullPolicy: Never
                  env: [{name: PORT, value: "8002"}]
            """, Reason.RolledBack, "1.0.0", List.of("1-0", "1-1", "1-2", "2-0", "2-1"));

    /** Two workers, no waits but those that a worker's start needs; one that is ready stays so on a busy machine too. */
    static final String POOL = """
            spec:
              rollout: {readyTimeoutSeconds: 60, progressDeadlineSeconds: 120}
              drain: {delaySeconds: 0}
              circuitBreaker: {resetTimeoutSeconds: 600}
              template:
                spec:
                  containers:
                  - name: worker
                    image: workerpool.dev/worker:e2e
                    imagePullPolicy: Never
                    readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1, failureThreshold: 60}
            """;

    boolean ended(Pool pool) {
        WorkerPoolStatus status = pool.status();
        Condition ready = Pool.condition(status, ConditionType.Ready);
        return reason.name().equals(ready.getReason())
                && pool.get().getMetadata().getGeneration().equals(ready.getObservedGeneration())
                && status.rollout() == null
                && Integer.valueOf(REPLICAS).equals(status.availableReplicas())
                && Integer.valueOf(0).equals(status.terminatingReplicas())
                && pool.pods().size() == REPLICAS
                && pool.pods(version).size() == REPLICAS;
    }
}
