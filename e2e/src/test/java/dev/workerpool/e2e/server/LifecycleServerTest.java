package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a user may do with a pool at any moment. */
class LifecycleServerTest extends Stage {
    private static final Duration A_MOMENT = Duration.ofMillis(600);

    @Test
    void scalesUpInTheMiddleOfARollout() {
        rolling(2);

        edit("{replicas: 4}");

        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(versions()).isEqualTo(Map.of("v2", 4L));
        assertThat(results(status)).containsExactly("v2 Succeeded");
        assertThat(film.fewestReady()).isGreaterThanOrEqualTo(2);
        assertThat(film.mostLive()).isLessThanOrEqualTo(5);
    }

    @Test
    void scalesDownInTheMiddleOfARollout() {
        rolling(4);

        edit("{replicas: 2}");

        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(versions()).isEqualTo(Map.of("v2", 2L));
        assertThat(results(status)).containsExactly("v2 Succeeded");
        assertThat(film.fewestReady()).isGreaterThanOrEqualTo(2);
        assertThat(film.mostLive()).isLessThanOrEqualTo(5);
    }

    @Test
    void scalesToZeroAndBackWithAnotherVersion() {
        create("{replicas: 2}");
        awaitUpToDate("v1");

        edit("{replicas: 0}");
        awaitThat("no worker", x -> pods().isEmpty());
        edit("{version: v2}");
        await("no rollout at 0", s -> s.rollout() == null);
        edit("{replicas: 2}");

        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(versions()).isEqualTo(Map.of("v2", 2L));
        assertThat(results(status)).containsExactly("v2 Succeeded");
        assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(4);
    }

    @Test
    void scalingToZeroEndsARollout() {
        rolling(2);

        edit("{replicas: 0}");

        awaitThat("no worker", x -> pods().isEmpty());
        WorkerPoolStatus status = await("the rollout's end", s -> s.rollout() == null);
        assertThat(results(status)).containsExactly("v2 Superseded");
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
    }

    @Test
    void standsStillWhilePaused() {
        rolling(3);

        edit("{paused: true}");
        WorkerPoolStatus paused = awaitReason("Paused");
        film.cut();

        assertThat(conditions(paused))
                .containsExactly(
                        "False Paused", "True MinimumWorkersAvailable", "False Paused", "False Moving", "False Closed");
        remains(A_MOMENT, "nothing is made or removed", x -> film.scenes().stream()
                .noneMatch(s -> s.startsWith("make") || s.startsWith("leave")));
        edit("{paused: false}");
        assertThat(results(awaitUpToDate("v2"))).containsExactly("v2 Succeeded");
    }

    @Test
    void restartsEveryWorkerAtTheSameVersion() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();

        edit("{restartedAt: \"2026-01-01T00:00:00Z\"}");

