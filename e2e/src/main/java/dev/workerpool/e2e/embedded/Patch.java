package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.zjsonpatch.JsonPatch;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The patch formats of the API. A server-side apply is a merge of the fields given: nobody owns a field here. */
final class Patch {
    static final String APPLY = "application/apply-patch+yaml";

    /** Lists that a strategic merge joins by a key; every other list is replaced. */
    private static final Map<String, String> MERGE_KEYS = Map.of(
            "containers", "name",
            "initContainers", "name",
            "volumes", "name",
            "env", "name",
            "volumeMounts", "mountPath",
            "conditions", "type",
            "ownerReferences", "uid");

    private Patch() {}

    static ObjectNode apply(String contentType, byte[] body, ObjectNode to) {
        ObjectNode target = to.deepCopy();
        return switch (contentType) {
            case "application/json-patch+json" -> operations(Json.parse(body), target);
            case "application/merge-patch+json" -> object(merge(target, Json.parse(body), false));
            case "application/strategic-merge-patch+json" -> object(merge(target, Json.parse(body), true));
            case APPLY -> object(merge(target, yaml(body), true));
            default -> throw ApiError.unsupported("the body of the request was in an unknown format: " + contentType);
        };
    }

    static ObjectNode yaml(byte[] body) {
        try {
            return object(new YAMLMapper().readTree(new String(body, StandardCharsets.UTF_8)));
        } catch (JsonProcessingException e) {
            throw ApiError.badRequest("error decoding YAML: " + e.getOriginalMessage());
        }
    }

    private static ObjectNode operations(JsonNode patch, ObjectNode target) {
        try {
            return object(JsonPatch.apply(patch, target));
        } catch (RuntimeException e) {
            throw ApiError.of(
                    422,
                    "Invalid",
                    "the server rejected our request due to an error in our request: " + e.getMessage());
        }
    }

    private static ObjectNode object(JsonNode node) {
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw ApiError.badRequest("the patch does not give an object");
    }

    private static JsonNode merge(JsonNode target, JsonNode patch, boolean strategic) {
        if (!(patch instanceof ObjectNode changes)) {
            return patch;
        }
        ObjectNode merged = target instanceof ObjectNode object ? object : Json.object();
        changes.properties().forEach(change -> {
            String field = change.getKey();
            JsonNode value = change.getValue();
            String key = strategic ? MERGE_KEYS.get(field) : null;
            if (value.isNull()) {
                merged.remove(field);
            } else if (key != null && value instanceof ArrayNode items) {
                merged.set(field, mergeList(merged.path(field), items, key));
            } else if (!strategic || !field.startsWith("$")) {
                merged.set(field, merge(merged.path(field), value, strategic));
            }
        });
        return merged;
    }

    private static ArrayNode mergeList(JsonNode target, ArrayNode items, String key) {
        ArrayNode merged = Json.array();
        target.forEach(merged::add);
        for (JsonNode item : items) {
            int at = 0;
            while (at < merged.size() && !merged.get(at).path(key).equals(item.path(key))) {
                at++;
            }
            if (item.path("$patch").asText().equals("delete")) {
                merged.remove(at);
            } else if (at < merged.size()) {
                merged.set(at, merge(merged.get(at), item, true));
            } else {
                merged.add(item);
            }
        }
        return merged;
    }
}
