package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigTest {
    @TempDir
    private Path home;

    @Test
    void saysThatThereIsNoneAndHowToNameOne() {
        assertThat(Kubeconfig.missing(Map.of(), home)).hasValueSatisfying(line -> assertThat(line)
                .contains("no kubeconfig", home + "/.kube/config", "export KUBECONFIG=")
                .doesNotContain("\n"));
    }

    @Test
    void saysWhichFileCannotBeRead() {
        assertThat(Kubeconfig.missing(Map.of("KUBECONFIG", "/nowhere"), home))
                .hasValueSatisfying(line -> assertThat(line).contains("/nowhere", "export KUBECONFIG="));
    }

    @Test
    void isContentWithAFileOrAPod() throws IOException {
        assertThat(Kubeconfig.missing(Map.of("KUBERNETES_SERVICE_HOST", "10.96.0.1"), home))
                .isEmpty();
        Files.createDirectory(home.resolve(".kube"));
        Path usual = Files.writeString(home.resolve(".kube/config"), "kind: Config");
        assertThat(Kubeconfig.missing(Map.of(), home)).isEmpty();
        assertThat(Kubeconfig.missing(Map.of("KUBECONFIG", "/nowhere:" + usual), home))
                .isEmpty();
    }

    @Test
    void saysWhenItLeadsToNoApiServer() {
        Config config = Config.empty();

        config.setMasterUrl("https://kubernetes.default.svc/");
        assertThat(Kubeconfig.pointless(Map.of(), config))
                .hasValueSatisfying(line -> assertThat(line).contains("kubectl config use-context"));

        config.setMasterUrl("https://198.51.100.10:6443/");
        assertThat(Kubeconfig.pointless(Map.of(), config)).isEmpty();
    }
}
