package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Quotas by scope, and what terminating workers take of them. One after the other: a quota is a whole namespace's. */
@Execution(ExecutionMode.CONCURRENT)
class TerminatingQuotaE2E extends ClusterTest {

    /** Workers have no activeDeadlineSeconds, and so are what the scope calls NotTerminating. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void theScopeOfPodsThatStayHoldsWorkersAndTheOtherDoesNot() {
        Pool pool = create("scoped", "spec: {rollout: {readyTimeoutSeconds: 60}}");
        pool.awaitUpToDate("1.0.0");
        awaitNoOtherPods();
        quota("jobs", "pods", 0, "Terminating");
        quota("services", "pods", 2, "NotTerminating");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            String message = pool.awaitBlocked("services");
            assertThat(message)
                    .startsWith(
                            "pod scoped-1-1 is not admitted: pods \"scoped-1-1\" is forbidden: exceeded quota: services,"
                                    + " requested: pods=1, used: pods=2, limited: pods=2"
                                    + "; it goes on by itself when that is mended, and fails at ");
            quota("services", "pods", 3, "NotTerminating");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.names()).containsExactly("scoped-1-0", "scoped-1-1", "scoped-2-0", "scoped-2-1");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        } finally {
            client.resourceQuotas().inNamespace(namespace).delete();
            pool.resource().delete();
        }
    }

    /** With TerminationStarted the next new worker is wanted while the last old one drains, and there is no place for both. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void aQuotaThatADrainingWorkerStillFillsIsWaitedForAndGoesOnByItself() {
        Pool pool = create(
                "draining",
                "spec: {rollout: {readyTimeoutSeconds: 60, podReplacementPolicy: TerminationStarted}, drain: {delaySeconds: 6, timeoutSeconds: 5}}");
        pool.awaitUpToDate("1.0.0");
        awaitNoOtherPods();
        quota("small", "count/pods", 3, null);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            String message = pool.awaitBlocked("small");
            assertThat(message)
                    .startsWith("pod draining-2-1 is not admitted: ")
                    .contains(
                            "exceeded quota: small, requested: count/pods=1, used: count/pods=3, limited: count/pods=3"
                                    + "; it goes on by itself");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.names()).containsExactly("draining-1-0", "draining-1-1", "draining-2-0", "draining-2-1");
            Pod drained = pods.looks("draining-1-0").getLast();
            assertThat(drained.getStatus().getContainerStatuses()).allSatisfy(c -> assertThat(Instant.parse(
                            pods.looks("draining-2-1").getFirst().getMetadata().getCreationTimestamp()))
                    .as("when the next new worker was made")
                    .isAfterOrEqualTo(Instant.parse(c.getState().getTerminated().getFinishedAt())));
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        } finally {
            client.resourceQuotas().inNamespace(namespace).delete();
            pool.resource().delete();
        }
    }

    /** Those of the other case are counted until they are gone. */
    private void awaitNoOtherPods() {
        Pool.eventually(
                "no other pool's pods are there",
                () -> client.pods().inNamespace(namespace).list().getItems().size() == 2);
    }

    /** Makes or changes one; it holds from when its usage is known. */
    private void quota(String name, String resource, int limit, String scope) {
        ResourceQuota quota = new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .addToHard(resource, new Quantity("" + limit))
                .endSpec()
                .build();
        if (scope != null) {
            quota.getSpec().getScopes().add(scope);
        }
        client.resource(quota).inNamespace(namespace).serverSideApply();
        Pool.eventually("quota " + name + " is counted", () -> {
            var status = client.resourceQuotas()
                    .inNamespace(namespace)
                    .withName(name)
                    .get()
                    .getStatus();
            return status != null
                    && status.getUsed() != null
                    && status.getUsed().containsKey(resource)
                    && new Quantity("" + limit).equals(status.getHard().get(resource));
        });
    }
}
