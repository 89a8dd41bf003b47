package dev.workerpool.e2e.installed;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What the installed operator asked of the API server, and what it was answered, as the API server wrote it down. */
record Audit(Path log) {
    static final String USER = "system:serviceaccount:workerpool-system:workerpool-operator";

    /**
     * One request.
     *
     * @param at when it arrived
     * @param pod the operator's that made it
     * @param resource with its group before, and its subresource behind it, as {@code apps/deployments/scale}; empty for a
     * path that is no resource
     * @param code that it was answered with
     * @param denied whether the operator has no permission for it
     */
    record Request(
            Instant at,
            String pod,
            String verb,
            String resource,
            String namespace,
            String name,
            int code,
            boolean denied) {
        /** Whether it was carried out and changed something; asking for one's own permissions does not. */
        boolean wrote() {
            return !List.of("get", "list", "watch").contains(verb)
                    && code < 300
                    && !resource.startsWith("authorization.k8s.io/");
        }

        boolean ofLease() {
            return resource.equals("coordination.k8s.io/leases");
        }
    }

    /** Those that arrived after a moment, oldest first. */
    List<Request> since(Instant moment) {
        // At 100 MB the log gives way to a new one; the old one keeps its time in its name.
        try (Stream<Path> logs = Files.list(log.toAbsolutePath().getParent())) {
            List<Request> requests = logs.filter(
                            file -> file.getFileName().toString().matches("audit.*\\.log"))
                    .flatMap(Audit::requests)
                    .filter(request -> request.at().isAfter(moment))
                    .sorted((a, b) -> a.at().compareTo(b.at()))
                    .toList();
            assertThat(requests).as("requests of %s in %s", USER, log).isNotEmpty();
            return requests;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Request> requests(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines
                    .filter(line -> line.contains("\"username\":\"" + USER + "\"") && line.endsWith("}"))
                    .map(Audit::request)
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Request request(String line) {
        Map<?, ?> event = Serialization.unmarshal(line, Map.class);
        Map<?, ?> object = map(event.get("objectRef"));
        return new Request(
                Instant.parse(text(event.get("requestReceivedTimestamp"))),
                text(map(map(event.get("user")).get("extra")).get("authentication.kubernetes.io/pod-name"))
                        .replaceAll("[\\[\\]]", ""),
                text(event.get("verb")),
                Stream.of(object.get("apiGroup"), object.get("resource"), object.get("subresource"))
                        .map(Audit::text)
                        .filter(part -> !part.isEmpty())
                        .reduce((a, b) -> a + "/" + b)
                        .orElse(""),
                text(object.get("namespace")),
                text(object.get("name")),
                (int) map(event.get("responseStatus")).get("code"),
                "forbid".equals(map(event.get("annotations")).get("authorization.k8s.io/decision")));
    }

    private static Map<?, ?> map(Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static String text(Object value) {
        return Optional.ofNullable(value).map(Object::toString).orElse("");
    }
}
