package dev.workerpool.operator;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The licences of what goes with the operator, by the SBOM of this build; {@code -Dlicenses.write} writes the page. */
class LicensesIT {
    private static final Path SBOM = Path.of("target/workerpool-operator.cdx.json");
    private static final Path PAGE = Path.of("../docs/licenses.md");

    /** By their SPDX names; each lets the image be given on as it is. */
    private static final Set<String> ALLOWED = Set.of("Apache-2.0", "BSD-2-Clause", "CC0-1.0", "MIT");

    /** What a library calls it, where that is no SPDX name. */
    private static final Map<String, String> SPDX = Map.of("Apache 2 License", "Apache-2.0");

    private static final String BEFORE_THE_TABLE = "| library | licence |\n| --- | --- |\n";

    @Test
    void everyLibraryHasALicenceThatIsAllowed() throws IOException {
        assertThat(licences()).hasSizeGreaterThan(10).allSatisfy((library, licences) -> assertThat(licences)
                .as("the licences of %s", library)
                .isNotEmpty()
                .isSubsetOf(ALLOWED));
    }

    @Test
    void thePageListsThem() throws IOException {
        String page = Files.readString(PAGE);
        String made = page.substring(0, page.indexOf(BEFORE_THE_TABLE)) + BEFORE_THE_TABLE + table();
        if (Boolean.getBoolean("licenses.write")) {
            Files.writeString(PAGE, made);
        }
        assertThat(Files.readString(PAGE))
                .as(
                        "%s is not what %s says; run 'mvn verify -pl operator -am -Dtest=None"
                                + " -Dsurefire.failIfNoSpecifiedTests=false -Dlicenses.write' and commit what it changes",
                        PAGE.getFileName(), SBOM)
                .isEqualTo(made);
    }

    private static String table() throws IOException {
        return licences().entrySet().stream()
                .map(e -> "| %s | %s |\n".formatted(e.getKey(), String.join(" or ", e.getValue())))
                .collect(joining());
    }

    /** By library, our own modules left out. */
    private static Map<String, List<String>> licences() throws IOException {
        Map<String, List<String>> licences = new TreeMap<>();
        for (JsonNode component :
                JsonMapper.builder().build().readTree(Files.readString(SBOM)).path("components")) {
            String group = component.path("group").asText();
            if (!group.equals("dev.workerpool")) {
                licences.put(
                        group + ":" + component.path("name").asText(),
                        component
                                .path("licenses")
                                .valueStream()
                                .map(LicensesIT::spdx)
                                .sorted()
                                .toList());
            }
        }
        return licences;
    }

    private static String spdx(JsonNode choice) {
        JsonNode license = choice.path("license");
        String name = license.path("id")
                .asText(license.path("name").asText(choice.path("expression").asText()));
        return SPDX.getOrDefault(name, name);
    }
}
