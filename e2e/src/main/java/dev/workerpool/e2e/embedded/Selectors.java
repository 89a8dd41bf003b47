package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Label and field selectors, in the query's language and as objects. */
final class Selectors {
    private static final Pattern SET = Pattern.compile("(\\S+)\\s+(in|notin)\\s*\\(([^)]*)\\)");
    private static final Pattern EQUALITY = Pattern.compile("([^=!\\s]+)\\s*(==|!=|=)\\s*(\\S*)");

    private Selectors() {}

    /** An absent or empty selector takes everything. */
    static Predicate<JsonNode> of(String labels, String fields) {
        Predicate<JsonNode> all = object -> true;
        for (String part : (labels == null ? "" : labels).split(",(?![^(]*\\))")) {
            if (!part.isBlank()) {
                Predicate<Map<String, String>> one = label(part.strip());
                all = all.and(object -> one.test(Json.labels(object)));
            }
        }
        for (String part : (fields == null ? "" : fields).split(",")) {
            if (!part.isBlank()) {
                Matcher m = EQUALITY.matcher(part.strip());
                if (!m.matches()) {
                    throw ApiError.badRequest("invalid field selector: " + part);
                }
                all = all.and(object -> Json.text(object, m.group(1)).equals(m.group(3))
                        != m.group(2).equals("!="));
            }
        }
        return all;
    }

    private static Predicate<Map<String, String>> label(String part) {
        Matcher set = SET.matcher(part);
        if (set.matches()) {
            List<String> values = List.of(set.group(3).strip().split("\\s*,\\s*"));
            return requirement(set.group(1), set.group(2), values);
        }
        Matcher equality = EQUALITY.matcher(part);
        if (equality.matches()) {
            return requirement(
                    equality.group(1), equality.group(2).equals("!=") ? "notin" : "in", List.of(equality.group(3)));
        }
        return part.startsWith("!")
                ? requirement(part.substring(1).strip(), "doesnotexist", List.of())
                : requirement(part, "exists", List.of());
    }

    private static Predicate<Map<String, String>> requirement(String key, String operator, List<String> values) {
        return switch (operator.toLowerCase(Locale.ROOT)) {
            case "in" -> labels -> labels.containsKey(key) && values.contains(labels.get(key));
            case "notin" -> labels -> !labels.containsKey(key) || !values.contains(labels.get(key));
            case "exists" -> labels -> labels.containsKey(key);
            case "doesnotexist" -> labels -> !labels.containsKey(key);
            default -> throw ApiError.badRequest("unknown selector operator " + operator);
        };
    }

    /** A {@code LabelSelector} object; an empty one takes everything. */
    static Predicate<Map<String, String>> of(JsonNode selector) {
        Predicate<Map<String, String>> all = labels -> true;
        for (var e : selector.path("matchLabels").properties()) {
            all = all.and(requirement(e.getKey(), "in", List.of(e.getValue().asText())));
        }
        for (JsonNode e : selector.path("matchExpressions")) {
            all = all.and(
                    requirement(e.path("key").asText(), e.path("operator").asText(), Json.texts(e.path("values"))));
        }
        return all;
    }
}
