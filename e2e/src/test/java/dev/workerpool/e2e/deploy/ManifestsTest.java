package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be said of {@code deploy} without a cluster, of {@code install.yaml} above all: it is all of it, rendered. */
class ManifestsTest {
    private static final String HOW =
            "%s is not made from what it should be; run 'deploy/render' and commit what it changes";

    private final Map<String, JsonNode> installed = Manifests.objects(Manifests.text("install.yaml")).stream()
            .collect(Collectors.toMap(Manifests::name, Function.identity()));
    private final JsonNode deployment = installed.get("Deployment workerpool-operator");
    private final JsonNode pod = deployment.at("/spec/template/spec");
    private final JsonNode container = pod.at("/containers/0");

    @Test
    void holdsTheCrdOfThisProject() throws IOException {
        String crd =
                Files.readString(Manifests.ROOT.resolve("crds/src/main/resources/workerpools.workerpool.dev-v1.yml"));
        assertThat(installed.get("CustomResourceDefinition workerpools.workerpool.dev"))
                .as(HOW, "deploy/install.yaml")
                .isEqualTo(Manifests.parse(crd));
        assertThat(Manifests.text("chart/files/crd.yaml"))
                .as(HOW, "deploy/chart/files/crd.yaml")
                .isEqualTo(crd);
        assertThat(Manifests.text("chart/files/alerts.yaml"))
                .as(HOW, "deploy/chart/files/alerts.yaml")
                .isEqualTo(Manifests.text("overlays/monitoring/alerts.yaml"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "base/rbac.yaml",
                "base/operator.yaml",
                "base/service.yaml",
                "base/disruption-budget.yaml",
                "base/network-policy.yaml",
                "cluster/users.yaml"
            })
    void holdsWhatThePartsSay(String part) {
        assertThat(Manifests.objects(Manifests.text(part))).isNotEmpty().allSatisfy(written -> assertThat(
                        lacking(written, installed.get(Manifests.name(written)), Manifests.name(written)))
                .as(HOW, "deploy/install.yaml")
                .isEmpty());
    }

    /** Where {@code rendered} does not hold what was written: kustomize adds to it, and puts the image's name in. */
    private static List<String> lacking(JsonNode written, JsonNode rendered, String path) {
        if (rendered == null || written.getNodeType() != rendered.getNodeType()) {
            return List.of(path);
        }
        if (written.isObject()) {
            return written.properties().stream()
                    .filter(field -> !field.getKey().equals("image"))
                    .flatMap(field ->
                            lacking(field.getValue(), rendered.get(field.getKey()), path + "." + field.getKey())
                                    .stream())
                    .toList();
        }
        if (written.isArray() && written.size() == rendered.size()) {
            return IntStream.range(0, written.size())
                    .boxed()
                    .flatMap(i -> lacking(written.get(i), rendered.get(i), path + "[" + i + "]").stream())
                    .toList();
        }
        return written.equals(rendered) ? List.of() : List.of(path);
    }

    /** The Pod Security Standard restricted, field by field; that a real API server agrees is a cluster test. */
    @Test
    void theOperatorKeepsToTheStrictestPodSecurityStandard() {
        assertThat(installed
                        .get("Namespace workerpool-system")
                        .at("/metadata/labels/pod-security.kubernetes.io~1enforce")
                        .asText())
                .isEqualTo("restricted");
        assertThat(pod.has("hostNetwork") || pod.has("hostPID") || pod.has("hostIPC"))
                .isFalse();
        JsonNode ofPod = pod.get("securityContext");
        assertThat(ofPod.get("runAsNonRoot").asBoolean()).isTrue();
        assertThat(ofPod.get("runAsUser").asInt()).isPositive();
        assertThat(ofPod.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
        assertThat(pod.get("volumes").valueStream())
                .allSatisfy(volume -> assertThat(fields(volume)).containsExactlyInAnyOrder("name", "emptyDir"));

        assertThat(pod.get("containers")).hasSize(1);
        assertThat(pod.has("initContainers")).isFalse();
        JsonNode ofContainer = container.get("securityContext");
        assertThat(Serialization.asJson(ofContainer.get("capabilities"))).isEqualTo("{\"drop\":[\"ALL\"]}");
        assertThat(ofContainer.get("allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(ofContainer.get("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(ofContainer.has("privileged")).isFalse();
        assertThat(container.get("ports").valueStream()).noneMatch(port -> port.has("hostPort"));
    }

    /** What a start says before it ends with 1 is what the pod's state says. */
    @Test
    void thePodsStateHasTheLastWords() {
        assertThat(container.get("terminationMessagePolicy").asText()).isEqualTo("FallbackToLogsOnError");
    }

    /** A CPU limit would make its start and each burst of work slower, and save nobody anything. */
    @Test
    void memoryIsLimitedAndTheCpuIsNot() {
        assertThat(fields(container.at("/resources/requests"))).containsExactlyInAnyOrder("cpu", "memory");
        assertThat(fields(container.at("/resources/limits"))).containsExactly("memory");
    }

    /** One set of labels is what everything selects by, and nothing else in a shared namespace bears it. */
    @Test
    void everythingSelectsTheOperatorsPods() {
        JsonNode selector = deployment.at("/spec/selector/matchLabels");
        assertThat(Serialization.asJson(selector)).isEqualTo("{\"app.kubernetes.io/name\":\"workerpool-operator\"}");
        assertThat(deployment.at("/spec/template/metadata/labels")).isEqualTo(selector);
        assertThat(installed.get("Service workerpool-operator").at("/spec/selector"))
                .isEqualTo(selector);
        assertThat(List.of(
                        installed.get("PodDisruptionBudget workerpool-operator").at("/spec/selector/matchLabels"),
                        installed.get("NetworkPolicy workerpool-operator").at("/spec/podSelector/matchLabels"),
                        pod.at("/topologySpreadConstraints/0/labelSelector/matchLabels"),
                        Manifests.object("overlays/monitoring/pod-monitor.yaml").at("/spec/selector/matchLabels")))
                .allMatch(selector::equals);
    }

    @ParameterizedTest
    @ValueSource(strings = {"samples/minimal.yaml", "samples/full.yaml"})
    void samplesAreExplainedAndReadable(String sample) {
        String text = Manifests.text(sample);
        assertThat(text).startsWith("# ");
        JsonNode pool = Manifests.objects(text).get(0);
        WorkerPool read = Serialization.unmarshal(Serialization.asJson(pool), WorkerPool.class);
        assertThat(read.getSpec().template().getSpec().getContainers()).isNotEmpty();
        assertThat(Manifests.parse(Serialization.asJson(read)).get("spec"))
                .as("nothing in it is unknown")
                .isEqualTo(pool.get("spec"));
    }

    /** But for the pod, which is Kubernetes' own, every field of ours is in the sample that says so. */
    @Test
    void theFullSampleHasEveryField() {
        JsonNode schema = installed
                .get("CustomResourceDefinition workerpools.workerpool.dev")
                .at("/spec/versions/0/schema/openAPIV3Schema/properties/spec");
        JsonNode spec =
                Manifests.objects(Manifests.text("samples/full.yaml")).get(0).get("spec");
        assertThat(missing(schema, spec, "spec")).isEmpty();
    }

    private static List<String> missing(JsonNode schema, JsonNode value, String path) {
        return schema.path("properties").properties().stream()
                .flatMap(field -> {
                    String name = path + "." + field.getKey();
                    if (!value.has(field.getKey())) {
                        return Stream.of(name);
                    }
                    return name.equals("spec.template")
                            ? Stream.of()
                            : missing(field.getValue(), value.get(field.getKey()), name).stream();
                })
                .toList();
    }

    private static List<String> fields(JsonNode object) {
        return object.properties().stream().map(Map.Entry::getKey).toList();
    }
}
