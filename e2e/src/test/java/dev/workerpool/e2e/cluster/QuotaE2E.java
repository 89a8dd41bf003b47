package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A namespace whose ResourceQuota is used up: waited for, named, and left behind as soon as there is room. */
@Execution(ExecutionMode.CONCURRENT)
class QuotaE2E extends ClusterTest {

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void aRolloutWaitsAndGoesOnByItselfUntilItsDeadline() {
        Pool pool = create("full", "{}");
        pool.awaitUpToDate("1.0.0");
        int all = client.pods().inNamespace(namespace).list().getItems().size();
        quota(all);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            pool.awaitBlocked("pod full-1-1", "exceeded quota: workers", "requested: pods=1", "limited: pods=" + all);
            WorkerPoolStatus blocked = pool.status();
            Instant raised = Instant.now();
            quota(all + 1);
            WorkerPoolStatus goesOn =
                    pool.await("goes on", s -> !pool.pods("1.1.0").isEmpty());
            Duration took = Duration.between(raised, Instant.now());
            System.out.printf("goes on %d ms after the quota was raised%n", took.toMillis());
            assertThat(took).isLessThan(Duration.ofSeconds(30)); // tried again at least every 10 s
            // Waiting was part of the step: its deadline has not moved.
            assertThat(goesOn.rollout().stepStartedAt())
                    .isEqualTo(blocked.rollout().stepStartedAt());
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
        }

        quota(all);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit("version: 1.2.0\nrollout: {progressDeadlineSeconds: 12}");
            WorkerPoolStatus status = pool.await(Reason.RolledBack);
            assertThat(status.lastFailure().reason()).isEqualTo("ProgressDeadlineExceeded");
            assertThat(status.lastFailure().message()).contains("12 s", "full-1-2", "exceeded quota: workers");
            assertThat(Pool.condition(status, ConditionType.Ready).getMessage()).contains("exceeded quota: workers");
            assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            assertThat(pods.lines()).as("what became of the pods").hasSize(1);
        }
    }

    @AfterEach
    void noQuota() {
        client.resourceQuotas().inNamespace(namespace).withName("workers").delete();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void aFillAndScalingMakeWhatThereIsRoomForAndSayWhatIsMissing() {
        int others = client.pods().inNamespace(namespace).list().getItems().size();
        quota(others + 2);
        Pool pool = create("fill", "spec: {replicas: 3, rollout: {progressDeadlineSeconds: 10}}");
        // Two are asked for at once: which of them is refused is up to the API server.
        pool.awaitBlocked("pod fill-", "exceeded quota: workers");
        WorkerPoolStatus late = pool.await(Reason.NoSnapshot);
        assertThat(Pool.condition(late, ConditionType.Ready).getMessage())
                .contains("1.0.0", "10 s", "exceeded quota: workers");
        pool.await("two serve", s -> Integer.valueOf(2).equals(s.availableReplicas()));
        quota(others + 3);
        pool.awaitUpToDate("1.0.0");

        pool.scale(5);
        pool.awaitBlocked("exceeded quota: workers");
        assertThat(pool.condition(ConditionType.Ready).getReason()).isEqualTo(Reason.Scaling.name());
        quota(others + 5);
        assertThat(pool.awaitUpToDate("1.0.0").circuitBreaker().consecutiveFailures())
                .isZero();
    }

    /** So many pods in all; returns once admission goes by it. */
    private void quota(int pods) {
        var quota = client.resource(new ResourceQuotaBuilder()
                        .withNewMetadata()
                        .withName("workers")
                        .endMetadata()
                        .withNewSpec()
                        .addToHard("pods", new Quantity(String.valueOf(pods)))
                        .endSpec()
                        .build())
                .inNamespace(namespace);
        quota.serverSideApply();
        Pool.eventually(
                "the quota is in force",
                () -> quota.get().getStatus() != null
                        && Map.of("pods", new Quantity(String.valueOf(pods)))
                                .equals(quota.get().getStatus().getHard()));
    }
}
