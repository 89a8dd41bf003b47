package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.e2e.embedded.RecordedRequest;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.ControllerRevisionBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What goes wrong around the operator, and what it must not do then. */
class GuardsServerTest extends Stage {
    private static final String STORE_ENDED = "rpc error: code = Unavailable desc = transport is closing";

    @Test
    void aStatusConflictIsLookedAtAgain() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        server.fail(GuardsServerTest::statusWrite, 409, 3, "the object has been modified");

        edit("{version: v2}");

        rolledOutOnce(2);
    }

    @Test
    void theLostAnswerOfACreateMakesNoSecondPod() {
        loses(r -> creates(r) && !r.path().contains("dryRun"));
    }

    @Test
    void theLostAnswerOfAnEvictionEvictsNoOther() {
        loses(r -> r.path().contains("/eviction"));
    }

    @Test
    void theLostAnswerOfAStatusWriteCountsAndTellsOnce() {
        loses(GuardsServerTest::statusWrite);
    }

    /** That of the write that ends a rollout, and of any other after the old worker is gone. */
    @Test
    void whatEndedWithoutAnAnswerIsCountedAndTold() {
        tellsOfTheEnd(write -> server.dropAnswers(write, 2));
    }

    @Test
    void whatEndedAndWasCalledAnErrorIsCountedAndTold() {
        tellsOfTheEnd(write -> server.failAfterwards(write, 503, 2, STORE_ENDED));
    }

    private void tellsOfTheEnd(Consumer<Predicate<RecordedRequest>> fault) {
        create("{replicas: 1}");
        awaitUpToDate("v1");
        fault.accept(r -> statusWrite(r) && film.scenesSoFar().contains("gone web-1-0"));

        edit("{version: v2}");

        awaitUpToDate("v2");
        awaitEvent("RolloutSucceeded", 1);
        assertThat(metrics())
                .contains("workerpool_rollouts_total{namespace=\"default\",pool=\"web\",result=\"Succeeded\"} 1.0")
                .contains("workerpool_steps_total{namespace=\"default\",pool=\"web\"} 1.0");
    }

    @Test
    void aCreateThatWasCalledAnErrorMakesNoSecondPod() {
        goesWrong(() -> server.failAfterwards(r -> creates(r) && !r.path().contains("dryRun"), 503, 2, STORE_ENDED));
    }

    @Test
    void anEvictionThatWasCalledAnErrorEvictsNoOther() {
        goesWrong(() -> server.failAfterwards(r -> r.path().contains("/eviction"), 500, 2, STORE_ENDED));
    }

    @Test
    void aDeletionThatWasCalledAnErrorDeletesNoOther() {
        create("{replicas: 4}");
        awaitUpToDate("v1");
        film.cut();
        server.failAfterwards(r -> r.method().equals("DELETE") && r.path().contains("/pods/"), 500, 1, STORE_ENDED);
        server.hangWatchesOf("pods");

        edit("{replicas: 3}");
        awaitThat("one leaves", x -> workers().size() < 4);
        remains(Duration.ofSeconds(2), "three workers", x -> workers().size() == 3);
        server.hangWatches(false);

        await("three workers", s -> s.replicas() == 3 && reason(s, "Ready").equals("UpToDate"));
        assertThat(film.fewestReady()).isEqualTo(3);
    }

    /** Nothing but the API server itself can then tell whether it was written. */
    @Test
    void theLostAnswerOfAStatusWriteIsLookedUpWhileTheWatchesHang() {
        create("{replicas: 1, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 12}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        awaitReason("RolledBack");
        edit("{version: v3}");
        awaitReason("CircuitBreakerOpen");
        atRest();

        server.hangWatches(true);
        server.dropAnswers(GuardsServerTest::statusWrite, 1);
        awaitThat("the trial's worker", x -> versions().containsKey("v3"));
        server.hangWatches(false);

        WorkerPoolStatus status = awaitUpToDate("v3");
        assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        assertThat(status.history()).hasSize(2);
    }

    private void loses(Predicate<RecordedRequest> answer) {
        goesWrong(() -> server.dropAnswers(answer, 2));
    }

    private void goesWrong(Runnable fault) {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();
        fault.run();

        edit("{version: v2}");

        rolledOutOnce(2);
        assertThat(film.mostLive()).isEqualTo(3);
        assertThat(film.fewestReady()).isEqualTo(2);
        assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(2);
    }

    @Test
    void aStormOfErrorsIsWaitedOut() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();
        String storm = "etcdserver: leader changed";
        server.fail(GuardsServerTest::statusWrite, 500, 2, storm);
        server.fail(GuardsServerTest::creates, 500, 2, storm);
        server.fail(r -> r.path().contains("/eviction"), 500, 2, storm);
        server.fail(r -> r.write() && r.path().contains("/controllerrevisions"), 500, 1, storm);

        edit("{version: v2}");

        await("UpToDate at v2", s -> reason(s, "Ready").equals("UpToDate") && "v2".equals(s.version()));
        assertThat(status().history()).hasSize(1);
        assertThat(status().circuitBreaker().consecutiveFailures()).isZero();
        assertThat(film.mostLive()).isEqualTo(3);
        assertThat(film.fewestReady()).isEqualTo(2);
    }

    private void rolledOutOnce(int replicas) {
        WorkerPoolStatus status = awaitUpToDate("v2");
        awaitEvent("RolloutSucceeded", 1);
        assertThat(versions()).isEqualTo(Map.of("v2", (long) replicas));
        assertThat(status.history()).hasSize(1);
        assertThat(events()).containsEntry("RolloutStarted", 1L);
    }

    @Test
    void aBudgetInTheWayBlocksAndSaysWhich() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        PodDisruptionBudget budget = client.resource(Serialization.unmarshal("""
                        apiVersion: policy/v1
                        kind: PodDisruptionBudget
                        metadata: {name: strict, namespace: default}
                        spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
                        """, PodDisruptionBudget.class))
                .create();
        film.cut();

        edit("{version: v2}");
        WorkerPoolStatus blocked =
                await("Blocked", s -> reason(s, "Progressing").equals("Blocked"));

        assertThat(condition(blocked, "Progressing")).isEqualTo("True Blocked");
        assertThat(message(blocked, "Progressing")).contains("strict");
        assertThat(film.scenes()).noneMatch(s -> s.startsWith("leave"));
        client.resource(budget).delete();
        rolledOutOnce(2);
        assertThat(events()).containsEntry("Blocked", 1L);
    }

    @Test
    void aQuotaBlocksUntilItIsRaised() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        server.quotaPods("default", 2);

        edit("{version: v2}");
        WorkerPoolStatus blocked =
                await("Blocked", s -> reason(s, "Progressing").equals("Blocked"));

        assertThat(message(blocked, "Progressing")).contains("quota");
        assertThat(versions()).isEqualTo(Map.of("v1", 2L));
        server.noQuota("default");
        rolledOutOnce(2);
    }

    @Test
    void aPoolWhoseCrdAdmissionDoesNotKnowYetIsBlockedAndFills() {
        server.ownersUnknown(true);

        create("{replicas: 2}");
        WorkerPoolStatus blocked =
                await("Blocked", s -> reason(s, "Progressing").equals("Blocked"));

        assertThat(condition(blocked, "Ready")).isEqualTo("False Filling");
        assertThat(condition(blocked, "Stalled")).isEqualTo("False Moving");
        assertThat(message(blocked, "Progressing")).contains("does not know WorkerPools yet");
        server.ownersUnknown(false);
        awaitUpToDate("v1");
        assertThat(events()).doesNotContainKey("InvalidTemplate");
    }

    @Test
    void aRecordThatAQuotaRefusesIsNamedAndGetsTheRoomOfOneThatNothingNeeds() {
        create("{replicas: 1}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        awaitReason("RolledBack");
        atRest();
        assertThat(records()).isEqualTo(2);
        server.fail(
                r -> r.method().equals("POST") && r.path().contains("/controllerrevisions"),
                403,
                3,
                "exceeded quota: records");

        edit("{version: v3}");
        WorkerPoolStatus blocked =
                await("Blocked", s -> reason(s, "Progressing").equals("Blocked"));

        assertThat(message(blocked, "Progressing")).contains("exceeded quota: records");
        awaitThat("the record of v2 is gone", x -> records() == 1);
        awaitUpToDate("v3");
    }

    @Test
    void aForeignPodThatHoldsTheNextNameIsPassedOver() {
        create("{replicas: 1}");
        awaitUpToDate("v1");
        Pod foreign = client.resource(Serialization.unmarshal("""
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: web-1-1, namespace: default}
                        spec: {containers: [{name: other, image: "other:1"}]}
                        """, Pod.class)).create();

        edit("{version: v2}");
        awaitUpToDate("v2");

        assertThat(workers()).containsExactly("web-1-1", "web-1-2");
        assertThat(uids()).contains(foreign.getMetadata().getUid());
    }

    @Test
    void orphansAreNeitherAdoptedNorTouched() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        Set<String> orphans = uids();
        resource().withPropagationPolicy(DeletionPropagation.ORPHAN).delete();
        awaitThat("the pool is gone", x -> read() == null);
        assertThat(uids()).isEqualTo(orphans);

        create("{replicas: 2, version: v2}");
        awaitUpToDate("v2");
        edit("{replicas: 1}");
        await("one worker", s -> s.replicas() == 1 && reason(s, "Ready").equals("UpToDate"));

        assertThat(uids()).containsAll(orphans);
        assertThat(versions()).isEqualTo(Map.of("v1", 2L, "v2", 1L));
    }

    @Test
    void aWorkerWhoseLabelIsTakenAwayIsLetGoAndReplaced() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();

        client.pods()
                .inNamespace("default")
                .withName("web-1-0")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"labels\":{\"workerpool.dev/pool\":null}}}");
        awaitThat("a worker in its place", x -> workers().size() == 3);
        awaitUpToDate("v1");

        assertThat(workers()).containsExactly("web-1-0", "web-1-1", "web-2-0");
        assertThat(film.scenes()).noneMatch(s -> s.startsWith("leave"));
        assertThat(status().history()).isNullOrEmpty();

        client.pods()
                .inNamespace("default")
                .withName("web-1-0")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"labels\":{\"workerpool.dev/pool\":\"web\"}}}");
        awaitThat("one of the two goes", x -> workers().equals(List.of("web-1-0", "web-2-0")));
        awaitUpToDate("v1");
    }

    /** Between the moment in which a gate is set and that in which the kubelet hears of it, Ready alone is False. */
    @Test
    void aWorkerWhoseReadinessGateWasJustSetIsNotOnALostNode() {
        create("{replicas: 1}");
        awaitUpToDate("v1");
        edit("{version: v2, template: {spec: {readinessGates: [{conditionType: example.com/traffic}]}}}");
        await(
                "the gate is named",
                s -> s.rollout() != null
                        && String.valueOf(s.rollout().message())
                                .contains("waits for somebody to set its readiness gate example.com/traffic to True"));

        client.pods()
                .inNamespace("default")
                .withName("web-1-1")
                .subresource("status")
                .patch(
                        PatchContext.of(PatchType.STRATEGIC_MERGE),
                        "{\"status\":{\"conditions\":[{\"type\":\"example.com/traffic\",\"status\":\"True\"}]}}");
        await(
                "it is seen",
                s -> s.rollout() != null
                        && s.rollout().message().contains("has until")
                        && !s.rollout().message().contains("gate"));
        assertThat(workers()).containsExactlyInAnyOrder("web-1-0", "web-1-1");
        String node = client.pods()
                .inNamespace("default")
                .withName("web-1-1")
                .get()
                .getSpec()
                .getNodeName();
        server.nodes().startNode(node); // looks at its pods anew

        awaitUpToDate("v2");
        assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(2);
        assertThat(status().circuitBreaker().consecutiveFailures()).isZero();
    }

    @Test
    void aWorkerDeletedByHandIsReplaced() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();

        client.pods().inNamespace("default").withName("web-2-0").delete();
        // Its name depends on whether the old pod is still there.
        awaitThat("a worker in its place", x -> film.scenes().stream().anyMatch(s -> s.matches("ready web-2-.")));
        awaitUpToDate("v1");

        awaitEvent("WorkerHealed", 1);
        assertThat(status().history()).isNullOrEmpty();
    }

    @Test
    void nothingIsDoneTwiceWhileTheWatchesHang() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();
        server.nodes().readyDelay(Duration.ofMillis(200));
        edit("{version: v2}");
        awaitThat("a surge worker", x -> !film.scenes().isEmpty());

        server.hangWatches(true);
        remains(Duration.ofSeconds(2), "one surge worker", x -> pods().size() <= 3);
        server.hangWatches(false);

        rolledOutOnce(2);
        assertThat(film.fewestReady()).isEqualTo(2);
        assertThat(film.mostLive()).isEqualTo(3);
    }

    @Test
    void aWorkerThatBecameReadyWhileTheWatchesHungHasNotFailed() {
        create("{replicas: 1, rollout: {readyTimeoutSeconds: 1}}");
        awaitUpToDate("v1");
        server.nodes().readyDelay(Duration.ofMillis(700));
        edit("{version: v2}");
        awaitThat("the surge worker runs", x -> pods().stream()
                .anyMatch(p -> p.getMetadata().getName().equals("web-1-1")
                        && "Running".equals(p.getStatus().getPhase())));

        remains(Duration.ofMillis(200), "that is seen", x -> true);
        server.hangWatches(true);
        remains(Duration.ofSeconds(3), "no failure", x -> status().lastFailure() == null);
        server.hangWatches(false);

        rolledOutOnce(1);
    }

    /** An own write to a record is believed for 5 s; after that nothing but the API server itself can tell that it is there. */
    @Test
    void aRecordThatIsThereIsNotTakenForGoneWhileItsWatchHangs() {
        create("{replicas: 2, rollout: {readyTimeoutSeconds: 1}}");
        awaitUpToDate("v1");
        server.hangWatchesOf("controllerrevisions");
        edit("{version: v2}");
        awaitUpToDate("v2");
        remains(Duration.ofSeconds(6), "the record of v2", x -> records() == 2);

        edit("{version: v3-never}");

        WorkerPoolStatus status = awaitReason("RolledBack");
        assertThat(status.version()).isEqualTo("v2");
        assertThat(versions()).isEqualTo(Map.of("v2", 2L));

        client.pods().inNamespace("default").withName(workers().get(0)).delete();
        awaitEvent("WorkerHealed", 1);
        atRest();
        assertThat(versions()).isEqualTo(Map.of("v2", 2L));
    }

    @Test
    void aRecordThatSomebodyMadeAnewIsNotDroppedInPlaceOfTheOneThatWasSeen() {
        create("{replicas: 1}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        awaitReason("RolledBack");
        atRest();
        server.hangWatchesOf("controllerrevisions");
        ControllerRevision made = makeAnew(failedRecord());
        server.forgetRequests();

        edit("{version: v3}");
        awaitThat("it is to be dropped", x -> server.requests().stream()
                .anyMatch(r -> r.method().equals("DELETE")
                        && r.path().contains(made.getMetadata().getName())));
        awaitUpToDate("v3");
        assertThat(client.resource(made).get().getMetadata().getUid())
                .isEqualTo(made.getMetadata().getUid());

        server.hangWatches(false);
        awaitThat("once it is seen, it goes too", x -> client.resource(made).get() == null);
    }

    private ControllerRevision failedRecord() {
        return client.apps().controllerRevisions().inNamespace("default").list().getItems().stream()
                .filter(r -> r.getRevision() == 0) // never a good one
                .findFirst()
                .orElseThrow();
    }

    private ControllerRevision makeAnew(ControllerRevision record) {
        client.resource(record).delete();
        return client.resource(new ControllerRevisionBuilder(record)
                        .editMetadata()
                        .withUid(null)
                        .withResourceVersion(null)
                        .endMetadata()
                        .build())
                .create();
    }

    @Test
    void watchesThatEndAreOpenedAgain() {
        create("{replicas: 3}");
        awaitUpToDate("v1");
        server.nodes().readyDelay(Duration.ofMillis(200));
        edit("{version: v2}");
        await("a rollout", s -> s.rollout() != null);

        server.expireWatches();

        rolledOutOnce(3);
    }

    private int records() {
        return client.apps()
                .controllerRevisions()
                .inNamespace("default")
                .list()
                .getItems()
                .size();
    }

    private Set<String> uids() {
        return pods().stream().map(p -> p.getMetadata().getUid()).collect(Collectors.toSet());
    }

    private static boolean creates(RecordedRequest r) {
        return r.method().equals("POST")
                && r.path().contains("/pods")
                && !r.path().contains("/eviction");
    }

    private static boolean statusWrite(RecordedRequest r) {
        return r.method().equals("PUT") && r.path().contains("/status");
    }
}
