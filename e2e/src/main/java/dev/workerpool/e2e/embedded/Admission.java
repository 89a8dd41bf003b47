package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** What stands between a request and the store: strict decoding, defaults, validation, namespaces, quota. */
final class Admission {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");
    private static final Set<String> PRIORITY_CLASSES = Set.of("", "system-cluster-critical", "system-node-critical");

    private final Store store;
    private final Kinds kinds;
    final Map<String, Integer> podQuota = new ConcurrentHashMap<>();
    volatile boolean ownersUnknown;

    Admission(Store store, Kinds kinds) {
        this.store = store;
        this.kinds = kinds;
    }

    /** Refuses unknown fields if the call is strict, and takes them out otherwise; then fills in defaults. */
    void decode(Call call, ObjectNode object) {
        Kind kind = call.kind();
        if (!object.path("kind").asText(kind.kind()).equals(kind.kind())
                || !object.path("apiVersion").asText(kind.apiVersion()).equals(kind.apiVersion())) {
            throw ApiError.badRequest("%s in version \"%s\" cannot be handled as a %s: the request is for %s"
                    .formatted(
                            object.path("kind").asText(),
                            object.path("apiVersion").asText(),
                            kind.kind(),
                            kind.apiVersion()));
        }
        ObjectNode envelope = Json.object().put("kind", kind.kind()).put("apiVersion", kind.apiVersion());
        ObjectNode rest = object.deepCopy();
        object.removeAll();
        object.setAll(envelope);
        rest.remove(List.of("kind", "apiVersion"));
        object.setAll(rest);
        List<String> unknown = unknownFields(kind, object);
        if (call.strict() && !unknown.isEmpty()) {
            String fields = String.join(
                    ", ",
                    unknown.stream().map("unknown field \"%s\""::formatted).toList());
            throw ApiError.badRequest((kind.custom()
                            ? ""
                            : "%s in version \"%s\" cannot be handled as a %s: "
                                    .formatted(kind.kind(), kind.apiVersion(), kind.kind()))
                    + "strict decoding error: " + fields);
        }
        if (kind.custom()) {
            new Schema(kind.schema()).fillDefaults(object);
        } else if (kind.equals(Kinds.POD)) {
            podDefaults(object);
        }
    }

    private List<String> unknownFields(Kind kind, ObjectNode object) {
        if (kind.custom() && new Schema(kind.schema()).present()) {
            // The schema of the envelope is the server's own, not the CRD's.
            ObjectNode content = object.deepCopy();
            content.remove(List.of("apiVersion", "kind", "metadata"));
            List<String> unknown = new Schema(kind.schema()).prune(content, "");
            object.retain("apiVersion", "kind", "metadata");
            object.setAll(content);
            return unknown;
        }
        Schema podSpec = kind.equals(Kinds.POD)
                ? kinds.podSpec()
                : new Schema(Json.object().nullNode());
        return podSpec.present() ? podSpec.prune(object.path("spec"), "spec") : List.of();
    }

