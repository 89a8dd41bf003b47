package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A structural schema of a CustomResourceDefinition: what it does not know is taken out, what it defaults is filled in,
 * what it forbids is named in the API server's words. One walk does all three, which is why no schema library is used:
 * those validate only. CEL rules ({@code x-kubernetes-validations}) are not evaluated.
 */
record Schema(JsonNode node) {

    boolean present() {
        return node.isObject();
    }

    /** Removes unknown fields and returns their paths. */
    List<String> prune(JsonNode value, String path) {
        List<String> unknown = new ArrayList<>();
        prune(node, value, path, unknown);
        return unknown;
    }

    private static void prune(JsonNode schema, JsonNode value, String path, List<String> unknown) {
        if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                prune(schema.path("items"), value.get(i), "%s[%d]".formatted(path, i), unknown);
            }
        } else if (value instanceof ObjectNode object) {
            JsonNode known = schema.path("properties");
            JsonNode others = schema.path("additionalProperties");
            boolean keep = schema.path("x-kubernetes-preserve-unknown-fields").asBoolean() || others.asBoolean();
            Iterator<Map.Entry<String, JsonNode>> fields = object.properties().iterator();
            while (fields.hasNext()) {
                var field = fields.next();
                String here = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
                if (known.has(field.getKey())) {
                    prune(known.get(field.getKey()), field.getValue(), here, unknown);
                } else if (others.isObject()) {
                    prune(others, field.getValue(), here, unknown);
                } else if (!keep && schema.isObject()) {
                    unknown.add(here);
                    fields.remove();
                }
            }
        }
    }

    /** Fills in what is absent, or null where null is not allowed. */
    void fillDefaults(JsonNode value) {
        fillDefaults(node, value);
    }

    private static void fillDefaults(JsonNode schema, JsonNode value) {
        if (value instanceof ObjectNode object) {
            schema.path("properties").properties().forEach(field -> {
                JsonNode standard = field.getValue().path("default");
                JsonNode given = object.path(field.getKey());
                boolean absent = given.isMissingNode()
                        || given.isNull() && !field.getValue().path("nullable").asBoolean();
                if (absent && !standard.isMissingNode()) {
                    object.set(field.getKey(), standard.deepCopy());
                }
                fillDefaults(field.getValue(), object.path(field.getKey()));
            });
            if (schema.path("additionalProperties").isObject()) {
                object.forEach(item -> fillDefaults(schema.path("additionalProperties"), item));
            }
        } else if (value.isArray()) {
            value.forEach(item -> fillDefaults(schema.path("items"), item));
        }
    }

    /** What is wrong with the value; empty if nothing is. */
    List<ApiError.Cause> violations(JsonNode value, String path) {
        List<ApiError.Cause> causes = new ArrayList<>();
        check(node, value, path, causes);
        return causes;
    }

    private static void check(JsonNode schema, JsonNode value, String path, List<ApiError.Cause> causes) {
        if (value.isNull() && schema.path("nullable").asBoolean()) {
            return;
        }
        String type = schema.path("type").asText();
        boolean intOrString = schema.path("x-kubernetes-int-or-string").asBoolean();
        if (intOrString ? !value.isInt() && !value.isTextual() : !fits(type, value)) {
            String is = value.getNodeType().name().toLowerCase(Locale.ROOT);
            invalid(
                    causes,
                    path,
                    "\"" + is + "\"",
                    "must be of type %s: \"%s\"".formatted(intOrString ? "integer or string" : type, is));
            return;
        }
        checkValue(schema, value, path, causes);
        if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                check(schema.path("items"), value.get(i), "%s[%d]".formatted(path, i), causes);
            }
        } else if (value.isObject()) {
            for (JsonNode name : schema.path("required")) {
                if (!value.has(name.asText())) {
                    causes.add(new ApiError.Cause("FieldValueRequired", join(path, name.asText()), "Required value"));
                }
            }
            value.properties().forEach(field -> {
                JsonNode property = schema.path("properties").path(field.getKey());
                JsonNode child = property.isObject() ? property : schema.path("additionalProperties");
                if (child.isObject()) {
                    check(child, field.getValue(), join(path, field.getKey()), causes);
                }
            });
        }
    }

    private static void checkValue(JsonNode schema, JsonNode value, String path, List<ApiError.Cause> causes) {
        String shown = value.toString();
        if (value.isNumber()) {
            if (schema.has("minimum")
                    && value.asDouble() < schema.path("minimum").asDouble()) {
                invalid(causes, path, shown, "should be greater than or equal to " + number(schema.path("minimum")));
            }
            if (schema.has("maximum")
                    && value.asDouble() > schema.path("maximum").asDouble()) {
                invalid(causes, path, shown, "should be less than or equal to " + number(schema.path("maximum")));
            }
        }
        if (value.isTextual()) {
            String text = value.asText();
            if (schema.has("pattern")
                    && !Pattern.compile(schema.path("pattern").asText())
                            .matcher(text)
                            .find()) {
                invalid(
                        causes,
                        path,
                        shown,
                        "should match '%s'".formatted(schema.path("pattern").asText()));
            }
            if (schema.has("maxLength")
                    && text.length() > schema.path("maxLength").asInt()) {
                causes.add(new ApiError.Cause(
                        "FieldValueTooLong",
                        path,
                        "Too long: may not be more than %s bytes"
                                .formatted(schema.path("maxLength").asText())));
            }
            if (schema.has("minLength")
                    && text.length() < schema.path("minLength").asInt()) {
                invalid(
                        causes,
                        path,
                        shown,
                        "should be at least %s chars long"
                                .formatted(schema.path("minLength").asText()));
            }
        }
        if (value.isArray()
                && schema.has("minItems")
                && value.size() < schema.path("minItems").asInt()) {
            invalid(
                    causes,
                    path,
                    String.valueOf(value.size()),
                    "should have at least %s items"
                            .formatted(schema.path("minItems").asText()));
        }
        if (schema.path("enum").isArray() && !Json.texts(schema.path("enum")).contains(value.asText())) {
            causes.add(new ApiError.Cause(
                    "FieldValueNotSupported",
                    path,
                    "Unsupported value: %s: supported values: \"%s\""
                            .formatted(shown, String.join("\", \"", Json.texts(schema.path("enum"))))));
        }
    }

    private static boolean fits(String type, JsonNode value) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "boolean" -> value.isBoolean();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            default -> true;
        };
    }

    private static void invalid(List<ApiError.Cause> causes, String path, String value, String rule) {
        causes.add(new ApiError.Cause(
                "FieldValueInvalid", path, "Invalid value: %s: %s in body %s".formatted(value, path, rule)));
    }

    private static String join(String path, String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    /** A bound that the CRD writes as 0.0 is shown as 0. */
    private static String number(JsonNode bound) {
        return bound.decimalValue().stripTrailingZeros().toPlainString();
    }
}
