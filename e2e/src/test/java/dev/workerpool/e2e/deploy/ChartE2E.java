package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The chart, by the real helm: it says what the kustomizations say, and refuses what cannot be. Needs no cluster. */
class ChartE2E {
    private static final String SYSTEM = "workerpool-system";
    private static Tool helm;

    @BeforeAll
    static void findHelm() {
        helm = Tool.assumed("helm");
    }

    @Test
    void helmFindsNothingToMend() {
        assertThat(helm.run("lint", "--strict", "chart")).contains("0 chart(s) failed");
    }

    /** But for the namespace, which Helm leaves to {@code --create-namespace}. */
    @Test
    void withoutAnyValueItIsWhatKustomizeInstalls() {
        Map<String, JsonNode> installed = withoutJvmOptions(plain(Manifests.text("install.yaml")));
        installed.remove("Namespace workerpool-system");

        assertThat(template(SYSTEM)).isEqualTo(installed);
    }

    @ParameterizedTest
    @MethodSource
    void withValuesItIsWhatTheOverlayInstalls(String overlay, String namespace, List<String> values) {
        Map<String, JsonNode> rendered = plain(Tool.assumed("kubectl").run("kustomize", "overlays/" + overlay));
        withoutJvmOptions(rendered);
        rendered.remove("Namespace workerpool-system");

        Map<String, JsonNode> templated = template(namespace, values.toArray(String[]::new));
        if (overlay.equals("namespaced")) {
            // Helm is told the namespace's name, and kustomize lets the pod find it out.
            JsonNode expected = rendered.get("Deployment workerpool-operator");
            ObjectNode watch = (ObjectNode) environment(expected, "WATCH_NAMESPACES");
            watch.remove("valueFrom");
            watch.put("value", namespace);
        }
        assertThat(templated).isEqualTo(rendered);
    }

    static Stream<Arguments> withValuesItIsWhatTheOverlayInstalls() {
        return Stream.of(
                arguments("ha", SYSTEM, List.of("replicas=2")),
                arguments("monitoring", SYSTEM, List.of("monitoring.enabled=true")),
                arguments(
                        "namespaced",
                        "workers",
                        List.of("watchNamespaces={workers}", "crd.install=false", "userRoles.create=false")));
    }

    @Test
    void theCrdStaysWhenTheChartGoes() {
        String crd = helm.run("template", "x", "chart", "--show-only", "templates/crd.yaml");
        assertThat(Manifests.parse(crd)
                        .at("/metadata/annotations/helm.sh~1resource-policy")
                        .asText())
                .isEqualTo("keep");
    }

    @Test
    void everyValueFindsItsPlace() {
        Map<String, JsonNode> objects = template(
                "ops",
                "image.repository=registry.example/ops/operator",
                "image.tag=sha256:" + "a".repeat(64),
                "image.pullPolicy=Always",
                "imagePullSecrets[0].name=pull",
                "watchNamespaces={shop,bank}",
                "logLevel=debug",
                "javaToolOptions=-Xmx256m",
                "env[0].name=HTTPS_PROXY,env[0].value=http://proxy",
                "resources.limits.memory=512Mi",
                "serviceAccount.annotations.team=a",
                "networkPolicy.apiServerPorts={16443}",
                "monitoring.enabled=true",
                "monitoring.labels.release=prometheus",
                "podAnnotations.team=a",
                "podLabels.team=a",
                "priorityClassName=system-cluster-critical",
                "nodeSelector.disk=ssd",
                "affinity.nodeAffinity.x=y");

        assertThat(objects.keySet())
                .noneMatch(
                        name -> name.startsWith("ClusterRoleBinding") || name.equals("ClusterRole workerpool-operator"))
                .contains("PodMonitor workerpool-operator", "PrometheusRule workerpool-operator");
        JsonNode deployment = objects.get("Deployment workerpool-operator");
        JsonNode pod = deployment.at("/spec/template/spec");
        JsonNode container = pod.at("/containers/0");
        assertThat(container.get("image").asText()).isEqualTo("registry.example/ops/operator@sha256:" + "a".repeat(64));
        assertThat(container.get("imagePullPolicy").asText()).isEqualTo("Always");
        assertThat(environment(deployment, "WATCH_NAMESPACES").get("value").asText())
                .isEqualTo("shop,bank");
        assertThat(environment(deployment, "LOG_LEVEL").get("value").asText()).isEqualTo("debug");
        assertThat(environment(deployment, "JAVA_TOOL_OPTIONS").get("value").asText())
                .isEqualTo("-Xmx256m");
        assertThat(environment(deployment, "HTTPS_PROXY").get("value").asText()).isEqualTo("http://proxy");
        assertThat(container.at("/resources/limits/memory").asText()).isEqualTo("512Mi");
        assertThat(pod.at("/imagePullSecrets/0/name").asText()).isEqualTo("pull");
        assertThat(pod.get("priorityClassName").asText()).isEqualTo("system-cluster-critical");
        assertThat(pod.at("/nodeSelector/disk").asText()).isEqualTo("ssd");
        assertThat(pod.at("/affinity/nodeAffinity/x").asText()).isEqualTo("y");
        assertThat(deployment.at("/spec/template/metadata/annotations/team").asText())
                .isEqualTo("a");
        assertThat(deployment.at("/spec/template/metadata/labels/team").asText())
                .isEqualTo("a");
        assertThat(objects.get("ServiceAccount workerpool-operator")
                        .at("/metadata/annotations/team")
                        .asText())
                .isEqualTo("a");
        assertThat(objects.get("NetworkPolicy workerpool-operator")
                        .at("/spec/egress/0/ports/0/port")
                        .asInt())
                .isEqualTo(16443);
        assertThat(objects.get("PodMonitor workerpool-operator")
                        .at("/metadata/labels/release")
                        .asText())
                .isEqualTo("prometheus");
        assertThat(template(SYSTEM, "networkPolicy.enabled=false", "userRoles.create=false", "crd.install=false")
                        .keySet())
                .noneMatch(name -> name.startsWith("NetworkPolicy")
                        || name.startsWith("CustomResourceDefinition")
                        || name.equals("ClusterRole workerpool-edit"));
    }

