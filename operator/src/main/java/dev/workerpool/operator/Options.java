package dev.workerpool.operator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What can be set about a run of the operator; all of it has a default.
 *
 * @param namespaces those whose pools it looks after; empty: all
 * @param managementPort where {@code /livez}, {@code /readyz} and {@code /metrics} answer, 0 to 65535; 0: any free one
 * @param leaseNamespace where operators agree who leads; empty: this one works without asking
 */
public record Options(Set<String> namespaces, int managementPort, Optional<String> leaseNamespace) {
    /** A DNS label, as the API server wants it. */
    private static final Pattern NAMESPACE = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private static final Path POD_NAMESPACE_FILE = Path.of("/var/run/secrets/kubernetes.io/serviceaccount/namespace");

    /** All namespaces, any free port, no leader election: for a test or a demo in one process. */
    public static Options local() {
        return new Options(Set.of(), 0, Optional.empty());
    }

    /**
     * From {@code WATCH_NAMESPACES}, {@code MANAGEMENT_PORT}, {@code LEADER_ELECTION} and {@code POD_NAMESPACE}.
     *
     * @throws IllegalArgumentException with a sentence that names the variable and what it may be
     */
    static Options from(Map<String, String> environment) {
        return from(environment, POD_NAMESPACE_FILE);
    }

    static Options from(Map<String, String> environment, Path podNamespaceFile) {
        Set<String> namespaces = Arrays.stream(
                        environment.getOrDefault("WATCH_NAMESPACES", "").split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .map(name -> namespace("WATCH_NAMESPACES", name))
                .collect(Collectors.toUnmodifiableSet());
        Optional<String> podNamespace = podNamespace(environment, podNamespaceFile);
        Optional<String> leaseNamespace =
                switch (environment.getOrDefault("LEADER_ELECTION", "").strip()) {
                    case "" -> podNamespace;
                    case "false" -> Optional.empty();
                    case "true" ->
                        Optional.of(podNamespace.orElseThrow(() -> new IllegalArgumentException(
                                "LEADER_ELECTION is true but the namespace for the lease is not known:"
                                        + " set POD_NAMESPACE")));
                    default ->
                        throw new IllegalArgumentException(
                                "LEADER_ELECTION must be true or false, not " + environment.get("LEADER_ELECTION"));
                };
        return new Options(namespaces, port(environment.getOrDefault("MANAGEMENT_PORT", "8080")), leaseNamespace);
    }

    private static String namespace(String variable, String name) {
        if (NAMESPACE.matcher(name).matches()) {
            return name;
        }
        throw new IllegalArgumentException(variable + " names " + name
                + ", which can be no namespace: lower case letters, digits and dashes, at most 63");
    }

    private static int port(String text) {
        try {
            int port = Integer.parseInt(text.strip());
            if (port >= 0 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException e) {
            // said below, with the port that is out of range
        }
        throw new IllegalArgumentException("MANAGEMENT_PORT must be a number from 0 to 65535, not " + text);
    }

    private static Optional<String> podNamespace(Map<String, String> environment, Path file) {
        String named = environment.getOrDefault("POD_NAMESPACE", "").strip();
        if (!named.isEmpty()) {
            return Optional.of(namespace("POD_NAMESPACE", named));
        }
        try {
            return Optional.of(Files.readString(file).strip()).filter(name -> !name.isEmpty());
        } catch (IOException e) {
            return Optional.empty(); // not in a pod
        }
    }
}
