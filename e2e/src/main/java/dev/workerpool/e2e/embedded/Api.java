package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;

/** The verbs on objects; each runs as one step on the store. */
final class Api {
    private static final String LETTERS = "bcdfghjklmnpqrstvwxz2456789";

    private final Store store;
    private final Admission admission;
    private final Deletion deletion;

    Api(Store store, Admission admission, Deletion deletion) {
        this.store = store;
        this.admission = admission;
        this.deletion = deletion;
    }

    Reply handle(Call call) {
        return store.locked(() -> switch (call.verb()) {
            case "get" -> Reply.json(200, shown(call, existing(call)));
            case "list" -> Reply.json(200, list(call));
            case "create" -> create(call);
            case "update" -> update(call);
            case "patch" -> patch(call);
            case "delete" -> Reply.json(200, deletion.delete(call, existing(call)));
            default -> {
                selected(call).forEach(object -> deletion.delete(call, object));
                yield Reply.json(200, Json.object().put("kind", "Status").put("apiVersion", "v1"));
            }
        });
    }

    private ObjectNode existing(Call call) {
        ObjectNode object = store.get(call.key());
        if (object == null) {
            throw ApiError.notFound(call.kind(), call.name());
        }
        return object;
    }

    private static JsonNode shown(Call call, ObjectNode object) {
        return call.table() ? Tables.of(call.kind(), List.of(object), Json.version(object), true) : object;
    }

    /** The objects that the call's selectors take. */
    List<ObjectNode> selected(Call call) {
        Predicate<JsonNode> wanted = Selectors.of(call.query("labelSelector"), call.query("fieldSelector"));
        return store.list(call.kind().storage(), call.namespace()).stream()
                .filter(wanted)
                .toList();
    }

    private JsonNode list(Call call) {
        String version = String.valueOf(store.version());
        if (call.table()) {
            return Tables.of(call.kind(), selected(call), version, true);
        }
        ObjectNode list = Json.object()
                .put("kind", call.kind().kind() + "List")
                .put("apiVersion", call.kind().apiVersion());
        list.putObject("metadata").put("resourceVersion", version);
        selected(call).forEach(list.putArray("items")::add);
        return list;
    }

    private Reply create(Call call) {
        ObjectNode object = call.object();
        if (call.kind().kind().startsWith("SelfSubject")) {
            throw ApiError.noSuchPath();
        }
        return create(call, object);
    }

    private Reply create(Call call, ObjectNode object) {
        Kind kind = call.kind();
        ObjectNode meta = Json.meta(object);
        if (kind.namespaced()) {
            String given = meta.path("namespace").asText(call.namespace());
            if (!given.equals(call.namespace())) {
                throw ApiError.badRequest(
                        "the namespace of the provided object does not match the namespace sent on the request");
            }
            meta.put("namespace", call.namespace());
        }
        String prefix = meta.path("generateName").asText("");
        if (Json.name(object).isEmpty() && !prefix.isEmpty()) {
            meta.put("name", prefix + suffix());
        }
        if (Json.name(object).isEmpty()) {
            throw ApiError.invalid(
                    kind,
                    "",
                    List.of(new ApiError.Cause(
                            "FieldValueRequired",
                            "metadata.name",
                            "Required value: name or generateName is required")));
        }
        admission.decode(call, object);
        meta = Json.meta(object);
        meta.remove(List.of("resourceVersion", "managedFields", "selfLink", "deletionTimestamp"));
        meta.put("uid", UUID.randomUUID().toString()).put("creationTimestamp", Json.now());
        if (kind.hasStatus()) {
            meta.put("generation", 1);
            object.remove("status");
        }
        if (kind.equals(Kinds.POD)) {
            object.putObject("status").put("phase", "Pending").put("qosClass", "BestEffort");
        } else if (kind.equals(Kinds.NAMESPACE)) {
            object.putObject("status").put("phase", "Active");
        } else if (kind.equals(Kinds.CRD)) {
            established(object);
        } else if (kind.kind().equals("Event")) {
            bothEvents(object);
        }
        admission.admit(kind, object);
        admission.validate(kind, object);
        Store.Key key = kind.key(call.namespace(), Json.name(object));
        if (store.get(key) != null) {
            throw ApiError.exists(kind, Json.name(object));
        }
        return Reply.json(201, call.dryRun() ? object : store.put(key, object));
    }

    private static String suffix() {
        StringBuilder suffix = new StringBuilder();
        UUID.randomUUID().toString().chars().limit(5).forEach(c -> suffix.append(LETTERS.charAt(c % LETTERS.length())));
        return suffix.toString();
    }

    static void established(ObjectNode crd) {
        Json.child(crd, "status")
                .putArray("conditions")
                .addObject()
                .put("type", "Established")
                .put("status", "True")
                .put("reason", "InitialNamesAccepted")
                .put("lastTransitionTime", Json.now());
    }

