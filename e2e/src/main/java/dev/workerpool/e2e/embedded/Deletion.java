package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** How objects go: preconditions, grace periods, finalizers, and what becomes of dependents. */
final class Deletion {
    static final String ORPHAN = "orphan";
    static final String FOREGROUND = "foregroundDeletion";

    private final Store store;

    Deletion(Store store) {
        this.store = store;
    }

    /** Deletes by the options in the call's body and query; returns what the server answers with. */
    JsonNode delete(Call call, ObjectNode object) {
        JsonNode options = call.object();
        return delete(
                call.kind(),
                object,
                options,
                option(call, options, "propagationPolicy"),
                option(call, options, "gracePeriodSeconds"),
                call.dryRun() || options.path("dryRun").toString().contains("All"));
    }

    private static String option(Call call, JsonNode options, String name) {
        return options.path(name).asText(call.query(name));
    }

    JsonNode delete(Kind kind, ObjectNode object, JsonNode options, String policy, String grace, boolean dryRun) {
        precondition(kind, object, "UID", options.at("/preconditions/uid").asText(""), Json.uid(object));
        precondition(
                kind,
                object,
                "ResourceVersion",
                options.at("/preconditions/resourceVersion").asText(""),
                Json.version(object));
        if (dryRun) {
            return success(kind, object);
        }
        Store.Key key = kind.key(Json.namespace(object), Json.name(object));
        long seconds = kind.equals(Kinds.POD) ? graceOf(object, grace) : 0;
        ObjectNode next = object.deepCopy();
        ObjectNode meta = Json.meta(next);
        boolean shorter = !Json.terminating(object)
                || seconds
                        < Json.at(object, "metadata.deletionGracePeriodSeconds").asLong();
        if (shorter) {
            Instant end = Instant.now().plusSeconds(seconds).truncatedTo(ChronoUnit.SECONDS);
            meta.put("deletionTimestamp", end.toString()).put("deletionGracePeriodSeconds", seconds);
            if (next.has("spec") && kind.hasStatus()) {
                meta.put("generation", meta.path("generation").asLong() + 1);
            }
        }
        if (policy.equals("Orphan") || options.path("orphanDependents").asBoolean()) {
            finalizer(meta, ORPHAN);
        } else if (policy.equals("Foreground")) {
            finalizer(meta, FOREGROUND);
        }
        if (kind.equals(Kinds.NAMESPACE)) {
            finalizer(meta, "kubernetes");
            Json.child(next, "status").put("phase", "Terminating");
        }
        if (seconds == 0 && meta.path("finalizers").isEmpty()) {
            store.remove(key);
            return success(kind, object);
        }
        return store.put(key, next);
    }

    private static long graceOf(ObjectNode pod, String asked) {
        boolean nobodyRunsIt = Json.text(pod, "spec.nodeName").isEmpty()
                || Json.text(pod, "status.phase").matches("Failed|Succeeded");
        if (nobodyRunsIt) {
            return 0;
        }
        return asked.isEmpty()
                ? Json.at(pod, "spec.terminationGracePeriodSeconds").asLong(30)
                : Long.parseLong(asked);
    }

    private static void precondition(Kind kind, ObjectNode object, String what, String wanted, String is) {
        if (!wanted.isEmpty() && !wanted.equals(is)) {
            throw ApiError.conflict(
                    kind,
                    Json.name(object),
                    "Precondition failed: %s in precondition: %s, %s in object meta: %s"
                            .formatted(what, wanted, what, is));
        }
    }

    private static void finalizer(ObjectNode meta, String name) {
        if (!Json.texts(meta.path("finalizers")).contains(name)) {
            meta.withArray("finalizers").add(name);
        }
    }

    private static JsonNode success(Kind kind, ObjectNode object) {
        ObjectNode status =
                Json.object().put("kind", "Status").put("apiVersion", "v1").put("status", "Success");
        status.putObject("details")
                .put("name", Json.name(object))
                .put("group", kind.group())
                .put("kind", kind.plural())
                .put("uid", Json.uid(object));
        return status;
    }

    /** Removes an object whose deletion waited for its last finalizer alone. */
    void finish(Store.Key key, ObjectNode object) {
        if (Json.terminating(object)
                && Json.at(object, "metadata.finalizers").isEmpty()
                && Json.at(object, "metadata.deletionGracePeriodSeconds").asLong() == 0) {
            store.remove(key);
        }
    }

    /** Takes a finalizer off, and the object away if that was the last. */
    void release(Store.Key key, String finalizer) {
        ObjectNode current = store.get(key);
        if (current != null
                && Json.texts(Json.at(current, "metadata.finalizers")).contains(finalizer)) {
            ObjectNode next = current.deepCopy();
            ArrayNode left = Json.array();
            Json.texts(Json.at(current, "metadata.finalizers")).stream()
                    .filter(name -> !name.equals(finalizer))
                    .forEach(left::add);
            Json.meta(next).set("finalizers", left);
            finish(key, store.put(key, next));
        }
    }

    /** The kubelet's last word on a pod: its grace is over. */
    void gone(ObjectNode pod) {
        delete(Kinds.POD, pod, Json.object(), "", "0", false);
    }

    /** Lets a dependent forget an owner. */
    void disown(Store.Key key, String ownerUid) {
        ObjectNode next = store.get(key).deepCopy();
        ArrayNode left = Json.array();
        Json.at(next, "metadata.ownerReferences").forEach(owner -> {
            if (!owner.path("uid").asText().equals(ownerUid)) {
                left.add(owner);
            }
        });
        if (left.isEmpty()) {
            Json.meta(next).remove(List.of("ownerReferences"));
        } else {
            Json.meta(next).set("ownerReferences", left);
        }
        store.put(key, next);
    }
}
