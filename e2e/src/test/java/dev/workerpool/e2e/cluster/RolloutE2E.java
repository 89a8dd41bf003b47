package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Progressing;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The main job: a pool fills, rolls, and is scaled while it rolls. */
@Execution(ExecutionMode.CONCURRENT)
class RolloutE2E extends ClusterTest {

    @Test
    void fillsAndRollsOneWorkerAtATimeTheNewBeforeTheOld() {
        Pool pool = create("web", "spec: {replicas: 3}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(3);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(4);
            assertThat(pods.names()).containsExactly("web-1-0", "web-1-1", "web-2-0", "web-2-1", "web-3-0", "web-3-1");
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(status.history().getFirst().fromVersion()).isEqualTo("1.0.0");
            assertThat(status.history().getFirst().version()).isEqualTo("1.1.0");
            assertThat(status.history().getFirst().workersReplaced()).isEqualTo(3);
            assertThat(status.statistics().rollouts()).isEqualTo(1);
            assertThat(status.updatedReplicas()).isEqualTo(3);
            pool.awaitEvents("RolloutSucceeded", 1);
        }
    }

    @Test
    void scalesUpAndDownInTheMiddle() {
        Pool pool = create("scaled", "spec: {replicas: 2}");
        pool.awaitUpToDate("1.0.0");
        pool.version("1.1.0-slow");
        pool.await("rolls", s -> !pool.pods("1.1.0-slow").isEmpty());
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.scale(4);
            pool.await("has four workers and still rolls", s -> s.availableReplicas() >= 4 && s.rollout() != null);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        }
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.scale(1);
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0-slow");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(1);
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(status.replicas()).isEqualTo(1);
        }
    }

    @Test
    void waitsForADisruptionBudgetAndNamesIt() {
        Pool pool = create("guarded", "spec: {replicas: 1}");
        pool.awaitUpToDate("1.0.0");
        client.resource(new PodDisruptionBudgetBuilder()
                        .withNewMetadata()
                        .withName("guarded")
                        .endMetadata()
                        .withNewSpec()
                        .withMinAvailable(new IntOrString(2))
                        .withNewSelector()
                        .addToMatchLabels("workerpool.dev/pool", "guarded")
                        .endSelector()
                        .endSpec()
                        .build())
                .inNamespace(namespace)
                .create();
        // With the new worker beside the old one two are available: with one of them gone there are too few.
        pool.version("1.1.0");
        WorkerPoolStatus blocked = pool.await("is blocked", s -> Reason.Blocked.name()
                .equals(Pool.condition(s, Progressing).getReason()));
        assertThat(Pool.condition(blocked, Progressing).getStatus()).isEqualTo("True");
        assertThat(Pool.condition(blocked, Progressing).getMessage()).containsIgnoringCase("disruption budget");
        assertThat(pool.pods("1.0.0")).hasSize(1);
        client.policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace(namespace)
                .withName("guarded")
                .delete();
        WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");
        assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
    }
}
