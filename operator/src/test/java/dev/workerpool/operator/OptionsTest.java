package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    @TempDir
    private Path directory;

    @Test
    void watchesEverythingWithoutElectionOutsideAPod() {
        Options options = from(Map.of());

        assertThat(options.namespaces()).isEmpty();
        assertThat(options.managementPort()).isEqualTo(8080);
        assertThat(options.leaseNamespace()).isEmpty();
    }

    @Test
    void takesNamespacesSeparatedByCommas() {
        assertThat(from(Map.of("WATCH_NAMESPACES", "shop, mail,,")).namespaces())
                .containsExactlyInAnyOrder("shop", "mail");
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "shop mail", "Shop", "-shop", "shop-", "shop.eu"})
    void refusesANameThatCanBeNoNamespace(String name) {
        assertThatThrownBy(() -> from(Map.of("WATCH_NAMESPACES", "mail," + name)))
                .hasMessageStartingWith("WATCH_NAMESPACES names " + name + ", which can be no namespace");
        assertThatThrownBy(() -> from(Map.of("POD_NAMESPACE", name)))
                .hasMessageStartingWith("POD_NAMESPACE names " + name + ", which can be no namespace");
    }

    @Test
    void electsALeaderByItselfInAPod() throws IOException {
        Files.writeString(directory.resolve("namespace"), "workerpool-system\n");

        assertThat(from(Map.of()).leaseNamespace()).contains("workerpool-system");
        assertThat(from(Map.of("LEADER_ELECTION", "false")).leaseNamespace()).isEmpty();
    }

    @Test
    void refusesElectionWithoutANamespaceForTheLease() {
        assertThatThrownBy(() -> from(Map.of("LEADER_ELECTION", "true")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("POD_NAMESPACE");
    }

    @Test
    void refusesAnElectionThatIsNeitherTrueNorFalse() {
        assertThatThrownBy(() -> from(Map.of("LEADER_ELECTION", "yes")))
                .hasMessage("LEADER_ELECTION must be true or false, not yes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "http", "-1", "65536"})
    void refusesAPortThatIsNone(String port) {
        assertThatThrownBy(() -> from(Map.of("MANAGEMENT_PORT", port)))
                .hasMessageStartingWith("MANAGEMENT_PORT must be a number from 0 to 65535");
    }

    private Options from(Map<String, String> environment) {
        return Options.from(environment, directory.resolve("namespace"));
    }
}
