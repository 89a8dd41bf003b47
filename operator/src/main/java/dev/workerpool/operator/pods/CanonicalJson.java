package dev.workerpool.operator.pods;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import java.util.TreeMap;

/**
 * One form for all ways to write the same: keys sorted; nulls and empty lists left out, for they mean what absence
 * means. An empty object stays, for {@code emptyDir: {}} and {@code labelSelector: {}} say something; but for the two
 * that Kubernetes itself cannot tell from absent ones.
 */
final class CanonicalJson {
    private static final Set<String> SAME_AS_ABSENT = Set.of("metadata", "resources");

    private CanonicalJson() {}

    static JsonNode of(JsonNode node) {
        if (node instanceof ArrayNode list) {
            ArrayNode sameOrder = JsonNodeFactory.instance.arrayNode();
            list.forEach(element -> sameOrder.add(of(element)));
            return sameOrder;
        }
        if (node instanceof ObjectNode object) {
            TreeMap<String, JsonNode> sorted = new TreeMap<>();
            object.properties().forEach(field -> {
                JsonNode value = of(field.getValue());
                if (!meansAbsent(field.getKey(), value)) {
                    sorted.put(field.getKey(), value);
                }
            });
            return JsonNodeFactory.instance.objectNode().setAll(sorted);
        }
        return node;
    }

    private static boolean meansAbsent(String key, JsonNode value) {
        return value.isNull()
                || value.isEmpty() && (value.isArray() || value.isObject() && SAME_AS_ABSENT.contains(key));
    }
}
