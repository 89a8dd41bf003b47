package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.workerpool.operator.metrics.PoolMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The alerts ask for what the operator measures, and the documentation lists them. */
class AlertsTest {
    private static final Pattern SELECTOR = Pattern.compile("(workerpool_\\w+)(?:\\{([^}]*)})?");
    private static final Pattern MATCHER = Pattern.compile("(\\w+)=~?\"([^\"]*)\"");

    private final List<JsonNode> alerts = Manifests.object("overlays/monitoring/alerts.yaml")
            .at("/spec/groups/0/rules")
            .valueStream()
            .toList();

    @Test
    void everySeriesThatTheyAskForIsThere() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new PoolMetrics(registry).healed("shop", "web"); // at the first word of a pool all its series begin
        List<String> series = registry.scrape().lines().toList();

        List<String> selectors = new ArrayList<>();
        for (JsonNode alert : alerts) {
            for (MatchResult selector :
                    SELECTOR.matcher(alert.get("expr").asText()).results().toList()) {
                selectors.add(selector.group());
                String labels = selector.group(2) == null ? "" : selector.group(2);
                assertThat(series)
                        .as("what answers %s", selector.group())
                        .anyMatch(line -> line.startsWith(selector.group(1) + "{")
                                && MATCHER.matcher(labels).results().allMatch(label -> Pattern.compile(
                                                label.group(1) + "=\"(" + label.group(2) + ")\"")
                                        .matcher(line)
                                        .find()));
            }
        }
        assertThat(selectors).hasSizeGreaterThanOrEqualTo(alerts.size());
    }

    @Test
    void theDocumentationListsThem() throws IOException {
        assertThat(Files.readString(Manifests.ROOT.resolve("docs/metrics.md"))
                        .lines()
                        .filter(line -> line.startsWith("| `WorkerPool"))
                        .map(line -> line.substring(0, line.indexOf('|', line.indexOf('|', 1) + 1))))
                .containsExactlyElementsOf(alerts.stream()
                        .map(alert -> "| `" + alert.get("alert").asText() + "` | "
                                + alert.at("/labels/severity").asText() + " ")
                        .toList());
    }

    @Test
    void eachSaysWhatHasHappenedAndWhatToDo() {
        assertThat(alerts).allSatisfy(alert -> {
            assertThat(alert.at("/annotations/summary").asText()).endsWith(".");
            assertThat(alert.at("/annotations/description").asText()).isNotBlank();
        });
    }
}
