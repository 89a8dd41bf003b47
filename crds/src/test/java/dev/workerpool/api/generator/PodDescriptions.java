package dev.workerpool.api.generator;

import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Describes the upper levels of the pod template for {@code kubectl explain}; the client's classes have no texts, and with
 * all of Kubernetes' own the CRD would be too big for a client-side apply. Keys are paths below the template; the
 * prefixes below stand for all places of that kind.
 */
final class PodDescriptions {
    private static final Map<String, List<String>> PLACES = Map.of(
            "container", List.of("spec.containers", "spec.initContainers"),
            "probe",
                    List.of(
                            "spec.containers.readinessProbe",
                            "spec.containers.startupProbe",
                            "spec.containers.livenessProbe",
                            "spec.initContainers.readinessProbe",
                            "spec.initContainers.startupProbe",
                            "spec.initContainers.livenessProbe"));

    private PodDescriptions() {}

    /** @throws IllegalArgumentException naming the path, for a text whose field is not there */
    static void addTo(JSONSchemaProps template) {
        texts().forEach((path, text) -> {
            String first = path.substring(0, path.indexOf('.') < 0 ? path.length() : path.indexOf('.'));
            if (!PLACES.containsKey(first)) {
                describe(template, path, text);
                return;
            }
            for (String place : PLACES.get(first)) {
                describe(template, place + path.substring(first.length()), text);
            }
        });
    }

    private static void describe(JSONSchemaProps template, String path, String text) {
        int last = path.lastIndexOf('.');
        JSONSchemaProps parent = last < 0 ? template : CrdSchema.at(template, path.substring(0, last));
        JSONSchemaProps field = parent.getProperties().get(path.substring(last + 1));
        if (field == null) {
            throw new IllegalArgumentException("pod-template.properties describes " + path + ", which no template has");
        }
        field.setDescription(text);
    }

    private static Map<String, String> texts() {
        Properties properties = new Properties();
        try (Reader reader = new InputStreamReader(
                PodDescriptions.class.getResourceAsStream("/pod-template.properties"), StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, String> sorted = new TreeMap<>();
        properties.forEach((key, value) -> sorted.put((String) key, (String) value));
        return sorted;
    }
}
