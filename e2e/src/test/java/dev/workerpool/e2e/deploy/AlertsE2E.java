package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus' own tool reads the alerts, and lets them fire for what they are for. */
class AlertsE2E {
    @TempDir
    private Path directory;

    @Test
    void promtoolTakesThemAndTheyFireWhenTheyShould() throws IOException {
        Tool promtool = Tool.assumed("promtool");
        Path rules = directory.resolve("rules.yaml");
        Files.writeString(
                rules,
                Serialization.asYaml(
                        Manifests.object("overlays/monitoring/alerts.yaml").get("spec")));
        Path tests = directory.resolve("alerts-test.yaml");
        Files.copy(Manifests.ROOT.resolve("e2e/src/test/resources/alerts/alerts-test.yaml"), tests);

        assertThat(promtool.run("check", "rules", rules.toString())).contains("SUCCESS: 7 rules found");
        promtool.run("test", "rules", tests.toString());
    }
}
