package dev.workerpool.api;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Reads a pool as it is stored, maybe by the CRD of another version: a value that these types cannot hold must end neither
 * the list nor the watch that it came with. Such a spec is left out, and the pool says why; of such a status the unreadable
 * fields are left out.
 */
final class StoredPool extends StdDeserializer<WorkerPool> {
    private static final long serialVersionUID = 1;
    private static final int LONGEST = 60;

    StoredPool() {
        super(WorkerPool.class);
    }

    @Override
    public WorkerPool deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        JsonNode stored = context.readTree(parser);
        WorkerPool pool = new WorkerPool();
        if (stored.hasNonNull("metadata")) {
            pool.setMetadata(context.readTreeAsValue(stored.get("metadata"), ObjectMeta.class));
        }
        try {
            pool.setSpec(read(stored.path("spec"), WorkerPoolSpec.class, context));
        } catch (JsonMappingException e) {
            pool.setUnreadable(
                    "spec" + path(e.getPath()) + " is " + brief(at(stored.path("spec"), e.getPath())) + why(e));
        }
        pool.setStatus(status(stored.path("status").deepCopy(), context));
        return pool;
    }

    private static <T> T read(JsonNode node, Class<T> type, DeserializationContext context) throws IOException {
        return node.isMissingNode() || node.isNull() ? null : context.readTreeAsValue(node, type);
    }

    private static WorkerPoolStatus status(JsonNode node, DeserializationContext context) throws IOException {
        while (true) {
            try {
                return read(node, WorkerPoolStatus.class, context);
            } catch (JsonMappingException e) {
                if (!remove(node, e.getPath())) {
                    return null;
                }
            }
        }
    }

    /** False if there is nothing to remove. */
    private static boolean remove(JsonNode from, List<JsonMappingException.Reference> path) {
        if (path.isEmpty()) {
            return false;
        }
        JsonNode parent = at(from, path.subList(0, path.size() - 1));
        JsonMappingException.Reference last = path.get(path.size() - 1);
        return parent instanceof ObjectNode
                ? ((ObjectNode) parent).remove(last.getFieldName()) != null
                : parent instanceof ArrayNode && ((ArrayNode) parent).remove(last.getIndex()) != null;
    }

    private static JsonNode at(JsonNode from, List<JsonMappingException.Reference> path) {
        JsonNode node = from;
        for (JsonMappingException.Reference step : path) {
            node = step.getFieldName() == null ? node.path(step.getIndex()) : node.path(step.getFieldName());
        }
        return node;
    }

    private static String path(List<JsonMappingException.Reference> path) {
        StringBuilder text = new StringBuilder();
        path.forEach(step ->
                text.append(step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName()));
        return text.toString();
    }

    private static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    }

    private static String why(JsonMappingException e) {
        Class<?> asked = e instanceof InvalidFormatException ? ((InvalidFormatException) e).getTargetType() : null;
        if (asked != null && asked.isEnum()) {
            return "; write one of " + Arrays.toString(asked.getEnumConstants());
        }
        return asked != null && Number.class.isAssignableFrom(asked)
                ? "; write a number"
                : ", which is of the wrong type; apply the pool again as kubectl explain describes it";
    }
}