    private static void podDefaults(ObjectNode pod) {
        ObjectNode spec = Json.child(pod, "spec");
        fill(spec, "restartPolicy", "Always");
        fill(spec, "dnsPolicy", "ClusterFirst");
        fill(spec, "schedulerName", "default-scheduler");
        fill(spec, "serviceAccountName", "default");
        if (!spec.has("terminationGracePeriodSeconds")) {
            spec.put("terminationGracePeriodSeconds", 30);
        }
        for (JsonNode container : spec.path("containers")) {
            if (container instanceof ObjectNode one) {
                boolean latest = one.path("image").asText().endsWith(":latest")
                        || !one.path("image").asText().contains(":");
                fill(one, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
                fill(one, "terminationMessagePath", "/dev/termination-log");
                fill(one, "terminationMessagePolicy", "File");
            }
        }
    }

    private static void fill(ObjectNode node, String field, String value) {
        if (!node.hasNonNull(field)) {
            node.put(field, value);
        }
    }

    /** @throws ApiError 422 that names every field that is wrong */
    void validate(Kind kind, ObjectNode object) {
        List<ApiError.Cause> causes = new ArrayList<>();
        String name = Json.name(object);
        if (!NAME.matcher(name).matches() || name.length() > 253) {
            causes.add(new ApiError.Cause(
                    "FieldValueInvalid",
                    "metadata.name",
                    "Invalid value: \"%s\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric"
                                    .formatted(name)
                            + " characters, '-' or '.', and must start and end with an alphanumeric character"));
        }
        if (kind.custom()) {
            causes.addAll(new Schema(kind.schema()).violations(object, ""));
        } else if (kind.equals(Kinds.POD)) {
            checkContainers(object, causes);
        }
        if (!causes.isEmpty()) {
            throw ApiError.invalid(kind, name, causes);
        }
    }

    private static void checkContainers(ObjectNode pod, List<ApiError.Cause> causes) {
        JsonNode containers = Json.at(pod, "spec.containers");
        if (containers.isEmpty()) {
            causes.add(new ApiError.Cause("FieldValueRequired", "spec.containers", "Required value"));
        }
        Set<String> names = new HashSet<>();
        for (int i = 0; i < containers.size(); i++) {
            String path = "spec.containers[%d].".formatted(i);
            String name = containers.get(i).path("name").asText();
            if (name.isEmpty()) {
                causes.add(new ApiError.Cause("FieldValueRequired", path + "name", "Required value"));
            } else if (!names.add(name)) {
                causes.add(new ApiError.Cause(
                        "FieldValueDuplicate", path + "name", "Duplicate value: \"%s\"".formatted(name)));
            }
            if (containers.get(i).path("image").asText().isBlank()) {
                causes.add(new ApiError.Cause("FieldValueRequired", path + "image", "Required value"));
            }
        }
    }

    /** What a new object must find around it; asked on dry runs too, as a real server does. */
    void admit(Kind kind, ObjectNode object) {
        String name = Json.name(object);
        String namespace = Json.namespace(object);
        if (kind.namespaced()) {
            ObjectNode home = store.get(Kinds.NAMESPACE.key("", namespace));
            if (home == null) {
                throw ApiError.notFound(Kinds.NAMESPACE, namespace);
            }
            if (Json.terminating(home)) {
                String why = "unable to create new content in namespace %s because it is being terminated"
                        .formatted(namespace);
                throw ApiError.forbidden(kind, name, why)
                        .because(new ApiError.Cause(
                                "NamespaceTerminating",
                                "metadata.namespace",
                                "namespace %s is being terminated".formatted(namespace)));
            }
        }
        if (ownersUnknown) {
            refuseUnknownOwners(kind, object);
        }
        if (!kind.equals(Kinds.POD)) {
            return;
        }
        String account = Json.text(object, "spec.serviceAccountName");
        if (!account.equals("default") && store.get(Kinds.SERVICE_ACCOUNT.key(namespace, account)) == null) {
            throw ApiError.forbidden(
                    kind,
                    name,
                    "error looking up service account %s/%s: serviceaccount \"%s\" not found"
                            .formatted(namespace, account, account));
        }
        String priority = Json.text(object, "spec.priorityClassName");
        if (!PRIORITY_CLASSES.contains(priority)) {
            throw ApiError.forbidden(kind, name, "no PriorityClass with name %s was found".formatted(priority));
        }
        Integer limit = podQuota.get(namespace);
        long used = store.list(Kinds.POD.storage(), namespace).stream()
                .filter(pod -> !Json.text(pod, "status.phase").matches("Failed|Succeeded"))
                .count();
        if (limit != null && used >= limit) {
            throw ApiError.forbidden(
                    kind,
                    name,
                    "exceeded quota: pods, requested: pods=1, used: pods=%d, limited: pods=%d".formatted(used, limit));
        }
    }

    /** As OwnerReferencesPermissionEnforcement does until it has heard of the owner's CRD. */
    private static void refuseUnknownOwners(Kind kind, ObjectNode object) {
        for (JsonNode owner : Json.at(object, "metadata.ownerReferences")) {
            if (owner.path("blockOwnerDeletion").asBoolean()) {
                String version = owner.path("apiVersion").asText();
                String unknown = owner.path("kind").asText();
                throw ApiError.forbidden(
                        kind,
                        Json.name(object),
                        ("cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion %s"
                                        + " Kind %s: no matches for kind \"%s\" in version \"%s\"")
                                .formatted(version, unknown, unknown, version));
            }
        }
    }
}
