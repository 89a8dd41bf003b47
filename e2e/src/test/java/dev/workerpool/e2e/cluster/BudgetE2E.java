package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Ready;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetStatus;
import io.fabric8.kubernetes.client.dsl.Resource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PodDisruptionBudgets over a pool: those that a surge satisfies are kept, the others waited for and named. */
@Execution(ExecutionMode.CONCURRENT)
class BudgetE2E extends ClusterTest {

    /** Strict ones forbid every drain of a node while nothing rolls: the surge worker is what they allow. */
    @ParameterizedTest(name = "{1}")
    @CsvSource({
        "none-away, maxUnavailable: 0, 2, 3",
        "both-here, minAvailable: 2, 2, 2",
        "all-here, minAvailable: 100%, 2, 3",
        "half-here, minAvailable: 50%, 1, 2"
    })
    void aRolloutKeepsIt(String name, String budget, int desiredOf2, int desiredOf3) {
        Pool pool = create(name, "{}");
        pool.awaitUpToDate("1.0.0");
        Resource<PodDisruptionBudget> pdb = budget(name, name, budget);
        // A percentage and maxUnavailable are of the replicas that the pool's scale subresource tells of.
        awaitBudget(pdb, 2, desiredOf2);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        }
        pool.scale(3);
        awaitBudget(pdb, 3, desiredOf3);
    }

    @Test
    void whatItNeverAllowsFailsAtTheDeadlineAndIsRolledBackOnceItIsLifted() {
        Pool pool = create("never", "spec: {rollout: {progressDeadlineSeconds: 20}}");
        pool.awaitUpToDate("1.0.0");
        Resource<PodDisruptionBudget> pdb = budget("three-here", "never", "minAvailable: 3");
        awaitBudget(pdb, 2, 3);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            pool.awaitBlocked(
                    "a PodDisruptionBudget keeps pod never-1-0 from being evicted:",
                    "disruption budget three-here needs 3 healthy pods and has 3");
            assertThat(pool.status().rollout().phase()).isEqualTo(Phase.RollingOut);
            WorkerPoolStatus back = pool.await(
                    "rolls back", s -> s.rollout() != null && s.rollout().phase() == Phase.RollingBack);
            assertThat(back.lastFailure().reason()).isEqualTo("ProgressDeadlineExceeded");
            assertThat(back.lastFailure().message()).contains("20 s", "never-1-0", "disruption budget three-here");
            // The way back is in its way as well: the new worker serves, and goes by eviction too.
            pool.await(
                    "waits for it on the way back",
                    s -> s.rollout() != null
                            && s.rollout().message().contains("keeps pod never-1-1 from being evicted"));
            pdb.delete();
            WorkerPoolStatus status = pool.await(Reason.RolledBack);
            assertThat(Pool.condition(status, Ready).getMessage()).contains("three-here", "1.0.0");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.names()).containsExactly("never-1-0", "never-1-1", "never-2-0");
        }
    }

    @Test
    void twoOverOnePodAreNamedAndOneOfThemGoesOn() {
        Pool pool = create("twice", "{}");
        pool.awaitUpToDate("1.0.0");
        Resource<PodDisruptionBudget> first = budget("first", "twice", "maxUnavailable: 1");
        Resource<PodDisruptionBudget> second = budget("second", "twice", "maxUnavailable: 1");
        awaitBudget(first, 2, 1);
        awaitBudget(second, 2, 1);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            pool.awaitBlocked("pod twice-1-0", "more than one PodDisruptionBudget", "leave one of them");
            second.delete();
            pool.awaitUpToDate("1.1.0");
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
        }
    }

    private Resource<PodDisruptionBudget> budget(String name, String pool, String rule) {
        client.resource("""
                apiVersion: policy/v1
                kind: PodDisruptionBudget
                metadata: {name: %s}
                spec:
                  selector: {matchLabels: {workerpool.dev/pool: %s}}
                  %s
                """.formatted(name, pool, rule)).inNamespace(namespace).create();
        return client.policy().v1().podDisruptionBudget().inNamespace(namespace).withName(name);
    }

    private static void awaitBudget(Resource<PodDisruptionBudget> budget, int expected, int desired) {
        Pool.eventually("the budget counts " + expected + " pods and wants " + desired, () -> {
            PodDisruptionBudgetStatus status = budget.get().getStatus();
            return status != null
                    && Integer.valueOf(expected).equals(status.getExpectedPods())
                    && Integer.valueOf(desired).equals(status.getDesiredHealthy());
        });
    }
}
