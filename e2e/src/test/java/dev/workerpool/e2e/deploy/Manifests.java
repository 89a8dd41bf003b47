package dev.workerpool.e2e.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The files below {@code deploy}, as they are. */
final class Manifests {
    static final Path ROOT =
            Path.of(System.getProperty("basedir", "."), "..").toAbsolutePath().normalize();
    static final Path DEPLOY = ROOT.resolve("deploy");

    private Manifests() {}

    /** A file below {@code deploy}. */
    static String text(String file) {
        try {
            return Files.readString(DEPLOY.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file below {@code deploy}, with one object. */
    static JsonNode object(String file) {
        return parse(text(file));
    }

    /** The objects of a YAML with several. */
    static List<JsonNode> objects(String yaml) {
        return Arrays.stream(yaml.split("(?m)^---$"))
                .filter(text -> text.lines().anyMatch(line -> !line.isBlank() && !line.startsWith("#")))
                .map(Manifests::parse)
                .toList();
    }

    /** YAML or JSON. */
    static JsonNode parse(String text) {
        return Serialization.unmarshal(text, JsonNode.class);
    }

    /** {@code Deployment workerpool-operator}. */
    static String name(JsonNode object) {
        return object.path("kind").asText() + " " + object.at("/metadata/name").asText();
    }
}
