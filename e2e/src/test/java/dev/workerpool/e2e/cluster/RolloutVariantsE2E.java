package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Available;
import static dev.workerpool.api.ConditionType.Ready;
import static dev.workerpool.api.ConditionType.Stalled;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user may ask of a rollout beside the defaults (contract, sections 1, 3 and 4). */
@Execution(ExecutionMode.CONCURRENT)
class RolloutVariantsE2E extends ClusterTest {

    @ParameterizedTest(name = "maxSurge {1} of {0}")
    @CsvSource({"4, 2", "3, 50%"})
    void twoWorkersAtATime(int replicas, String maxSurge) {
        Pool pool = create(
                "surge" + replicas,
                "spec: {replicas: %d, rollout: {maxSurge: %s, readyTimeoutSeconds: 60}}".formatted(replicas, maxSurge));
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(replicas);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(replicas + 2);
            assertThat(pods.names()).as("each worker is made once").hasSize(2 * replicas);
            assertThat(status.history().getFirst().workersReplaced()).isEqualTo(replicas);
        }
    }

    /** It is killed when its grace period is over, and the next step waits for that. */
    @Test
    void aWorkerThatIgnoresSigtermIsWaitedFor() {
        Pool pool = create("deaf", """
                spec: {version: 1.0.0-deaf, drain: {delaySeconds: 1, timeoutSeconds: 3}, rollout: {readyTimeoutSeconds: 60}}
                """);
        pool.awaitUpToDate("1.0.0-deaf");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            pool.awaitUpToDate("1.1.0");

            ObjectMeta first = pods.looks("deaf-1-0").stream()
                    .map(Pod::getMetadata)
                    .filter(pod -> pod.getDeletionTimestamp() != null)
                    .findFirst()
                    .orElseThrow();
            ObjectMeta next = pods.looks("deaf-2-1").getFirst().getMetadata();
            assertThat(first.getDeletionGracePeriodSeconds()).isEqualTo(4);
            assertThat(Instant.parse(next.getCreationTimestamp()))
                    .isAfterOrEqualTo(Instant.parse(first.getDeletionTimestamp()));
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        }
    }

    @Test
    void onFailurePauseKeepsEverythingUntilANewSpec() {
        Pool pool = create("kept", "spec: {rollout: {onFailure: Pause}}");
        pool.awaitUpToDate("1.0.0");
        Set<String> before = uids(pool);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit("version: 2.0.0-never\nrollout: {readyTimeoutSeconds: 8}");
            WorkerPoolStatus failed = pool.await(Reason.RolloutFailed);

            assertThat(Pool.condition(failed, Ready).getMessage())
                    .isEqualTo("version 2.0.0-never failed: kept-1-1: was not ready within 8 s of running"
                            + " (rollout.readyTimeoutSeconds); nothing was removed (rollout.onFailure is Pause); apply a new"
                            + " spec.version, or annotate with workerpool.dev/retry=<any new value> to try again");
            assertThat(Pool.condition(failed, Stalled).getReason()).isEqualTo("RolloutFailed");
            assertThat(Pool.condition(failed, Available).getStatus()).isEqualTo("True");
            assertThat(failed.rollout()).isNull();
            assertThat(failed.failedResult()).isEqualTo(Result.Failed);
            assertThat(failed.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            pool.awaitEvents("RolloutFailed", 1);
            assertThat(pool.events("RollbackStarted")).isEmpty();
            assertThat(uids(pool))
                    .as("the workers that served")
                    .containsAll(before)
                    .hasSize(3);
            assertThat(pool.pods("2.0.0-never"))
                    .as("the failed one, to look at")
                    .hasSize(1);

            pool.edit("version: 2.0.1\nrollout: {readyTimeoutSeconds: 60}");
            WorkerPoolStatus status = pool.awaitUpToDate("2.0.1");
            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(status.history())
                    .extracting(WorkerPoolStatus.HistoryEntry::result)
                    .containsExactly(Result.Succeeded, Result.Failed);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
        }
    }

    @Test
    void aNewSpecInTheMiddleSupersedesTheRollout() {
        Pool pool = create("changed", "spec: {replicas: 3, rollout: {readyTimeoutSeconds: 60}}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0-slow");
            pool.await(
                    "one is replaced, the next starts",
                    s -> pool.pods("1.1.0-slow").size() >= 2);
            pool.version("1.2.0");
            WorkerPoolStatus status = pool.awaitUpToDate("1.2.0");

            assertThat(status.history())
                    .extracting(WorkerPoolStatus.HistoryEntry::result)
                    .containsExactly(Result.Succeeded, Result.Superseded);
            assertThat(status.history().getFirst().fromVersion())
                    .as("the snapshot stays")
                    .isEqualTo("1.0.0");
            assertThat(status.statistics().rollouts()).isEqualTo(1);
            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            pool.awaitEvents("RolloutSuperseded", 1);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(3);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(4);
        }
    }

    /** A version that failed for want of something that was put right meanwhile. */
    @Test
    void theRetryAnnotationTriesAFailedRevisionAgain() {
        settings("1-crash");
        Pool pool = create(
                "again",
                "spec: {rollout: {readyTimeoutSeconds: 60}, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 600}}");
        pool.awaitUpToDate("1.0.0");
        pool.edit("""
                version: 1.1.0
                template:
                  spec:
                    containers:
                    - name: worker
                      image: workerpool.dev/worker:e2e
                      imagePullPolicy: Never
                      readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                      env: [{name: APP_VERSION, valueFrom: {configMapKeyRef: {name: settings, key: behaviour}}}]
                """);
        WorkerPoolStatus failed = pool.await(Reason.RolledBack);
        assertThat(failed.circuitBreaker().state()).isEqualTo(BreakerState.Open);
        assertThat(Pool.condition(failed, Ready).getMessage())
                .contains("annotate with workerpool.dev/retry=<any new value> to try again");

        settings("1-good");
        pool.resource()
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"annotations\":{\"workerpool.dev/retry\":\"settings mended\"}}}");
        WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");
        assertThat(status.observedRetry()).isEqualTo("settings mended");
        assertThat(status.failedRevision()).isNull();
        assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
        assertThat(status.history())
                .extracting(WorkerPoolStatus.HistoryEntry::result)
                .containsExactly(Result.Succeeded, Result.RolledBack);
        pool.awaitEvents("CircuitBreakerClosed", 1);
    }

    private void settings(String behaviour) {
        client.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("settings")
                        .endMetadata()
                        .addToData("behaviour", behaviour)
                        .build())
                .inNamespace(namespace)
                .serverSideApply();
    }

    private static Set<String> uids(Pool pool) {
        return pool.pods().stream().map(Pod::getMetadata).map(m -> m.getUid()).collect(Collectors.toSet());
    }
}
