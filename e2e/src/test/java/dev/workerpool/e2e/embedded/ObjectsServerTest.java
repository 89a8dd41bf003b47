package dev.workerpool.e2e.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.dsl.FieldValidateable.Validation;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObjectsServerTest extends Fixture {

    @Test
    void createsOnceAndSaysSoTheSecondTime() {
        Pod made = create("a", "1");
        assertThat(made.getMetadata().getUid()).isNotEmpty();
        assertThat(made.getMetadata().getCreationTimestamp()).isNotEmpty();
        assertThat(refused(409, () -> create("a", "1")).getStatus().getReason()).isEqualTo("AlreadyExists");
        assertThat(refused(404, () -> client.pods()
                                .inNamespace("default")
                                .withName("b")
                                .edit(p -> p))
                        .getMessage())
                .isNotEmpty();
    }

    @Test
    void refusesWhatIsStale() {
        WorkerPool old = client.resource(pool("web")).create();
        client.resource(pool("web")).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"version\":\"2\"}}");
        refused(409, () -> client.resource(old).update());
        refused(409, () -> client.resource(old).updateStatus());
        assertThat(readPool("web").getSpec().version()).isEqualTo("2");
    }

    @Test
    void specCountsGenerationsAndStatusDoesNot() {
        String both = "{\"status\":{\"replicas\":7},\"spec\":{\"version\":\"3\"}}";
        client.resource(pool("web")).create();
        client.resource(pool("web")).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"version\":\"2\"}}");
        client.resource(pool("web")).subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE), both);
        client.resource(pool("web")).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"status\":{\"replicas\":9}}");
        WorkerPool now = readPool("web");
        assertThat(now.getMetadata().getGeneration()).isEqualTo(2);
        assertThat(now.getSpec().version()).isEqualTo("2");
        assertThat(now.getStatus().replicas()).isEqualTo(7);
    }

    @Test
    void writesNothingWhereNothingChanges() {
        client.resource(pool("web")).create();
        String before = readPool("web").getMetadata().getResourceVersion();
        client.resource(pool("web")).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"version\":\"1\"}}");
        assertThat(readPool("web").getMetadata().getResourceVersion()).isEqualTo(before);
    }

    @Test
    void appliesTheSchemaOfTheCrd() {
        WorkerPool made = client.resource(pool("web")).create();
        assertThat(made.getSpec().circuitBreaker().failureThreshold()).isEqualTo(3);
        PatchContext merge = PatchContext.of(PatchType.JSON_MERGE);
        assertThat(refused(422, () -> client.resource(made).patch(merge, "{\"spec\":{\"replicas\":-1}}"))
                        .getMessage())
                .contains("spec.replicas in body should be greater than or equal to 0");
        assertThat(refused(422, () -> client.resource(made).patch(merge, "{\"spec\":{\"version\":null}}"))
                        .getMessage())
                .contains("spec.version: Required value");
        PatchContext strict = new PatchContext.Builder()
                .withPatchType(PatchType.JSON_MERGE)
                .withFieldValidation("Strict")
                .build();
        assertThat(refused(400, () -> client.resource(made).patch(strict, "{\"spec\":{\"replica\":1}}"))
                        .getMessage())
                .contains("unknown field \"spec.replica\"");
    }

    @Test
    void dryRunSaysWhatWouldHappenAndStoresNothing() {
        assertThat(client.resource(pod("a", "1"))
                        .dryRun(true)
                        .create()
                        .getMetadata()
                        .getUid())
                .isNotEmpty();
        assertThat(read("a")).isNull();
        Pod twice = new PodBuilder(pod("a", "1"))
                .editSpec()
                .addNewContainer()
                .withName("worker")
                .endContainer()
                .endSpec()
                .build();
        assertThat(refused(422, () -> client.resource(twice).dryRun(true).create())
                        .getMessage())
                .contains("spec.containers[1].name: Duplicate value")
                .contains("spec.containers[1].image: Required value");
        Pod unknown = pod("a", "1");
        unknown.getSpec().setAdditionalProperty("imag", "x");
        assertThat(refused(400, () -> client.resource(unknown)
                                .dryRun(true)
                                .fieldValidation(Validation.STRICT)
                                .create())
                        .getMessage())
                .contains("strict decoding error: unknown field \"spec.imag\"");
    }

    @Test
    void refusesForWantOfQuotaAccountOrNamespace() {
        server.quotaPods("default", 1);
        create("a", "1");
        assertThat(refused(403, () -> create("b", "1")).getMessage())
                .contains("exceeded quota: pods, requested: pods=1, used: pods=1, limited: pods=1");
        server.noQuota("default");
        Pod pod = pod("c", "1");
        pod.getSpec().setServiceAccountName("robot");
        assertThat(refused(403, () -> client.resource(pod).create()).getMessage())
                .contains("serviceaccount \"robot\" not found");
        Pod elsewhere = pod("d", "1");
        elsewhere.getMetadata().setNamespace("elsewhere");
        refused(404, () -> client.resource(elsewhere).create());
    }

    @Test
    void scalesByTheSubresource() {
        client.resource(pool("web")).create();
        client.resource(pool("web")).scale(5);
        assertThat(readPool("web").getSpec().replicas()).isEqualTo(5);
    }

    @Test
    void selectsByLabelsAndFields() {
        create("a", "1");
        create("b", "1");
        var pods = client.pods().inNamespace("default");
        assertThat(pods.withLabelIn("app", "web", "x").list().getItems()).hasSize(2);
        assertThat(pods.withLabelNotIn("app", "web").list().getItems()).isEmpty();
        assertThat(pods.withoutLabel("app").list().getItems()).isEmpty();
        assertThat(pods.withField("metadata.name", "b").list().getItems()).hasSize(1);
    }

    @Test
    void reviewsSayWhatIsDenied() {
        server.deny("create", "pods");
        refused(403, () -> create("a", "1"));
        assertThat(List.of("create", "list")).extracting(this::mayPods).containsExactly(false, true);
    }

    private boolean mayPods(String verb) {
        var review = new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withNewResourceAttributes()
                .withResource("pods")
                .withVerb(verb)
                .endResourceAttributes()
                .endSpec()
                .build();
        return client.authorization()
                .v1()
                .selfSubjectAccessReview()
                .create(review)
                .getStatus()
                .getAllowed();
    }

    @Test
    void printsTheColumnsOfTheCrd() throws Exception {
        client.resource(pool("web")).create();
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create(server.url() + "/apis/workerpool.dev/v1alpha1/workerpools"))
                .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
                .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            assertThat(http.send(request, HttpResponse.BodyHandlers.ofString()).body())
                    .contains("\"kind\":\"Table\"", "\"name\":\"Version\"", "\"cells\":[\"web\",\"1\"");
        }
    }
}
