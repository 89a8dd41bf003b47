package dev.workerpool.operator;

import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Whether there is anything that says where the API server is. */
final class Kubeconfig {
    private Kubeconfig() {}

    /** In one line, what is missing and how to mend it; empty if a kubeconfig or a pod's credentials are there. */
    static Optional<String> missing(Map<String, String> environment) {
        return missing(environment, Path.of(System.getProperty("user.home")));
    }

    static Optional<String> missing(Map<String, String> environment, Path home) {
        String named = environment.getOrDefault("KUBECONFIG", "");
        boolean inPod = environment.containsKey("KUBERNETES_SERVICE_HOST");
        if (!named.isBlank()) {
            return Stream.of(named.split(File.pathSeparator)).anyMatch(file -> Files.isReadable(Path.of(file)))
                    ? Optional.empty()
                    : Optional.of("KUBECONFIG names " + named
                            + ", which cannot be read; mend it with: export KUBECONFIG=<file>");
        }
        Path usual = home.resolve(".kube/config");
        return inPod || Files.isReadable(usual)
                ? Optional.empty()
                : Optional.of("There is no kubeconfig: KUBECONFIG is not set, " + usual
                        + " cannot be read, and this is no pod; mend it with: export KUBECONFIG=<file>");
    }

    /** As {@link #missing}: for a file that is there and leads nowhere. */
    static Optional<String> pointless(Map<String, String> environment, Config config) {
        boolean namesNone = config.getMasterUrl().startsWith(Config.DEFAULT_MASTER_URL);
        return namesNone && !environment.containsKey("KUBERNETES_SERVICE_HOST")
                ? Optional.of("The kubeconfig leads to no API server: it has no current context, or cannot be read as"
                        + " YAML; see kubectl config get-contexts, and mend it with: kubectl config use-context <name>")
                : Optional.empty();
    }
}
