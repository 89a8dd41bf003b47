package dev.workerpool.operator.act;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolSpec;
import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.decide.Worker;
import dev.workerpool.operator.observe.Obstacles.Kind;
import dev.workerpool.operator.observe.PoolMemory;
import dev.workerpool.operator.observe.View;
import dev.workerpool.operator.pods.EffectiveSpec;
import dev.workerpool.operator.pods.Labels;
import dev.workerpool.operator.pods.PodFactory;
import dev.workerpool.operator.pods.PodReading;
import dev.workerpool.operator.pods.RevisionContent;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.ControllerRevisionBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class ActionRunnerTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private static final String RECORD = "/controllerrevisions/web-bcdfghjklm-0a1b2c3d";

    private final WorkerPool pool = pool();
    private final String revision = RevisionContent.of(pool.getSpec()).revision();
    private final PoolMemory memory = new PoolMemory();
    private final Expectations expectations = new Expectations();
    private List<ControllerRevision> records = List.of();
    private ScriptedServer server;
    private ActionRunner runner;

    @BeforeEach
    void start() throws Exception {
        server = new ScriptedServer();
        runner = new ActionRunner(server.client(), Clock.fixed(NOON, ZoneOffset.UTC));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aRepeatedCreateIsTheWorkerThatIsThere() {
        server.answer("POST", "/pods", 409, status("AlreadyExists", "pods \"web-1-0\" already exists"));
        server.answer("GET", "/pods/web-1-0", 200, Serialization.asJson(worker(1, 0)));

        assertThat(run(new Action.Create(1, 0, revision))).isTrue();
        assertThat(visibility(List.of())).isEqualTo(Expectations.Visibility.WAITING);
        assertThat(visibility(List.of(facts(worker(1, 0))))).isEqualTo(Expectations.Visibility.CURRENT);
    }

    @Test
    void aNameThatAForeignPodHoldsIsPassedOver() {
        Pod foreign = worker(1, 0);
        foreign.getMetadata().setOwnerReferences(List.of());
        server.answer("POST", "/pods", 409, status("AlreadyExists", "pods \"web-1-0\" already exists"));
        server.answer("GET", "/pods/web-1-0", 200, Serialization.asJson(foreign));
        server.answer("POST", "/pods", 201, Serialization.asJson(worker(1, 1)));

        assertThat(run(new Action.Create(1, 0, revision))).isTrue();
        assertThat(server.requests()).hasSize(3).last().asString().contains("web-1-1");
        assertThat(memory.obstacles().current(Kind.CREATE, NOON)).isEmpty();
        assertThat(visibility(List.of())).isEqualTo(Expectations.Visibility.WAITING);
        assertThat(visibility(List.of(facts(worker(1, 1))))).isEqualTo(Expectations.Visibility.CURRENT);
    }

    @Test
    void aCreateThatAQuotaRefusesIsAnObstacleThatNamesIt() {
        server.answer("POST", "/pods", 403, status("Forbidden", "exceeded quota: small, requested: pods=1"));

        assertThat(run(new Action.Create(1, 0, revision))).isFalse();
        assertThat(memory.obstacles().current(Kind.CREATE, NOON).orElseThrow().message())
                .contains("web-1-0", "exceeded quota: small");
    }

    @Test
    void aRefusalStopsTheBatchesAfterIt() {
        server.answer("POST", "/pods", 201, Serialization.asJson(worker(1, 0)));
        server.answer("POST", "/pods", 403, status("Forbidden", "exceeded quota: small"));

        Action[] creates = IntStream.rangeClosed(1, 20)
                .mapToObj(slot -> new Action.Create(slot, 0, revision))
                .toArray(Action[]::new);
        assertThat(run(creates)).isFalse();
        assertThat(server.requests()).as("one, then two").hasSize(3);
    }

    /** Several times: which of the two asks first is left to the threads. */
    @RepeatedTest(10)
    void whatIsMadeInTheSameBatchDoesNotHideARefusal() {
        server.answer("POST", "/pods", 201, Serialization.asJson(worker(1, 0)));
        server.answer("POST", "/pods", 403, status("Forbidden", "exceeded quota: small"));
        server.answer("POST", "/pods", 201, Serialization.asJson(worker(3, 0)));

        assertThat(run(
                        new Action.Create(1, 0, revision),
                        new Action.Create(2, 0, revision),
                        new Action.Create(3, 0, revision)))
                .isFalse();
        assertThat(memory.obstacles().current(Kind.CREATE, NOON).orElseThrow().message())
                .contains("exceeded quota: small");
    }

    @Test
    void aCreateWithoutAnAnswerIsWaitedFor() {
        server.answer("POST", "/pods", 0, "");

        assertThat(run(new Action.Create(1, 0, revision))).isTrue();
        assertThat(visibility(List.of())).isEqualTo(Expectations.Visibility.WAITING);
    }

    @Test
    void anEvictionIsGuardedByTheUidAlone() {
        server.answer("POST", "/pods/web-1-0/eviction", 201, "{}");

        assertThat(run(new Action.Evict(facts(worker(1, 0))))).isTrue();
        assertThat(server.requests().get(0)).contains("\"uid\":\"uid-1-0\"").doesNotContain("\"resourceVersion\"");
        assertThat(visibility(List.of(facts(worker(1, 0))))).isEqualTo(Expectations.Visibility.WAITING);
    }

    /** The pod may be there still: with another in its place there would be one too many. */
    @Test
    void nothingIsMadeInThePlaceOfAPodOfWhichNobodySaidThatItGoes() {
        Pod broken = worker(1, 0);
        server.answer("DELETE", "/pods/web-1-0", 0, "");

        assertThat(run(new Action.Delete(facts(broken), true), new Action.Create(1, 1, revision)))
                .isFalse();
        assertThat(server.requests()).singleElement().asString().startsWith("DELETE");
        assertThat(visibility(List.of(facts(broken)))).isEqualTo(Expectations.Visibility.WAITING);
    }

    @Test
    void anEvictionThatABudgetRefusesIsAnObstacleThatNamesIt() {
        server.answer("POST", "/pods/web-1-0/eviction", 429, """
                {"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429,
                 "message":"Cannot evict pod as it would violate the pod's disruption budget.",
                 "details":{"causes":[{"reason":"DisruptionBudget",
                 "message":"The disruption budget web needs 2 healthy pods and has 2 currently"}]}}""");

        assertThat(run(new Action.Evict(facts(worker(1, 0))))).isFalse();
        assertThat(memory.obstacles().current(Kind.EVICT, NOON).orElseThrow().message())
                .isEqualTo("a PodDisruptionBudget keeps pod web-1-0 from being evicted:"
                        + " The disruption budget web needs 2 healthy pods and has 2 currently");
        assertThat(visibility(List.of(facts(worker(1, 0))))).isEqualTo(Expectations.Visibility.CURRENT);
    }

    @Test
    void anEvictionThatABusyServerRefusesBlamesNoBudget() {
        server.answer(
                "POST",
                "/pods/web-1-0/eviction",
                429,
                status("TooManyRequests", "Too many requests, please try again later."));

        assertThat(run(new Action.Evict(facts(worker(1, 0))))).isFalse();
        assertThat(memory.obstacles().current(Kind.EVICT, NOON).orElseThrow().message())
                .isEqualTo("pod web-1-0 cannot be removed: Too many requests, please try again later.");
    }

    @Test
    void anEvictionThatFailedInTheServerMayHaveBeenCarriedOut() {
        Pod pod = worker(1, 0);
        see(pod);
        server.answer(
                "POST", "/pods/web-1-0/eviction", 500, status("InternalError", "rpc error: transport is closing"));

        assertThat(run(new Action.Evict(facts(pod)))).isFalse();
        pod.getMetadata().setDeletionTimestamp("2026-01-01T12:00:30Z");
        assertThat(see(pod).removal()).isEqualTo(Worker.Removal.ROLLOUT);
    }

    @Test
    void anEvictionThatWasRefusedWasNotCarriedOut() {
        Pod pod = worker(1, 0);
        see(pod);
        server.answer("POST", "/pods/web-1-0/eviction", 403, status("Forbidden", "not on a Friday"));

        assertThat(run(new Action.Evict(facts(pod)))).isFalse();
        pod.getMetadata().setDeletionTimestamp("2026-01-01T12:00:30Z");
        assertThat(see(pod).removal()).isEqualTo(Worker.Removal.OTHERS);
    }

    private Worker see(Pod pod) {
        return memory.sightings()
                .see(List.of(facts(pod)), new Rollout.Idle(), EffectiveSpec.settings(pool), NOON)
                .getFirst();
    }

    @Test
    void anEvictionThatTwoBudgetsForbidSaysWhatToDo() {
        server.answer("POST", "/pods/web-1-0/eviction", 500, """
                {"kind":"Status","apiVersion":"v1","status":"Failure","code":500,"message":"This pod has more than one \
                PodDisruptionBudget, which the eviction subresource does not support."}""");

        assertThat(run(new Action.Evict(facts(worker(1, 0))))).isFalse();
        assertThat(memory.obstacles().current(Kind.EVICT, NOON).orElseThrow().message())
                .contains("web-1-0", "more than one PodDisruptionBudget", "leave one of them");
    }

    @Test
    void aDeleteIsGuardedByUidAndResourceVersion() {
        server.answer("DELETE", "/pods/web-1-0", 200, "{}");

        assertThat(run(new Action.Delete(facts(worker(1, 0)), false))).isTrue();
        assertThat(server.requests().get(0)).contains("\"uid\":\"uid-1-0\"", "\"resourceVersion\":\"7\"");
    }

    @Test
    void aDeleteOfAPodThatHasChangedDoesNothing() {
        server.answer("DELETE", "/pods/web-1-0", 409, status("Conflict", "the ResourceVersion in the precondition"));

        assertThat(run(new Action.Delete(facts(worker(1, 0)), false))).isFalse();
        assertThat(memory.deletions().current("uid-1-0", NOON)).isEmpty();
        assertThat(visibility(List.of(facts(worker(1, 0))))).isEqualTo(Expectations.Visibility.CURRENT);
    }

    @Test
    void aDeleteThatAdmissionRefusesIsAnObstacleOfThatPodAlone() {
        String webhook = "admission webhook \"keep.example\" denied the request: not on a Friday";
        server.answer("DELETE", "/pods/web-1-0", 403, status("Forbidden", webhook));
        server.answer("DELETE", "/pods/web-2-0", 200, "{}");

        assertThat(run(new Action.Delete(facts(worker(1, 0)), false))).isFalse();
        assertThat(memory.deletions().current("uid-1-0", NOON).orElseThrow().message())
                .contains("web-1-0", "keep.example", "not on a Friday");
        assertThat(run(new Action.Delete(facts(worker(2, 0)), false))).isTrue();
    }

    @Test
    void nothingIsDoneAfterAFailure() {
        server.answer("DELETE", "/pods/web-1-0", 500, status("InternalError", "etcd is away"));

        assertThat(run(new Action.Delete(facts(worker(1, 0)), true), new Action.Create(1, 1, revision)))
                .isFalse();
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void theDryRunIsStrictAndItsRefusalNamesTheField() {
        server.answer("POST", "/pods", 422, status("Invalid", "Pod \"web-1-0\" is invalid: spec.containers[0].image"));

        assertThat(run(new Action.DryRun(1, 0))).isTrue();
        assertThat(server.requests().get(0)).contains("dryRun=All", "fieldValidation=Strict");
        assertThat(memory.verdicts().of(PoolMemory.verdictKey(pool)))
                .isInstanceOfSatisfying(Verdict.Refused.class, refused -> assertThat(refused.message())
                        .contains("spec.containers[0].image", "web"));
    }

    /** With it, admission refuses each template until it knows the pool's kind. */
    @Test
    void theDryRunAsksNothingOfThePoolThatIsTheOwner() {
        server.answer("POST", "/pods", 201, Serialization.asJson(worker(1, 0)));

        assertThat(run(new Action.DryRun(1, 0), new Action.Create(1, 0, revision)))
                .isTrue();
        assertThat(server.requests().get(0)).contains("\"controller\":true").doesNotContain("blockOwnerDeletion");
        assertThat(server.requests().get(1)).contains("\"blockOwnerDeletion\":true");
    }

    @Test
    void aKindThatAdmissionDoesNotKnowYetIsAnObstacleThatSaysSo() {
        server.answer(
                "POST",
                "/pods",
                403,
                status(
                        "Forbidden",
                        "pods \"web-1-0\" is forbidden: cannot set blockOwnerDeletion in this case because cannot find"
                                + " RESTMapping for APIVersion workerpool.dev/v1alpha1 Kind WorkerPool: no matches for"
                                + " kind \"WorkerPool\" in version \"workerpool.dev/v1alpha1\""));

        assertThat(run(new Action.Create(1, 0, revision))).isFalse();
        assertThat(memory.obstacles().current(Kind.CREATE, NOON).orElseThrow().message())
                .isEqualTo("pod web-1-0 is not admitted: the API server's admission does not know WorkerPools yet;"
                        + " it learns of a new CRD within 30 s");
    }

    @Test
    void aRevisionWithoutARecordIsAnObstacleThatSaysSo() {
        assertThat(run(new Action.Create(1, 0, "bcdfghjklm"))).isFalse();
        assertThat(server.requests()).isEmpty();
        assertThat(memory.obstacles().current(Kind.CREATE, NOON).orElseThrow().message())
                .contains("ControllerRevision", "bcdfghjklm");
    }

    @Test
    void aRecordIsNumberedOnlyAsTheOneThatWasSeen() {
        records = List.of(record());
        server.answer("GET", RECORD, 200, Serialization.asJson(record()));
        server.answer("PATCH", RECORD, 200, Serialization.asJson(record()));

        assertThat(run(new Action.PromoteRevision("bcdfghjklm", 2))).isTrue();
        assertThat(server.requests()).last().asString().contains("\"uid\":\"uid-r\"", "\"revision\":2");
    }

    @Test
    void aRecordIsDroppedOnlyAsTheOneThatWasSeen() {
        records = List.of(record());
        server.answer("DELETE", RECORD, 409, status("Conflict", "Precondition failed: UID in precondition: uid-r"));

        assertThat(run(new Action.DropRevision("bcdfghjklm"))).isFalse();
        assertThat(server.requests().get(0)).contains("\"uid\":\"uid-r\"");
        assertThat(memory.records(Map.of("bcdfghjklm", 1L), NOON)).containsKey("bcdfghjklm");
    }

    @Test
    void aRecordThatIsGoneIsDropped() {
        records = List.of(record());
        server.answer("DELETE", RECORD, 404, status("NotFound", "not found"));

        assertThat(run(new Action.DropRevision("bcdfghjklm"))).isTrue();
    }

    @Test
    void aRecordThatNoCacheShowsIsLookedUp() {
        ControllerRevision foreign = record();
        foreign.getMetadata().setOwnerReferences(List.of());
        server.answer("GET", RECORD, 200, Serialization.asJson(record()));
        server.answer("GET", RECORD, 200, Serialization.asJson(foreign));
        server.answer("DELETE", RECORD, 200, "{}");

        assertThat(run(new Action.DropRevision("bcdfghjklm"))).isTrue();
        assertThat(server.requests()).hasSize(2).last().asString().contains("\"uid\":\"uid-r\"");
        assertThat(run(new Action.DropRevision("bcdfghjklm"))).isTrue();
        assertThat(server.requests()).as("nothing is done to one of others").hasSize(3);
    }

    @Test
    void aRecordThatIsGoneIsNotNumbered() {
        memory.recordWritten("bcdfghjklm", 0, NOON);

        assertThat(run(new Action.PromoteRevision("bcdfghjklm", 2))).isTrue();
        assertThat(memory.records(Map.of(), NOON)).isEmpty();
    }

    private boolean run(Action... actions) {
        return runner.run(
                new Assignment(new View(pool, List.of(), records), revision, memory, expectations),
                List.of(actions),
                List.of());
    }

    private ControllerRevision record() {
        return new ControllerRevisionBuilder()
                .withNewMetadata()
                .withName("web-bcdfghjklm-0a1b2c3d")
                .withNamespace("shop")
                .withUid("uid-r")
                .withLabels(Map.of(Labels.POOL, "web", Labels.REVISION, "bcdfghjklm"))
                .addNewOwnerReference()
                .withController(true)
                .withUid(pool.getMetadata().getUid())
                .endOwnerReference()
                .endMetadata()
                .withRevision(1L)
                .build();
    }

    private Expectations.Visibility visibility(List<PodFacts> cached) {
        return expectations.visibility(cached, "1", NOON);
    }

    private Pod worker(int slot, int generation) {
        Pod pod = PodFactory.pod(pool, RevisionContent.of(pool.getSpec()), slot, generation);
        pod.getMetadata().setUid("uid-" + slot + "-" + generation);
        pod.getMetadata().setResourceVersion("7");
        return pod;
    }

    private static PodFacts facts(Pod pod) {
        return PodReading.facts("web", pod).orElseThrow();
    }

    private static String status(String reason, String message) {
        return "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"" + reason
                + "\",\"message\":\"" + message.replace("\"", "\\\"") + "\"}";
    }

    private static WorkerPool pool() {
        WorkerPool pool = new WorkerPool();
        pool.getMetadata().setName("web");
        pool.getMetadata().setNamespace("shop");
        pool.getMetadata().setUid("0a1b2c3d-1111-2222-3333-444455556666");
        pool.getMetadata().setGeneration(1L);
        pool.setSpec(Serialization.unmarshal("""
                version: "1"
                template:
                  spec:
                    containers:
                    - name: app
                      image: registry.example/web:1
                      readinessProbe: {httpGet: {path: /ready, port: 8000}}
                """, WorkerPoolSpec.class));
        return pool;
    }
}