    /** An event is read in either of its two groups, so it carries the fields of both. */
    private static void bothEvents(ObjectNode event) {
        alias(event, "regarding", "involvedObject");
        alias(event, "note", "message");
        alias(event, "deprecatedCount", "count");
        alias(event, "deprecatedFirstTimestamp", "firstTimestamp");
        alias(event, "deprecatedLastTimestamp", "lastTimestamp");
        alias(event, "reportingController", "reportingComponent");
        if (!event.hasNonNull("lastTimestamp")) {
            event.put("lastTimestamp", Json.now());
        }
    }

    private static void alias(ObjectNode node, String one, String other) {
        String from = node.hasNonNull(one) ? one : other;
        String to = node.hasNonNull(one) ? other : one;
        if (node.hasNonNull(from)) {
            node.set(to, node.get(from));
        }
    }

    private Reply update(Call call) {
        ObjectNode current = existing(call);
        ObjectNode proposed = call.subresource().equals("scale") ? scaled(call, current, call.object()) : call.object();
        if (call.kind().custom()
                && Json.version(proposed).isEmpty()
                && call.subresource().isEmpty()) {
            throw ApiError.invalid(
                    call.kind(),
                    call.name(),
                    List.of(new ApiError.Cause(
                            "FieldValueInvalid",
                            "metadata.resourceVersion",
                            "Invalid value: 0: must be specified for an update")));
        }
        return write(call, current, proposed);
    }

    private Reply patch(Call call) {
        ObjectNode current = store.get(call.key());
        boolean apply = call.contentType().equals(Patch.APPLY);
        if (current == null && apply && call.subresource().isEmpty()) {
            ObjectNode fresh = call.object();
            Json.meta(fresh).put("name", call.name());
            return create(call, fresh);
        }
        current = existing(call);
        if (call.subresource().equals("scale")) {
            ObjectNode scale = Patch.apply(call.contentType(), call.body(), Scale.of(call.kind(), current));
            return write(call, current, scaled(call, current, scale));
        }
        return write(call, current, Patch.apply(call.contentType(), call.body(), current));
    }

    private static ObjectNode scaled(Call call, ObjectNode current, ObjectNode scale) {
        return Scale.applied(call.kind(), current, scale);
    }

    /** The rules that an update and a patch share: fresh enough, same object, only the part that is addressed. */
    private Reply write(Call call, ObjectNode current, ObjectNode proposed) {
        Kind kind = call.kind();
        String version = Json.version(proposed);
        if (!version.isEmpty() && !version.equals(Json.version(current))) {
            throw ApiError.stale(kind, call.name());
        }
        String uid = Json.uid(proposed);
        if (!uid.isEmpty() && !uid.equals(Json.uid(current))) {
            throw ApiError.conflict(
                    kind,
                    call.name(),
                    "Precondition failed: UID in precondition: %s, UID in object meta: %s"
                            .formatted(uid, Json.uid(current)));
        }
        if (!Json.name(proposed).isEmpty() && !Json.name(proposed).equals(call.name())) {
            throw ApiError.badRequest("the name of the object (%s) does not match the name on the URL (%s)"
                    .formatted(Json.name(proposed), call.name()));
        }
        ObjectNode next = current.deepCopy();
        if (call.subresource().equals("status")) {
            replace(next, "status", proposed.path("status"));
        } else {
            admission.decode(call, proposed);
            next = proposed;
            keepIdentity(next, current);
            if (kind.hasStatus()) {
                replace(next, "status", current.path("status"));
                countGeneration(next, current);
            }
        }
        if (call.subresource().equals("status") && kind.custom()) {
            admission.decode(call, next);
        }
        admission.validate(kind, next);
        if (kind.kind().equals("ControllerRevision") && !next.path("data").equals(current.path("data"))) {
            throw ApiError.invalid(
                    kind,
                    call.name(),
                    List.of(new ApiError.Cause("FieldValueInvalid", "data", "Invalid value: field is immutable")));
        }
        if (call.dryRun()) {
            return Reply.json(200, next);
        }
        ObjectNode stored = store.put(call.key(), next);
        deletion.finish(call.key(), stored);
        return Reply.json(200, call.subresource().equals("scale") ? Scale.of(kind, stored) : stored);
    }

    private static void replace(ObjectNode node, String field, JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            node.remove(field);
        } else {
            node.set(field, value);
        }
    }

    private static void keepIdentity(ObjectNode next, ObjectNode current) {
        ObjectNode meta = Json.meta(next);
        for (String field : List.of(
                "name",
                "namespace",
                "uid",
                "creationTimestamp",
                "generation",
                "deletionTimestamp",
                "deletionGracePeriodSeconds")) {
            replace(meta, field, current.path("metadata").path(field));
        }
        meta.remove("managedFields");
    }

    private static void countGeneration(ObjectNode next, ObjectNode current) {
        List<String> apart = List.of("apiVersion", "kind", "metadata", "status");
        if (!next.deepCopy().without(apart).equals(current.deepCopy().without(apart))) {
            Json.meta(next)
                    .put("generation", Json.at(current, "metadata.generation").asLong() + 1);
        }
    }
}
