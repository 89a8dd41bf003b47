package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Available;
import static dev.workerpool.api.ConditionType.Progressing;
import static dev.workerpool.api.ConditionType.Ready;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * The only node stops to answer, and comes back: nobody's failure. Pools with every wish of what then becomes of their
 * pods go through it together, since it takes the node controller 50 s to call a node lost.
 */
@Isolated("no other test's pods live on a node without a kubelet")
class NodeE2E extends ClusterTest {
    /** The pods are evicted 2 s after their node is called lost, not 5 minutes; a new worker soaks all the while. */
    private static final String LEAVES_SOON = """
            spec:
              rollout: {readyTimeoutSeconds: 60, minReadySeconds: 300, progressDeadlineSeconds: 600}
              template:
                spec:
                  tolerations:
                  - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 2}
                  - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 2}
            """;

    private static final String UNREACHABLE = "node.kubernetes.io/unreachable";

    @Test
    void isNoFailureAndWhatItTookAwayIsMadeAgain() throws Exception {
        LocalCluster cluster = LocalCluster.assumed("the kubelet is stopped");
        Pool stays = create("stays", "{}");
        Pool leaves = create("leaves", LEAVES_SOON);
        Pool rolls = create("rolls", LEAVES_SOON);
        stays.awaitUpToDate("1.0.0");
        leaves.awaitUpToDate("1.0.0");
        rolls.awaitUpToDate("1.0.0");
        Set<String> stayed = uids(stays);
        // In the middle of a step: the new worker soaks.
        rolls.version("1.1.0");
        rolls.await(
                "the new worker must stay ready",
                s -> s.rollout() != null
                        && String.valueOf(s.rollout().message()).contains("rolls-1-1 must stay ready"));
        try (PodRecord staysPods = PodRecord.of(stays);
                PodRecord leavesPods = PodRecord.of(leaves);
                PodRecord rollsPods = PodRecord.of(rolls)) {
            cluster.component("stop", "kubelet");
            WorkerPoolStatus unready;
            WorkerPoolStatus lost;
            WorkerPoolStatus rolling;
            try {
                unready = stays.await("its workers are called unready", s -> Integer.valueOf(0)
                        .equals(s.availableReplicas()));
                Pool.eventually("the pods of the lost node are told to leave", () -> {
                    taint();
                    return leaves.pods().stream()
                            .allMatch(pod -> pod.getMetadata().getDeletionTimestamp() != null
                                    || pod.getSpec().getNodeName() == null);
                });
                lost = leaves.await(
                        "its workers are made again and find no node",
                        s -> Pool.condition(s, Ready).getMessage().contains("no node takes the pod"));
                rolling = rolls.await(
                        "its workers are made again and find no node",
                        s -> s.rollout() != null
                                && String.valueOf(s.rollout().message()).contains("no node takes the pod"));
            } finally {
                cluster.component("start", "kubelet");
            }

            assertThat(Pool.condition(unready, Ready).getReason()).isEqualTo("Healing");
            assertThat(Pool.condition(unready, Ready).getMessage())
                    .isEqualTo(
                            "not available: stays-1-0, stays-2-0 (stays-1-0: its node workerpool-node does not answer)");
            assertThat(Pool.condition(unready, Available).getMessage()).isEqualTo("0 of 2 available");
            assertThat(Pool.condition(lost, Ready).getReason()).isEqualTo("Healing");
            assertThat(Pool.condition(lost, Ready).getMessage())
                    .startsWith("not available: leaves-1-1, leaves-2-1 (leaves-1-1: no node takes the pod: 0/1 nodes")
                    .contains("taint");
            assertThat(rolling.rollout().message())
                    .matches("worker \\d of 2: rolls-\\d-\\d waits: no node takes the pod: 0/1 nodes .* taint.*");
            assertThat(Pool.condition(rolling, Progressing).getReason()).isEqualTo("Blocked");
            assertThat(rolling.circuitBreaker().consecutiveFailures()).isZero();

            stays.await(Reason.UpToDate);
            assertThat(uids(stays)).as("pods that nobody evicted").isEqualTo(stayed);
            leaves.awaitUpToDate("1.0.0");
            Pool.eventually(
                    "an Event tells it", () -> !leaves.events("WorkerHealed").isEmpty());
            assertThat(leaves.events("WorkerHealed")).allSatisfy(e -> assertThat(e.getMessage())
                    .matches("1 lost worker is made again|2 lost workers are made again"));
            rolls.edit("rollout: {minReadySeconds: 1}");
            rolls.awaitUpToDate("1.1.0");
            for (Pool pool : Set.of(stays, leaves, rolls)) {
                WorkerPoolStatus status = pool.status();
                assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
                assertThat(status.lastFailure()).isNull();
            }
            assertThat(rolls.status().history())
                    .extracting(WorkerPoolStatus.HistoryEntry::result)
                    .containsExactly(Result.Succeeded);
            assertThat(staysPods.mostLive())
                    .as("live pods: %s", staysPods.lines())
                    .isEqualTo(2);
            assertThat(leavesPods.mostLive())
                    .as("live pods: %s", leavesPods.lines())
                    .isEqualTo(2);
            assertThat(rollsPods.mostLive())
                    .as("live pods: %s", rollsPods.lines())
                    .isEqualTo(3);
        }
    }

    /** As the node lifecycle controller does, unless the node is the only one: then it takes itself for the one cut off. */
    private void taint() {
        Node node = client.nodes().list().getItems().getFirst();
        boolean tainted = node.getSpec().getTaints().stream()
                .anyMatch(t -> t.getKey().equals(UNREACHABLE) && t.getEffect().equals("NoExecute"));
        if (!tainted) {
            client.resource(node).edit(n -> new NodeBuilder(n)
                    .editSpec()
                    .addToTaints(new TaintBuilder()
                            .withKey(UNREACHABLE)
                            .withEffect("NoExecute")
                            .withTimeAdded(Instant.now()
                                    .truncatedTo(ChronoUnit.SECONDS)
                                    .toString())
                            .build())
                    .endSpec()
                    .build());
        }
    }

    private static Set<String> uids(Pool pool) {
        return pool.pods().stream().map(Pod::getMetadata).map(m -> m.getUid()).collect(Collectors.toSet());
    }
}
