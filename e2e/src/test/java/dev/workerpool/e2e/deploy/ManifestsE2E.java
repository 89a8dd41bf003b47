package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.workerpool.e2e.Crd;
import dev.workerpool.e2e.PatientClient;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real API server takes all of {@code deploy}, word for word: server-side dry runs, in a namespace of its own. */
class ManifestsE2E {
    private static KubernetesClient client;
    private static String namespace;
    private static Tool kubectl;

    @TempDir
    private Path directory;

    @BeforeAll
    static void makeNamespace() throws IOException {
        kubectl = Tool.assumed("kubectl");
        client = PatientClient.create();
        Crd.applyOnce(client);
        namespace = "deploy-" + UUID.randomUUID().toString().substring(0, 8);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterAll
    static void deleteNamespace() {
        if (namespace != null) {
            client.namespaces().withName(namespace).delete();
            client.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"samples/minimal.yaml", "samples/full.yaml"})
    void samples(String sample) {
        assertThat(dryRun(sample)).contains("workerpool.workerpool.dev/web serverside-applied (server dry run)");
    }

    /** But for what needs the Prometheus Operator. */
    @ParameterizedTest
    @ValueSource(strings = {".", "overlays/ha", "overlays/monitoring", "overlays/namespaced"})
    void everyOverlay(String overlay) throws IOException {
        List<JsonNode> objects = Manifests.objects(kubectl.run("kustomize", overlay)).stream()
                .filter(object -> !object.get("apiVersion").asText().startsWith("monitoring.coreos.com/"))
                .toList();
        Path here = directory.resolve("all.yaml");
        Files.writeString(
                here,
                objects.stream()
                        .map(Serialization::asYaml)
                        .collect(Collectors.joining("---\n"))
                        .replaceAll(
                                "(name|namespace): \"?(workerpool-system|workers)\"?\n",
                                "$1: \"" + namespace + "\"\n"));

        assertThat(dryRun(here.toString()).lines())
                .hasSameSizeAs(objects)
                .allMatch(line -> line.endsWith(" serverside-applied (server dry run)"));
    }

    private static String dryRun(String file) {
        return kubectl.run(
                "apply",
                "--server-side",
                "--force-conflicts",
                "--dry-run=server",
                "--validate=strict",
                "--namespace",
                namespace,
                "--filename",
                file);
    }
}
