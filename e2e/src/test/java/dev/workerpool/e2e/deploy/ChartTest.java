package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The chart's values, its schema and its README speak of the same; {@code -Dchart.write} writes the README's table. */
class ChartTest {
    private static final Path README = Manifests.DEPLOY.resolve("chart/README.md");
    private static final String BEGIN = "<!-- values: made from values.schema.json and values.yaml -->\n\n";
    private static final String END = "\n<!-- end of values -->";
    private static final int LONGEST_DEFAULT = 60;

    private final JsonNode schema = Manifests.object("chart/values.schema.json");
    private final JsonNode values = Manifests.object("chart/values.yaml");

    /** {@code image.tag} and so on, each with what it is for. */
    private final Map<String, String> described = new TreeMap<>();

    ChartTest() {
        describe(schema, "");
        described.remove("global"); // Helm's own, for charts with parts
    }

    private void describe(JsonNode type, String path) {
        type.path("properties").properties().forEach(field -> {
            String name = path + field.getKey();
            if (field.getValue().has("description")) {
                described.put(name, field.getValue().get("description").asText());
            } else {
                describe(field.getValue(), name + ".");
            }
        });
    }

    @Test
    void everyValueIsDescribedAndHasADefault() {
        assertThat(described).allSatisfy((name, description) -> {
            assertThat(values.at(pointer(name)).isMissingNode()).as(name).isFalse();
            assertThat(description).as(name).endsWith(".");
        });
        assertThat(leaves(values, "").toList()).containsExactlyInAnyOrderElementsOf(described.keySet());
    }

    @Test
    void nothingUnknownIsTaken() {
        assertThat(schema.get("additionalProperties").asBoolean()).isFalse();
        assertThat(schema.get("properties").properties())
                .filteredOn(field -> field.getValue().has("properties"))
                .allMatch(field -> !field.getValue().get("additionalProperties").asBoolean());
    }

    @Test
    void theReadmeHasThemAll() throws IOException {
        String readme = Files.readString(README);
        String made = readme.substring(0, readme.indexOf(BEGIN) + BEGIN.length())
                + table()
                + readme.substring(readme.indexOf(END));
        if (Boolean.getBoolean("chart.write")) {
            Files.writeString(README, made);
        }
        assertThat(Files.readString(README))
                .as("deploy/chart/README.md is not what its schema says; run"
                        + " 'mvn -pl e2e -am test -Dtest=ChartTest -Dsurefire.failIfNoSpecifiedTests=false -Dchart.write'"
                        + " and commit what it changes")
                .isEqualTo(made);
    }

    private String table() {
        StringBuilder table = new StringBuilder("| value | default | |\n| --- | --- | --- |\n");
        described.forEach((name, description) -> {
            String value = values.at(pointer(name)).toString();
            table.append("| `%s` | %s | %s |\n"
                    .formatted(
                            name,
                            value.length() > LONGEST_DEFAULT ? "see `values.yaml`" : "`" + value + "`",
                            description));
        });
        return table.toString();
    }

    /** Names of values as far as the schema tells them apart: what a map holds is the user's. */
    private Stream<String> leaves(JsonNode object, String path) {
        return object.properties().stream().flatMap(field -> {
            String name = path + field.getKey();
            return described.containsKey(name) || !field.getValue().isObject()
                    ? Stream.of(name)
                    : leaves(field.getValue(), name + ".");
        });
    }

    private static String pointer(String name) {
        return "/" + String.join("/", List.of(name.split("\\.")));
    }
}
