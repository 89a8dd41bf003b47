package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Ready;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The spec has more than one writer: autoscalers and GitOps tools. The operator is none of them. */
@Execution(ExecutionMode.CONCURRENT)
class OtherWritersE2E extends ClusterTest {

    @Test
    void manyPatchesOfTheScaleSubresourceInTheMiddleOfARollout() {
        Pool pool = create("scaled", "spec: {rollout: {readyTimeoutSeconds: 60}}");
        pool.awaitUpToDate("1.0.0");
        // Stands in the middle of its first step until it is scaled.
        pool.edit("version: 1.1.0\nrollout: {minReadySeconds: 300, progressDeadlineSeconds: 600}");
        pool.await("the first new worker soaks", s -> s.rollout() != null && s.availableReplicas() == 3);
        try (PodRecord pods = PodRecord.of(pool)) {
            for (int replicas : List.of(5, 1, 3, 2, 4)) {
                pool.resource()
                        .subresource("scale")
                        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"replicas\":" + replicas + "}}");
                pool.await(
                        "has " + replicas + " and the new one",
                        s -> s.rollout().progress().equals("0/" + replicas) && s.availableReplicas() == replicas + 1);
            }
            pool.edit("rollout: {minReadySeconds: 1}");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(status.replicas()).isEqualTo(4);
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(6);
        }
        operatorOwnsNothingIn("spec", pool);
    }

    /** The real one: it has no metrics here, but keeps within its bounds all the same. */
    @Test
    void aHorizontalPodAutoscalerScalesInTheMiddleOfARollout() {
        Pool pool = create("elastic", "spec: {rollout: {readyTimeoutSeconds: 60}}");
        pool.awaitUpToDate("1.0.0");
        autoscaler(2, 5);
        Pool.eventually("the autoscaler reads the scale subresource", () -> {
            HorizontalPodAutoscaler seen = client.autoscaling()
                    .v2()
                    .horizontalPodAutoscalers()
                    .inNamespace(namespace)
                    .withName("elastic")
                    .get();
            return seen.getStatus() != null
                    && seen.getStatus().getConditions().stream()
                            .anyMatch(c -> c.getType().equals("AbleToScale")
                                    && c.getStatus().equals("True"));
        });
        try (PodRecord pods = PodRecord.of(pool)) {
            // Stands between its two steps until it is scaled.
            pool.edit("version: 1.1.0\nrollout: {pauseSeconds: 300, progressDeadlineSeconds: 600}");
            pool.await(
                    "one is replaced",
                    s -> s.rollout() != null && "1/2".equals(s.rollout().progress()));
            autoscaler(4, 5);
            pool.await("is scaled up and still rolls", s -> s.availableReplicas() == 4 && s.rollout() != null);
            autoscaler(1, 3);
            pool.await("is scaled down and still rolls", s -> s.replicas() == 3 && s.rollout() != null);
            assertThat(pool.pods("1.1.0")).as("what is rolled already stays").isNotEmpty();
            pool.edit("rollout: {pauseSeconds: 0}");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(status.replicas()).isEqualTo(3);
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isGreaterThanOrEqualTo(2);
        }
        operatorOwnsNothingIn("spec", pool);
    }

    @Test
    void aGitOpsToolThatAppliesTheSameManifestAllTheTimeIsNotFoughtAndRetriesNothing() {
        try (GitOps gitOps = new GitOps()) {
            gitOps.wants("1.0.0");
            Pool pool = new Pool(client, namespace, "synced");
            Pool.eventually("it is applied", () -> pool.get() != null);
            pool.awaitUpToDate("1.0.0");

            gitOps.wants("1.1.0");
            pool.await("runs 1.1.0", s -> "1.1.0".equals(s.version()));
            pool.awaitUpToDate("1.1.0");

            gitOps.wants("2.0.0-crash");
            WorkerPoolStatus failed = pool.await(Reason.RolledBack);
            pool.await(
                    "only good workers are left",
                    s -> pool.pods().size() == 2 && Integer.valueOf(0).equals(s.terminatingReplicas()));
            Pool.eventually("the last event is written", () -> !pool.events("RollbackSucceeded")
                    .isEmpty());
            WorkerPool atRest = pool.get();
            assertThat(Pool.condition(failed, Ready).getMessage())
                    .contains("version 2.0.0-crash failed", "the workers are back at 1.1.0");
            int writes = writesTo(pool).size();
            if (AUDIT_LOG.isPresent()) {
                assertThat(writes)
                        .as("the operator's writes in %s", AUDIT_LOG.get())
                        .isPositive();
            }
            int applied = gitOps.applied.get();
            try (PodRecord pods = PodRecord.of(pool)) {
                await("the same manifest is applied 6 times more")
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> gitOps.applied.get() >= applied + 6);
                WorkerPool still = pool.get();

                assertThat(still.getMetadata().getResourceVersion())
                        .as("writes to the pool that changed anything")
                        .isEqualTo(atRest.getMetadata().getResourceVersion());
                assertThat(still.getStatus().history())
                        .extracting(WorkerPoolStatus.HistoryEntry::result)
                        .containsExactly(Result.RolledBack, Result.Succeeded);
                assertThat(still.getStatus().circuitBreaker().consecutiveFailures())
                        .isEqualTo(1);
                assertThat(writesTo(pool).stream().skip(writes))
                        .as("the operator's writes")
                        .isEmpty();
                assertThat(pods.lines()).as("what became of the pods").hasSize(1);
            }

            gitOps.wants("2.0.1");
            pool.await("runs 2.0.1", s -> "2.0.1".equals(s.version()));
            pool.awaitUpToDate("2.0.1");
            assertThat(gitOps.refusals).as("conflicts, and other refusals").isEmpty();
            operatorOwnsNothingIn("spec", pool);
            assertThat(pool.get().getMetadata().getManagedFields())
                    .filteredOn(m -> m.getSubresource() == null)
                    .as("those who own anything but the status")
                    .extracting(ManagedFieldsEntry::getManager)
                    .containsExactly("gitops");
        }
    }

    /** The operator's, as far as there is an audit log; those to its pods and Events too. */
    private List<String> writesTo(Pool pool) {
        return writes().stream()
                .filter(line -> line.contains("\"name\":\"" + pool.name()))
                .toList();
    }

    private void autoscaler(int least, int most) {
        client.resource(new HorizontalPodAutoscalerBuilder()
                        .withNewMetadata()
                        .withName("elastic")
                        .endMetadata()
                        .withNewSpec()
                        .withNewScaleTargetRef("workerpool.dev/v1alpha1", "WorkerPool", "elastic")
                        .withMinReplicas(least)
                        .withMaxReplicas(most)
                        .addNewMetric()
                        .withType("Resource")
                        .withNewResource()
                        .withName("cpu")
                        .withNewTarget()
                        .withType("Utilization")
                        .withAverageUtilization(80)
                        .endTarget()
                        .endResource()
                        .endMetric()
                        .endSpec()
                        .build())
                .inNamespace(namespace)
                .serverSideApply();
    }

    /** Whoever writes by the status subresource is the operator, and nobody else is. */
    private static void operatorOwnsNothingIn(String field, Pool pool) {
        List<ManagedFieldsEntry> status = pool.get().getMetadata().getManagedFields().stream()
                .filter(m -> "status".equals(m.getSubresource()))
                .toList();
        assertThat(status).isNotEmpty();
        assertThat(status).allSatisfy(m -> assertThat(Serialization.asJson(m.getFieldsV1()))
                .contains("f:status")
                .doesNotContain("f:" + field));
    }

    /** Applies one manifest every 2 s, by server-side apply that forces nothing, as Argo CD and Flux may. */
    private final class GitOps implements AutoCloseable {
        private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        private final List<String> refusals = new CopyOnWriteArrayList<>();
        private final AtomicInteger applied = new AtomicInteger();
        private volatile WorkerPool manifest;

        void wants(String version) {
            boolean first = manifest == null;
            WorkerPool pool = Serialization.unmarshal(Pool.PLAIN, WorkerPool.class);
            pool.getMetadata().setName("synced");
            pool.getMetadata().setNamespace(namespace);
            manifest = Serialization.unmarshal(
                    Serialization.asYaml(pool).replace("version: \"1.0.0\"", "version: \"" + version + "\""),
                    WorkerPool.class);
            assertThat(manifest.getSpec().version()).isEqualTo(version);
            if (first) {
                clock.scheduleAtFixedRate(this::apply, 0, 2, TimeUnit.SECONDS);
            }
        }

        private void apply() {
            try {
                client.resource(manifest)
                        .patch(new PatchContext.Builder()
                                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                .withFieldManager("gitops")
                                .withForce(false)
                                .build());
                applied.incrementAndGet();
            } catch (RuntimeException e) {
                refusals.add(e.toString());
            }
        }

        @Override
        public void close() {
            clock.shutdownNow();
        }
    }
}
