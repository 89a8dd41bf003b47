package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Ready;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What a template puts between a worker's start and its readiness: init containers, sidecars, readiness gates. */
@Execution(ExecutionMode.CONCURRENT)
class PodStartE2E extends ClusterTest {
    private static final String GATE = "example.com/traffic";

    @Test
    void aSidecarRollsWithItsWorkerAndLeavesAfterIt() {
        Pool pool = create("sidecar", """
                spec:
                  rollout: {readyTimeoutSeconds: 60}
                  template:
                    spec:
                      initContainers:
                      - name: proxy
                        image: workerpool.dev/worker:e2e
                        imagePullPolicy: Never
                        restartPolicy: Always
                        env: [{name: PORT, value: "8001"}]
                        startupProbe: {httpGet: {path: /ready, port: 8001}, periodSeconds: 1}
                """);
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
            for (String old : List.of("sidecar-1-0", "sidecar-2-0")) {
                Pod last = pods.looks(old).getLast();
                Container worker = last.getSpec().getContainers().getFirst();
                Container proxy = last.getSpec().getInitContainers().getFirst();
                assertThat(worker.getLifecycle().getPreStop().getSleep().getSeconds())
                        .isEqualTo(1);
                assertThat(proxy.getLifecycle())
                        .as("the sidecar is ended last anyway")
                        .isNull();
                ContainerStateTerminated workerEnd = end(last.getStatus().getContainerStatuses());
                ContainerStateTerminated proxyEnd = end(last.getStatus().getInitContainerStatuses());
                assertThat(workerEnd.getExitCode()).isZero();
                assertThat(proxyEnd.getExitCode()).isZero();
                assertThat(Instant.parse(proxyEnd.getFinishedAt()))
                        .as("the sidecar's end, the worker's being %s", workerEnd.getFinishedAt())
                        .isAfterOrEqualTo(Instant.parse(workerEnd.getFinishedAt()));
            }
        }
    }

    @Test
    void aSidecarThatCrashesFailsTheVersion() {
        Pool pool = create("crashing", "{}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit("""
                    version: 1.1.0
                    template:
                      spec:
                        initContainers:
                        - name: proxy
                          image: workerpool.dev/worker:e2e
                          imagePullPolicy: Never
                          restartPolicy: Always
                          env: [{name: APP_VERSION, value: 1-crash}]
                    """);
            WorkerPoolStatus status = pool.await(Reason.RolledBack);

            assertThat(status.lastFailure().reason()).isEqualTo("ContainerExited");
            assertThat(status.lastFailure().message())
                    .startsWith("sidecar proxy exited with code 3")
                    .endsWith("cannot open the order database: no such file");
            assertThat(status.lastFailure().log()).contains("opening the order database");
            assertThat(status.lastFailure().pod()).isEqualTo("crashing-1-1");
            assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            assertThat(Pool.condition(status, Ready).getMessage())
                    .startsWith("version 1.1.0 failed (crashing-1-1: sidecar proxy exited with code 3")
                    .contains("the workers are back at 1.0.0", "apply a new spec.version");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
        }
    }

    /** Killed by its liveness probe, which asks the worker beside it, until that is ready. */
    @Test
    void aSidecarThatEndsWithCode0IsStartedAgainAndFailsNothing() {
        // The probe's last failures may end the sidecar once more when the pod has become ready: the soak waits for
        // that.
        Pool pool = create("ending", "spec: {rollout: {readyTimeoutSeconds: 50, minReadySeconds: 3}}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit("""
                    version: 1.1.0-slow
                    template:
                      spec:
                        initContainers:
                        - name: proxy
                          image: workerpool.dev/worker:e2e
                          imagePullPolicy: Never
                          restartPolicy: Always
                          env: [{name: PORT, value: "8001"}]
                          livenessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1, failureThreshold: 2}
                    """);
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0-slow");

            assertThat(pool.pods()).allSatisfy(pod -> {
                ContainerStatus proxy =
                        pod.getStatus().getInitContainerStatuses().getFirst();
                assertThat(proxy.getRestartCount()).isPositive();
                assertThat(proxy.getLastState().getTerminated().getExitCode()).isZero();
            });
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.names()).containsExactly("ending-1-0", "ending-1-1", "ending-2-0", "ending-2-1");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        }
    }

    @Test
    void anInitContainerThatHangsIsNamedAndFailsAtTheDeadline() {
        Pool pool = create("hanging", "spec: {rollout: {readyTimeoutSeconds: 3, progressDeadlineSeconds: 40}}");
        pool.awaitUpToDate("1.0.0");
        pool.edit("""
                version: 1.1.0
                template:
                  spec:
                    initContainers: [{name: migrate, image: 'workerpool.dev/worker:e2e', imagePullPolicy: Never}]
                """);
        pool.await(
                "the message names it",
                s -> s.rollout() != null
                        && "worker 1 of 2: hanging-1-1 starts (init container migrate runs), and then has 3 s to become ready, then hanging-1-0 is evicted"
                                .equals(s.rollout().message()));
        WorkerPoolStatus status = pool.await(Reason.RolledBack);

        assertThat(status.lastFailure().reason()).isEqualTo("ProgressDeadlineExceeded");
        assertThat(status.lastFailure().pod()).isEqualTo("hanging-1-1");
        assertThat(status.lastFailure().message())
                .startsWith("the step took longer than 40 s (rollout.progressDeadlineSeconds): ")
                .contains("init container migrate runs");
        assertThat(status.lastFailure().log()).contains("serving on");
        assertThat(status.history()).hasSize(1);
    }

    @Test
    void aReadinessGateIsWaitedForByNameUntilSomebodySetsIt() {
        Pool pool = create("gated", "spec: {rollout: {readyTimeoutSeconds: 50}}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit("version: 1.1.0\ntemplate: {spec: {readinessGates: [{conditionType: %s}]}}".formatted(GATE));
            for (int slot = 1; slot <= 2; slot++) {
                String old = "gated-" + slot + "-0";
                String made = "gated-" + slot + "-1";
                WorkerPoolStatus waits = pool.await(
                        "the message names the gate",
                        s -> s.rollout() != null
                                && s.rollout().message() != null
                                && s.rollout().message().contains(made)
                                && s.rollout().message().contains(GATE));
                assertThat(waits.rollout().message())
                        .matches("worker \\d of 2: " + made + " has until [0-9:]+Z to become ready \\(waits for"
                                + " somebody to set its readiness gate " + GATE + " to True\\), then "
                                + old + " is evicted");
                assertThat(pool.pods("1.0.0"))
                        .extracting(p -> p.getMetadata().getName())
                        .contains(old);
                set(made);
            }
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.names()).containsExactly("gated-1-0", "gated-1-1", "gated-2-0", "gated-2-1");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        }
    }

    @Test
    void aReadinessGateThatNobodySetsFailsTheVersionAndIsNamed() {
        Pool pool = create("ungated", "spec: {rollout: {readyTimeoutSeconds: 15}}");
        pool.awaitUpToDate("1.0.0");
        pool.edit("version: 1.1.0\ntemplate: {spec: {readinessGates: [{conditionType: %s}]}}".formatted(GATE));
        WorkerPoolStatus status = pool.await(Reason.RolledBack);

        assertThat(status.lastFailure().reason()).isEqualTo("NotReady");
        assertThat(status.lastFailure().message())
                .isEqualTo(
                        "was not ready within 15 s of running (rollout.readyTimeoutSeconds): waits for somebody to set"
                                + " its readiness gate " + GATE + " to True");
    }

    /** As a load balancer's controller does. */
    private void set(String pod) {
        client.pods()
                .inNamespace(namespace)
                .withName(pod)
                .subresource("status")
                .patch(
                        PatchContext.of(PatchType.STRATEGIC_MERGE),
                        "{\"status\":{\"conditions\":[{\"type\":\"" + GATE + "\",\"status\":\"True\"}]}}");
    }

    private static ContainerStateTerminated end(List<ContainerStatus> statuses) {
        return statuses.getFirst().getState().getTerminated();
    }
}
