package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Short words for reading and building the JSON of API objects. */
final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }

    static JsonNode parse(byte[] body) {
        if (body.length > 3 && body[0] == 'k' && body[1] == '8' && body[2] == 's' && body[3] == 0) {
            throw ApiError.unsupported("protobuf is not understood here: send JSON, with kubectl apply -f a file");
        }
        try {
            JsonNode node = MAPPER.readTree(body);
            return node == null ? MissingNode.getInstance() : node;
        } catch (IOException e) {
            throw ApiError.badRequest("the object provided is unrecognized: " + e.getMessage());
        }
    }

    /** The value at a dotted path such as {@code spec.replicas}, or a missing node. */
    static JsonNode at(JsonNode node, String path) {
        JsonNode here = node;
        for (String part : path.split("\\.")) {
            here = here.path(part);
        }
        return here;
    }

    /** The text at a dotted path, or the empty string. */
    static String text(JsonNode node, String path) {
        return at(node, path).asText("");
    }

    /** The object at a field, made if it is absent or null. */
    static ObjectNode child(ObjectNode node, String field) {
        return node.path(field) instanceof ObjectNode there ? there : node.putObject(field);
    }

    static ObjectNode meta(ObjectNode object) {
        return child(object, "metadata");
    }

    static String name(JsonNode object) {
        return text(object, "metadata.name");
    }

    static String namespace(JsonNode object) {
        return text(object, "metadata.namespace");
    }

    static String uid(JsonNode object) {
        return text(object, "metadata.uid");
    }

    static String version(JsonNode object) {
        return text(object, "metadata.resourceVersion");
    }

    static boolean terminating(JsonNode object) {
        return !text(object, "metadata.deletionTimestamp").isEmpty();
    }

    static Map<String, String> labels(JsonNode object) {
        Map<String, String> labels = new TreeMap<>();
        at(object, "metadata.labels")
                .properties()
                .forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
        return labels;
    }

    static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(item -> texts.add(item.asText()));
        return texts;
    }

    /** The status of the condition of that type, or the empty string. */
    static String condition(JsonNode object, String type) {
        for (JsonNode condition : at(object, "status.conditions")) {
            if (condition.path("type").asText().equals(type)) {
                return condition.path("status").asText();
            }
        }
        return "";
    }

    /** Now, in whole seconds, as API objects carry it. */
    static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