    /** A Role in each namespace, with the rules of the ClusterRole. */
    @Test
    void aRoleInEachNamespaceThatIsWatched() {
        JsonNode everywhere = plain(Manifests.text("install.yaml"))
                .get("ClusterRole workerpool-operator")
                .get("rules");
        List<JsonNode> roles = Manifests.objects(rendered("ops", "watchNamespaces={shop,bank}")).stream()
                .filter(object -> Manifests.name(object).equals("Role workerpool-operator"))
                .toList();

        assertThat(roles)
                .extracting(role -> role.at("/metadata/namespace").asText())
                .containsExactlyInAnyOrder("shop", "bank");
        assertThat(roles).allSatisfy(role -> assertThat(role.get("rules")).isEqualTo(everywhere));
    }

    @ParameterizedTest
    @MethodSource
    void refusesWhatCannotBe(String value, String message) {
        assertThat(helm.refuses("template", "x", "chart", "--set", value)).contains(message);
    }

    static Stream<Arguments> refusesWhatCannotBe() {
        return Stream.of(
                arguments("replica=2", "'replica' not allowed"),
                arguments("image.tg=1", "'tg' not allowed"),
                arguments("replicas=-1", "replicas"),
                arguments("replicas=two", "replicas"),
                arguments("logLevel=verbose", "logLevel"),
                arguments("image.pullPolicy=Sometimes", "pullPolicy"),
                arguments("image.repository=Registry Example", "repository"),
                arguments("watchNamespaces={Shop}", "watchNamespaces"),
                arguments("watchNamespaces=shop", "watchNamespaces"),
                arguments("env[0].name=WATCH_NAMESPACES", "/env/0/name"),
                arguments("networkPolicy.apiServerPorts={0}", "apiServerPorts"),
                arguments("podLabels.app\\.kubernetes\\.io/name=x", "app.kubernetes.io/name"),
                arguments("monitoring.enabled=maybe", "monitoring"));
    }

    private static JsonNode environment(JsonNode deployment, String name) {
        return deployment
                .at("/spec/template/spec/containers/0/env")
                .valueStream()
                .filter(variable -> variable.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, JsonNode> template(String namespace, String... values) {
        return plain(rendered(namespace, values));
    }

    private static String rendered(String namespace, String... values) {
        Stream<String> sets = Stream.of(values).flatMap(value -> Stream.of("--set", value));
        return helm.run(
                Stream.concat(Stream.of("template", "workerpool-operator", "chart", "--namespace", namespace), sets)
                        .toArray(String[]::new));
    }

    /** By kind and name, without what only tells who has rendered it. */
    private static Map<String, JsonNode> plain(String yaml) {
        return Manifests.objects(yaml).stream()
                .peek(object -> {
                    ObjectNode metadata = (ObjectNode) object.get("metadata");
                    if (metadata.has("labels")) {
                        ((ObjectNode) metadata.get("labels"))
                                .remove(List.of(
                                        "app.kubernetes.io/name",
                                        "app.kubernetes.io/instance",
                                        "app.kubernetes.io/version",
                                        "app.kubernetes.io/managed-by",
                                        "helm.sh/chart"));
                        if (metadata.get("labels").isEmpty()) {
                            metadata.remove("labels");
                        }
                    }
                    if (metadata.path("annotations").has("helm.sh/resource-policy")) {
                        metadata.remove("annotations");
                    }
                    environmentByName(object);
                })
                .collect(Collectors.toMap(Manifests::name, Function.identity(), (a, b) -> b, TreeMap::new));
    }

    /** They are the image's matter: the chart sets some only where its user does. */
    private static Map<String, JsonNode> withoutJvmOptions(Map<String, JsonNode> objects) {
        JsonNode container = objects.get("Deployment workerpool-operator").at("/spec/template/spec/containers/0");
        List<JsonNode> others = container
                .get("env")
                .valueStream()
                .filter(variable -> !variable.get("name").asText().equals("JAVA_TOOL_OPTIONS"))
                .toList();
        ((ObjectNode) container).putArray("env").addAll(others);
        return objects;
    }

    /** The order of environment variables says nothing here: none names another. */
    private static void environmentByName(JsonNode object) {
        if (object.at("/spec/template/spec/containers/0/env").isArray()) {
            ObjectNode container = (ObjectNode) object.at("/spec/template/spec/containers/0");
            List<JsonNode> sorted = container
                    .get("env")
                    .valueStream()
                    .sorted((a, b) ->
                            a.get("name").asText().compareTo(b.get("name").asText()))
                    .toList();
            container.putArray("env").addAll(sorted);
        }
    }
}
