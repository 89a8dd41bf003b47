package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * One request for objects: {@code name} is empty for a collection, {@code subresource} for the object itself, and
 * {@code namespace} across namespaces.
 */
record Call(
        String method,
        Kind kind,
        String namespace,
        String name,
        String subresource,
        Map<String, String> query,
        String contentType,
        String accept,
        byte[] body) {

    /** A path taken apart; null if it cannot name an object. */
    record Target(String group, String version, String namespace, String plural, String name, String subresource) {
        static Target of(String path) {
            String[] parts = path.substring(1).split("/");
            int from = parts[0].equals("api") ? 2 : 3;
            if (!parts[0].equals("api") && !parts[0].equals("apis") || parts.length <= from) {
                return null;
            }
            String group = from == 2 ? "" : parts[1];
            String version = parts[from - 1];
            boolean within = parts[from].equals("namespaces")
                    && parts.length > from + 2
                    && !parts[from + 2].equals("status")
                    && !parts[from + 2].equals("finalize");
            int at = within ? from + 2 : from;
            return new Target(
                    group,
                    version,
                    within ? parts[from + 1] : "",
                    parts[at],
                    parts.length > at + 1 ? parts[at + 1] : "",
                    parts.length > at + 2 ? parts[at + 2] : "");
        }
    }

    String verb() {
        return switch (method) {
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> "patch";
            case "DELETE" -> name.isEmpty() ? "deletecollection" : "delete";
            default -> watch() ? "watch" : name.isEmpty() ? "list" : "get";
        };
    }

    Store.Key key() {
        return kind.key(namespace, name);
    }

    String query(String parameter) {
        return query.getOrDefault(parameter, "");
    }

    boolean watch() {
        return method.equals("GET")
                && (query("watch").equals("true") || query("watch").equals("1"));
    }

    boolean dryRun() {
        return query("dryRun").equals("All");
    }

    boolean strict() {
        return query("fieldValidation").equals("Strict");
    }

    boolean table() {
        return accept.contains("as=Table");
    }

    /** The body as an object, JSON or YAML; an empty object if there is none. */
    ObjectNode object() {
        if (body.length == 0) {
            return Json.object();
        }
        if (contentType.contains("yaml")) {
            return Patch.yaml(body);
        }
        if (Json.parse(body) instanceof ObjectNode object) {
            return object;
        }
        throw ApiError.badRequest("the body is not an object");
    }
}
