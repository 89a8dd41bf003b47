package dev.workerpool.api.generator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.Reason;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The checked-in CRD and reference are those of the types; {@code -Dcrd.write} writes them. */
class GeneratedFilesTest {
    private static final Path CRD = Path.of("src/main/resources/workerpools.workerpool.dev-v1.yml");
    private static final Path REFERENCE = Path.of("../docs/reference.md");
    private static final String HOW =
            "%s is not what the types in crds say; run 'mvn -pl crds test -Dcrd.write' and" + " commit what it changes";

    private final String crd = CrdSchema.yaml();

    @Test
    void checkedInCrdIsMadeFromTheTypes() throws IOException {
        if (Boolean.getBoolean("crd.write")) {
            Files.writeString(CRD, crd);
        }
        assertThat(Files.readString(CRD)).as(HOW, CRD.getFileName()).isEqualTo(crd);
    }

    @Test
    void tablesOfTheReferenceAreMadeFromTheCrd() throws IOException {
        String reference = Files.readString(REFERENCE);
        String made = ReferenceTables.fill(reference, crd);
        if (Boolean.getBoolean("crd.write")) {
            Files.writeString(REFERENCE, made);
        }
        assertThat(Files.readString(REFERENCE)).as(HOW, REFERENCE.getFileName()).isEqualTo(made);
    }

    @Test
    void fitsIntoTheAnnotationOfClientSideApply() {
        int bytes = Serialization.asJson(Serialization.unmarshal(crd, CustomResourceDefinition.class))
                .length();
        assertThat(bytes).as("bytes of the CRD as JSON").isLessThan(256 * 1024);
        assertThat(crd.length()).as("bytes of the CRD as YAML").isLessThan(256 * 1024);
    }

    @ParameterizedTest
    @ValueSource(strings = {"spec", "status"})
    void everyFieldOfOursIsExplained(String top) {
        assertThat(ReferenceTables.fields(crd, top)).isNotEmpty().allSatisfy(field -> assertThat(
                        field.schema().getDescription())
                .as(field.path())
                .endsWith("."));
    }

    @ParameterizedTest
    @ValueSource(strings = {"spec", "spec.containers", "spec.initContainers", "spec.containers.readinessProbe"})
    void upperLevelsOfThePodAreExplained(String path) {
        Map<String, JSONSchemaProps> fields = CrdSchema.at(template(), path).getProperties();
        // Too new in Kubernetes to have settled.
        fields.remove("workloadRef");
        assertThat(fields).allSatisfy((name, field) -> assertThat(field.getDescription())
                .as("%s.%s in pod-template.properties", path, name)
                .isNotBlank());
    }

    @Test
    void kubectlGetShowsTheColumnsOfTheContract() {
        assertThat(version().getAdditionalPrinterColumns())
                .extracting(CustomResourceColumnDefinition::getName, CustomResourceColumnDefinition::getJsonPath)
                .map(column -> column.toList().get(0) + " " + column.toList().get(1))
                .containsExactly(
                        "Version .spec.version",
                        "Running .status.version",
                        "Desired .spec.replicas",
                        "Updated .status.updatedReplicas",
                        "Available .status.availableReplicas",
                        "Progress .status.rollout.progress",
                        "Status .status.conditions[?(@.type==\"Ready\")].reason",
                        "Breaker .status.circuitBreaker.state",
                        "Age .metadata.creationTimestamp");
    }

    @ParameterizedTest
    @EnumSource
    void referenceTellsWhatToDoAboutEachReason(Reason reason) throws IOException {
        List<String> rows = rows(reason.name());
        assertThat(rows)
                .as("rows of docs/reference.md that begin with %s", reason)
                .isNotEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void referenceHasEachCondition(ConditionType type) throws IOException {
        assertThat(Files.readString(REFERENCE)).contains("### " + type.name());
    }

    private static List<String> rows(String name) throws IOException {
        try (Stream<String> lines = Files.lines(REFERENCE)) {
            return lines.filter(line -> line.startsWith("| `" + name + "` |")).toList();
        }
    }

    private CustomResourceDefinitionVersion version() {
        return Serialization.unmarshal(crd, CustomResourceDefinition.class)
                .getSpec()
                .getVersions()
                .get(0);
    }

    private JSONSchemaProps template() {
        return CrdSchema.at(version().getSchema().getOpenAPIV3Schema(), "spec.template");
    }
}