        await(
                "the restart's end",
                s -> s.history() != null && reason(s, "Ready").equals("UpToDate"));
        assertThat(workers()).containsExactly("web-1-1", "web-2-1");
        assertThat(film.fewestReady()).isEqualTo(2);
    }

    @Test
    void aNewSpecSupersedesARollout() {
        rolling(3);

        edit("{version: v3}");

        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(results(status)).containsExactly("v3 Succeeded", "v2 Superseded");
        assertThat(versions()).isEqualTo(Map.of("v3", 3L));
        assertThat(film.fewestReady()).isEqualTo(3);
        assertThat(film.mostLive()).isEqualTo(4);
        awaitEvent("RolloutSuperseded", 1);
    }

    @Test
    void goesBackToTheSnapshotWithoutTouchingWhatIsStillOnIt() {
        rolling(3);

        edit("{version: v1}");

        WorkerPoolStatus status = awaitUpToDate("v1");
        awaitThat("the surge worker is gone", x -> pods().size() == 3);
        assertThat(results(status)).containsExactly("v2 Superseded");
        assertThat(versions()).isEqualTo(Map.of("v1", 3L));
        assertThat(workers()).contains("web-3-0");
        assertThat(film.fewestReady()).isEqualTo(3);
    }

    @Test
    void keepsEverythingOnFailurePauseUntilRetried() {
        create("{replicas: 2, rollout: {onFailure: Pause, readyTimeoutSeconds: 1}}");
        awaitUpToDate("v1");

        edit("{version: v2-never}");
        WorkerPoolStatus failed = awaitReason("RolloutFailed");

        assertThat(conditions(failed))
                .containsExactly(
                        "False RolloutFailed",
                        "True MinimumWorkersAvailable",
                        "False Failed",
                        "True RolloutFailed",
                        "False Closed");
        assertThat(versions()).isEqualTo(Map.of("v1", 2L, "v2-never", 1L));
        assertThat(results(failed)).containsExactly("v2-never Failed");
        film.cut();

        annotate("workerpool.dev/retry", "1");
        WorkerPoolStatus again =
                await("the second failure", s -> "1".equals(s.observedRetry()) && s.failedRevision() != null);
        assertThat(film.scenes()).anyMatch(s -> s.startsWith("make"));
        assertThat(results(again)).containsExactly("v2-never Failed", "v2-never Failed");
        assertThat(again.circuitBreaker().consecutiveFailures()).isEqualTo(1);
        assertThat(film.fewestReady()).isEqualTo(2);
    }

    @Test
    void triesAFailedRevisionAgainAsOftenAsItMay() {
        create("{replicas: 1, rollout: {retryLimit: 1}}");
        awaitUpToDate("v1");

        edit("{version: v2-crash}");
        await("the first failure", s -> s.failedAttempts() != null && s.nextRetryTime() != null && s.rollout() == null);
        WorkerPoolStatus twice =
                await("the second failure", s -> Integer.valueOf(2).equals(s.failedAttempts()) && s.rollout() == null);

        assertThat(twice.nextRetryTime()).isNull();
        assertThat(results(twice)).containsExactly("v2-crash RolledBack", "v2-crash RolledBack");
    }

    @Test
    void aFillThatFailsRemovesNothingAndIsMendedByANewSpec() {
        create("{replicas: 2, version: v1-never, rollout: {progressDeadlineSeconds: 1}}");

        WorkerPoolStatus failed = awaitReason("NoSnapshot");
        assertThat(conditions(failed))
                .containsExactly(
                        "False NoSnapshot",
                        "False MinimumWorkersUnavailable",
                        "False Failed",
                        "True NoSnapshot",
                        "False Closed");
        assertThat(versions()).isEqualTo(Map.of("v1-never", 2L));
        assertThat(failed.circuitBreaker().consecutiveFailures()).isZero();

        edit("{version: v1}");
        assertThat(awaitUpToDate("v1").history()).isNullOrEmpty();
        assertThat(versions()).isEqualTo(Map.of("v1", 2L));
    }

    @Test
    void aSpecThatAdmissionRefusesTouchesNothing() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();

        edit("{version: v2, template: {spec: {containers: %s}}}"
                .formatted("[" + container("twice") + ", " + container("twice") + "]"));
        WorkerPoolStatus refused = awaitReason("InvalidTemplate");

        assertThat(conditions(refused))
                .containsExactly(
                        "False InvalidTemplate",
                        "True MinimumWorkersAvailable",
                        "False Failed",
                        "True InvalidTemplate",
                        "False Closed");
        assertThat(message(refused, "Ready")).contains("Duplicate value: \"twice\"");
        assertThat(film.scenes()).isEmpty();
        assertThat(refused.circuitBreaker().consecutiveFailures()).isZero();
        assertThat(refused.history()).isNullOrEmpty();
        awaitEvent("InvalidTemplate", 1);

        edit("{template: {spec: {containers: [" + container("worker") + "]}}}");
        assertThat(results(awaitUpToDate("v2"))).containsExactly("v2 Succeeded");
    }

    @Test
    void aTemplateWithoutReadinessProbeIsRefused() {
        create("{replicas: 2, template: {spec: {containers: [{name: worker, image: \"worker:1\"}]}}}");

        WorkerPoolStatus refused = awaitReason("NoReadinessProbe");
        assertThat(condition(refused, "Stalled")).isEqualTo("True NoReadinessProbe");
        assertThat(film.scenes()).isEmpty();
        awaitEvent("NoReadinessProbe", 1);

        edit("{template: {spec: {containers: [" + container("worker") + "]}}}");
        awaitUpToDate("v1");
    }

    @Test
    void anOperatorVerifiesANewWorkerItself() {
        create("{replicas: 1, rollout: {verification: {path: /ready, port: %d, attempts: 2}}}"
                .formatted(server.nodes().verificationPort()));
        awaitUpToDate("v1");

        edit("{version: v2-verify}");
        WorkerPoolStatus failed = awaitReason("RolledBack");
        assertThat(failed.lastFailure().message()).contains("500");

        edit("{version: v3}");
        awaitUpToDate("v3");
    }

    @Test
    void aDeletedPoolMakesAndRemovesNothingItself() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        server.forgetRequests();

        resource().delete();

        awaitThat("the workers are collected", x -> pods().isEmpty() && read() == null);
        assertThat(server.requests())
                .filteredOn(r -> r.write() && r.path().contains("/pods"))
                .isEmpty();
        assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(2);
    }

    /** A pool in the middle of its first step from v1 to v2. */
    private void rolling(int replicas) {
        create("{replicas: %d}".formatted(replicas));
        awaitUpToDate("v1");
        film.cut();
        server.nodes().readyDelay(Duration.ofMillis(200));
        edit("{version: v2}");
        awaitThat("a surge worker", x -> film.scenes().stream().anyMatch(s -> s.startsWith("make")));
    }

    private static String container(String name) {
        return "{name: %s, image: \"worker:$(APP_VERSION)\", readinessProbe: {httpGet: {path: /ready, port: 8000}}}"
                .formatted(name);
    }

    private static List<String> results(WorkerPoolStatus status) {
        return status.history() == null
                ? List.of()
                : status.history().stream()
                        .map((HistoryEntry e) -> e.version() + " " + e.result())
                        .toList();
    }
}
