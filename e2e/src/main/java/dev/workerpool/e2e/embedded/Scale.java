package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** The scale subresource, by the paths that the CRD names. */
final class Scale {
    private Scale() {}

    static ObjectNode of(Kind kind, ObjectNode object) {
        if (!kind.scale().isObject()) {
            throw ApiError.noSuchPath();
        }
        ObjectNode scale = Json.object().put("kind", "Scale").put("apiVersion", "autoscaling/v1");
        ObjectNode meta = scale.putObject("metadata");
        for (String field : new String[] {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
            meta.set(field, object.path("metadata").get(field));
        }
        scale.putObject("spec")
                .put("replicas", Json.at(object, path(kind, "specReplicasPath")).asInt());
        scale.putObject("status")
                .put(
                        "replicas",
                        Json.at(object, path(kind, "statusReplicasPath")).asInt())
                .put("selector", Json.text(object, path(kind, "labelSelectorPath")));
        return scale;
    }

    /** The object with the scale's number of replicas, and its resourceVersion as a precondition. */
    static ObjectNode applied(Kind kind, ObjectNode object, ObjectNode scale) {
        if (!kind.scale().isObject()) {
            throw ApiError.noSuchPath();
        }
        ObjectNode next = object.deepCopy();
        String path = path(kind, "specReplicasPath");
        ObjectNode parent = next;
        int last = path.lastIndexOf('.');
        for (String part : last < 0 ? new String[0] : path.substring(0, last).split("\\.")) {
            parent = Json.child(parent, part);
        }
        parent.put(path.substring(last + 1), Json.at(scale, "spec.replicas").asInt());
        String version = Json.version(scale);
        if (!version.isEmpty()) {
            Json.meta(next).put("resourceVersion", version);
        }
        return next;
    }

    private static String path(Kind kind, String which) {
        return kind.scale().path(which).asText(".none").substring(1);
    }
}
