package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.PodFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PodReadingTest {
    private static final String HEAD = """
            metadata:
              name: web-2-3
              uid: 7d8f9a10-aaaa-bbbb-cccc-1234567890ab
              resourceVersion: "4711"
              labels:
                workerpool.dev/pool: web
                workerpool.dev/worker: "2"
                workerpool.dev/revision: 9fqt7rz5gg
                workerpool.dev/version: "1.4.0"
              annotations:
                workerpool.dev/version: "1.4.0"
                workerpool.dev/generation: "3"
              ownerReferences:
              - {apiVersion: workerpool.dev/v1alpha1, kind: WorkerPool, name: web, controller: true,
                 uid: 0a1b2c3d-1111-2222-3333-444455556666}
            spec:
              containers:
              - {name: app, image: registry.example/web:1.4.0}
            """;
    private static final String READY = """
            status:
              phase: Running
              conditions:
              - {type: PodReadyToStartContainers, status: "True"}
              - {type: Initialized, status: "True"}
              - {type: Ready, status: "True"}
              - {type: ContainersReady, status: "True"}
              - {type: PodScheduled, status: "True"}
              containerStatuses:
              - name: app
                ready: true
                started: true
                restartCount: 0
                state: {running: {startedAt: "2026-11-24T00:00:00Z"}}
            """;

    @Test
    void aReadyWorkerIsAvailableAndHasNothingToTell() {
        PodFacts facts = facts(HEAD + READY);

        assertThat(facts.name()).isEqualTo("web-2-3");
        assertThat(facts.uid()).isEqualTo("7d8f9a10-aaaa-bbbb-cccc-1234567890ab");
        assertThat(facts.resourceVersion()).isEqualTo("4711");
        assertThat(facts.slot()).isEqualTo(2);
        assertThat(facts.generation()).isEqualTo(3);
        assertThat(facts.revision()).isEqualTo("9fqt7rz5gg");
        assertThat(facts.version()).isEqualTo("1.4.0");
        assertThat(facts.available()).isTrue();
        assertThat(facts.running()).isTrue();
        assertThat(facts.nodeLost()).isFalse();
        assertThat(facts.exits()).isZero();
        assertThat(facts.crash()).isEmpty();
        assertThat(facts.fault()).isEmpty();
        assertThat(facts.blocked()).isEmpty();
        assertThat(facts.deletionCost()).isZero();
    }

    @Test
    void aPodThatNobodyHasLookedAtYetIsLiveAndNothingElse() {
        PodFacts facts = facts(HEAD);

        assertThat(facts.live()).isTrue();
        assertThat(facts.ready()).isFalse();
        assertThat(facts.running()).isFalse();
        assertThat(facts.blocked()).isEmpty();
    }

    @Test
    void aPodBeingDeletedIsTerminating() {
        PodFacts facts =
                facts(HEAD.replace("  labels:", "  deletionTimestamp: '2026-11-24T00:01:00Z'\n  labels:") + READY);

        assertThat(facts.terminating()).isTrue();
        assertThat(facts.ready()).isTrue();
        assertThat(facts.available()).isFalse();
    }

    @Test
    void anEvictedOrFinishedPodHasEnded() {
        String evicted =
                HEAD + "status: {phase: Failed, reason: Evicted, message: 'The node was low on resource: memory. '}\n";

        assertThat(facts(evicted).ended()).isTrue();
        assertThat(facts(HEAD + "status: {phase: Succeeded}").ended()).isTrue();
        assertThat(facts(HEAD + "status: {phase: Unknown}").ended()).isFalse();
    }

    @Test
    void aReadyConditionTakenAwayWhileTheContainersAreReadyMeansALostNode() {
        String lost = READY.replace("type: Ready, status: \"True\"", "type: Ready, status: \"False\"");

        assertThat(facts(HEAD + lost).nodeLost()).isTrue();
        assertThat(facts(HEAD + lost.replace("\"False\"", "\"Unknown\"")).nodeLost())
                .isTrue();
        assertThat(facts(HEAD + "status: {phase: Unknown, reason: NodeLost}").nodeLost())
                .isTrue();
    }

    @Test
    void anUnreadyContainerOrReadinessGateIsNoLostNode() {
        String lost = READY.replace("type: Ready, status: \"True\"", "type: Ready, status: \"False\"");
        String gated = HEAD + "  readinessGates: [{conditionType: lb.example/in}]\n";

        assertThat(facts(HEAD + lost.replace("ContainersReady, status: \"True\"", "ContainersReady, status: \"False\""))
                        .nodeLost())
                .isFalse();
        assertThat(facts(gated + lost).nodeLost()).isFalse();
        assertThat(facts(gated + lost.replace("conditions:", "conditions:\n  - {type: lb.example/in, status: 'True'}"))
                        .nodeLost())
                .isTrue();
    }

    @Test
    void aReadinessGateThatTheKubeletHasYetToHearOfIsNoLostNode() {
        String gated = HEAD + "  readinessGates: [{conditionType: lb.example/in}]\n"
                + READY.replace("conditions:", "conditions:\n  - {type: lb.example/in, status: 'True'}")
                        .replace(
                                "type: Ready, status: \"True\"",
                                "type: Ready, status: \"False\", reason: ReadinessGatesNotReady");

        assertThat(facts(gated).nodeLost()).isFalse();
    }

    @Test
    void aPodNamesWhatKeepsItFromBeingReady() {
        String unready = READY.replace("type: Ready, status: \"True\"", "type: Ready, status: \"False\"");
        String gates = HEAD + "  readinessGates: [{conditionType: lb.example/in}, {conditionType: lb.example/up}]\n"
                + unready.replace("conditions:", "conditions:\n  - {type: lb.example/up, status: 'False'}");
        String migrates = HEAD
                + "  initContainers: [{name: migrate, image: m}, {name: proxy, image: p, restartPolicy: Always}]\n"
                + "status: {initContainerStatuses: [{name: migrate, restartCount: 0, state: {running: {}}}]}\n";

        assertThat(facts(HEAD + READY).unreadyBecause()).isEmpty();
        assertThat(facts(HEAD).unreadyBecause()).isEmpty();
        assertThat(facts(HEAD + "  nodeName: n1\n" + unready).unreadyBecause()).contains("its node n1 does not answer");
        assertThat(facts(gates).unreadyBecause())
                .contains("waits for somebody to set its readiness gates lb.example/in, lb.example/up to True");
        assertThat(facts(gates.replace("status: 'False'", "status: 'True'")).unreadyBecause())
                .contains("waits for somebody to set its readiness gate lb.example/in to True");
        assertThat(facts(migrates).unreadyBecause()).contains("init container migrate runs");
        assertThat(facts(migrates.replace("running: {}", "terminated: {exitCode: 0}")
                                .replace(
                                        "}}}]}",
                                        "}}}, {name: proxy, restartCount: 0, ready: false, started: false,"
                                                + " state: {running: {}}}]}"))
                        .unreadyBecause())
                .contains("sidecar proxy has yet to start");
    }

    @Test
    void ofSeveralContainersTheOneThatIsNotReadyIsNamed() {
        String unready = READY.replace("Ready, status: \"True\"", "Ready, status: \"False\"")
                .replace("ready: true", "ready: false");
        String sidecar = HEAD + "  initContainers: [{name: proxy, image: p, restartPolicy: Always}]\n" + unready
                + "  initContainerStatuses: [{name: proxy, restartCount: 0, ready: true, started: true, state: {running: {}}}]\n";

        assertThat(facts(HEAD + unready).unreadyBecause()).isEmpty();
        assertThat(facts(sidecar).unreadyBecause()).contains("container app is not ready");
        assertThat(facts(sidecar.replace("restartCount: 0, ready: true", "restartCount: 1, ready: false"))
                        .unreadyBecause())
                .contains("sidecar proxy is not ready");
    }

    @Test
    void runningMeansThatEveryContainerHasStartedAndTheInitContainersAreDone() {
        String init = HEAD + "  initContainers: [{name: migrate, image: m}]\n";
        String two = HEAD + "  - {name: log, image: l}\n";

        assertThat(facts(init + READY).running()).isTrue();
        assertThat(facts(init + READY.replace("Initialized, status: \"True\"", "Initialized, status: \"False\""))
                        .running())
                .isFalse();
        assertThat(facts(two + READY).running())
                .as("of one there is no status yet")
                .isFalse();
        String logState =
                "  - {name: log, restartCount: 1, ready: false, state: {waiting: {reason: CrashLoopBackOff}}}\n";
        assertThat(facts(two + READY + logState).running()).as("has run").isTrue();
        assertThat(facts(two + READY + logState.replace("restartCount: 1", "restartCount: 0"))
                        .running())
                .as("has not run")
                .isFalse();
    }

    @Test
    void theDeletionCostIsReadAndNonsenseIsZero() {
        String cost = HEAD.replace(
                "  annotations:\n", "  annotations:\n    controller.kubernetes.io/pod-deletion-cost: \"-5\"\n");

        assertThat(facts(cost).deletionCost()).isEqualTo(-5);
        assertThat(facts(cost.replace("-5", "cheap")).deletionCost()).isZero();
    }

    @Test
    void theGracePeriodIsTheLongerOfItsOwnAndThatOfItsDeletion() {
        String own = HEAD.replace("spec:\n", "spec:\n  terminationGracePeriodSeconds: 90\n");

        assertThat(facts(HEAD).grace()).isEqualTo(Duration.ofSeconds(30));
        assertThat(facts(own).grace()).isEqualTo(Duration.ofSeconds(90));
        // What a kubelet leaves once the containers of a pod with a finalizer have ended.
        assertThat(facts(own.replace("metadata:\n", "metadata:\n  deletionGracePeriodSeconds: 0\n"))
                        .grace())
                .isEqualTo(Duration.ofSeconds(90));
        assertThat(facts(own.replace("metadata:\n", "metadata:\n  deletionGracePeriodSeconds: 300\n"))
                        .grace())
                .isEqualTo(Duration.ofSeconds(300));
    }

    @Test
    void nullsWhereListsAndMapsBelongAreRead() {
        Pod pod = pod("metadata: {name: web-1-0, labels: null, annotations: null}\nspec: null\nstatus: null");

        assertThat(PodReading.facts("web", pod).orElseThrow().revision()).isEmpty();
        assertThat(PodReading.facts("web", pod).orElseThrow().slot()).isEqualTo(1);
    }

    private static PodFacts facts(String yaml) {
        return PodReading.facts("web", pod(yaml)).orElseThrow();
    }

    private static Pod pod(String yaml) {
        return Serialization.unmarshal(yaml, Pod.class);
    }
}
