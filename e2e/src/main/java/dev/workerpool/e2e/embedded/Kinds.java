package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;

/** What is served: the built-in kinds that the operator and {@code kubectl} need, and those that stored CRDs define. */
final class Kinds {
    static final Kind POD = Kind.builtIn("", "v1", "Pod", true, true, "po");
    static final Kind NODE = Kind.builtIn("", "v1", "Node", false, true, "no");
    static final Kind NAMESPACE = Kind.builtIn("", "v1", "Namespace", false, true, "ns");
    static final Kind CRD =
            Kind.builtIn("apiextensions.k8s.io", "v1", "CustomResourceDefinition", false, true, "crd", "crds");
    static final Kind BUDGET = Kind.builtIn("policy", "v1", "PodDisruptionBudget", true, true, "pdb");
    static final Kind SERVICE_ACCOUNT = Kind.builtIn("", "v1", "ServiceAccount", true, false, "sa");
    static final Kind CONFIG_MAP = Kind.builtIn("", "v1", "ConfigMap", true, false, "cm");
    static final Kind SECRET = Kind.builtIn("", "v1", "Secret", true, false);
    private static final List<Kind> BUILT_IN = List.of(
            POD,
            NODE,
            NAMESPACE,
            CONFIG_MAP,
            SECRET,
            SERVICE_ACCOUNT,
            Kind.builtIn("", "v1", "Service", true, true, "svc"),
            Kind.builtIn("", "v1", "Event", true, false, "ev"),
            Kind.builtIn("events.k8s.io", "v1", "Event", true, false, "ev"),
            Kind.builtIn("apps", "v1", "ControllerRevision", true, false),
            BUDGET,
            Kind.builtIn("coordination.k8s.io", "v1", "Lease", true, false),
            Kind.builtIn("authorization.k8s.io", "v1", "SelfSubjectAccessReview", false, false),
            Kind.builtIn("authorization.k8s.io", "v1", "SelfSubjectRulesReview", false, false),
            CRD);

    private final Store store;

    Kinds(Store store) {
        this.store = store;
    }

    List<Kind> all() {
        List<Kind> all = new ArrayList<>(BUILT_IN);
        store.list(CRD.storage(), "").forEach(crd -> all.add(Kind.of(crd)));
        return all;
    }

    Optional<Kind> find(String group, String version, String plural) {
        return all().stream()
                .filter(k -> k.group().equals(group)
                        && k.version().equals(version)
                        && k.plural().equals(plural))
                .findFirst();
    }

    /** By what {@link Kind#storage} says. */
    Optional<Kind> stored(String resource) {
        return all().stream().filter(k -> k.storage().equals(resource)).findFirst();
    }

    /** The fields that a pod's spec can have, if a CRD with a pod template tells them. */
    Schema podSpec() {
        return all().stream()
                .map(k -> k.schema().at("/properties/spec/properties/template/properties/spec"))
                .filter(JsonNode::isObject)
                .findFirst()
                .map(Schema::new)
                .orElse(new Schema(Json.object().nullNode()));
    }

    /** The discovery document or the OpenAPI document at a path, if it is one. */
    Optional<ObjectNode> document(String path) {
        String[] parts = path.substring(1).split("/");
        return switch (parts[0] + parts.length) {
            case "version1" -> Optional.of(version());
            case "api1" -> Optional.of(legacyVersions());
            case "apis1" -> Optional.of(groups());
            case "apis2" -> group(parts[1]);
            case "api2" -> resources("", parts[1]);
            case "apis3" -> resources(parts[1], parts[2]);
            case "openapi2" -> Optional.of(parts[1]).filter("v3"::equals).map(v3 -> openApiIndex());
            case "openapi4" -> Optional.of(openApi("", parts[3]));
            case "openapi5" -> Optional.of(openApi(parts[3], parts[4]));
            default -> Optional.empty();
        };
    }

    private static ObjectNode version() {
        return Json.object()
                .put("major", "1")
                .put("minor", "36")
                .put("gitVersion", "v1.36.0-embedded")
                .put("platform", "embedded");
    }

    private static ObjectNode legacyVersions() {
        ObjectNode node = Json.object().put("kind", "APIVersions");
        node.putArray("versions").add("v1");
        return node;
    }

    private ObjectNode groups() {
        ObjectNode list = Json.object().put("kind", "APIGroupList").put("apiVersion", "v1");
        ArrayNode groups = list.putArray("groups");
        new TreeSet<>(all().stream().map(Kind::group).filter(g -> !g.isEmpty()).toList())
                .forEach(name -> groups.add(group(name).orElseThrow()));
        return list;
    }

    private Optional<ObjectNode> group(String name) {
        return all().stream().filter(k -> k.group().equals(name)).findFirst().map(kind -> {
            ObjectNode version =
                    Json.object().put("groupVersion", kind.apiVersion()).put("version", kind.version());
            ObjectNode group = Json.object()
                    .put("kind", "APIGroup")
                    .put("apiVersion", "v1")
                    .put("name", name);
            group.putArray("versions").add(version);
            group.set("preferredVersion", version);
            return group;
        });
    }

    private Optional<ObjectNode> resources(String group, String version) {
        List<Kind> kinds = of(group, version);
        ObjectNode list = Json.object().put("kind", "APIResourceList").put("apiVersion", "v1");
        list.put("groupVersion", group.isEmpty() ? version : group + "/" + version);
        ArrayNode resources = list.putArray("resources");
        for (Kind kind : kinds) {
            ObjectNode main = resource(resources, kind, kind.plural(), kind.kind());
            main.put("singularName", kind.kind().toLowerCase(Locale.ROOT));
            List<String> verbs = kind.kind().startsWith("SelfSubject")
                    ? List.of("create")
                    : List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");
            verbs.forEach(main.withArray("verbs")::add);
            kind.shortNames().forEach(main.withArray("shortNames")::add);
            kind.categories().forEach(main.withArray("categories")::add);
            if (kind.hasStatus()) {
                subresource(resources, kind, "status", kind.kind(), "get", "patch", "update");
            }
            if (kind.scale().isObject()) {
                subresource(resources, kind, "scale", "Scale", "get", "patch", "update")
                        .put("group", "autoscaling")
                        .put("version", "v1");
            }
            if (kind.equals(POD)) {
                subresource(resources, kind, "log", "Pod", "get");
                subresource(resources, kind, "eviction", "Eviction", "create")
                        .put("group", "policy")
                        .put("version", "v1");
            }
        }
        return kinds.isEmpty() ? Optional.empty() : Optional.of(list);
    }

    private List<Kind> of(String group, String version) {
        return all().stream()
                .filter(k -> k.group().equals(group) && k.version().equals(version))
                .toList();
    }

    private static ObjectNode resource(ArrayNode resources, Kind kind, String name, String kindName) {
        return resources
                .addObject()
                .put("name", name)
                .put("singularName", "")
                .put("namespaced", kind.namespaced())
                .put("kind", kindName);
    }

    private static ObjectNode subresource(
            ArrayNode resources, Kind kind, String name, String kindName, String... verbs) {
        ObjectNode node = resource(resources, kind, kind.plural() + "/" + name, kindName);
        List.of(verbs).forEach(node.withArray("verbs")::add);
        return node;
    }

    private ObjectNode openApiIndex() {
        ObjectNode index = Json.object();
        ObjectNode paths = index.putObject("paths");
        new TreeSet<>(all().stream().map(Kind::apiVersion).toList()).forEach(version -> {
            String path = version.contains("/") ? "apis/" + version : "api/" + version;
            paths.putObject(path).put("serverRelativeURL", "/openapi/v3/" + path);
        });
        return index;
    }

    /** As much as {@code kubectl} reads: that PATCH takes {@code fieldValidation}, and what {@code explain} shows. */
    private ObjectNode openApi(String group, String version) {
        ObjectNode document = Json.object().put("openapi", "3.0.0");
        document.putObject("info").put("title", "embedded").put("version", "v1");
        ObjectNode paths = document.putObject("paths");
        ObjectNode schemas = document.putObject("components").putObject("schemas");
        for (Kind kind : of(group, version)) {
            ObjectNode gvk =
                    Json.object().put("group", group).put("version", version).put("kind", kind.kind());
            String path = (group.isEmpty() ? "/api/" : "/apis/") + kind.apiVersion() + "/"
                    + (kind.namespaced() ? "namespaces/{namespace}/" : "") + kind.plural() + "/{name}";
            ObjectNode operations = paths.putObject(path);
            for (String verb : List.of("get", "patch")) {
                ObjectNode operation = operations.putObject(verb).put("x-kubernetes-action", verb);
                operation.set("x-kubernetes-group-version-kind", gvk);
                operation
                        .withArray("parameters")
                        .addObject()
                        .put("name", "fieldValidation")
                        .put("in", "query");
            }
            ObjectNode schema =
                    kind.custom() ? kind.schema().deepCopy() : Json.object().put("type", "object");
            schema.putArray("x-kubernetes-group-version-kind").add(gvk);
            schemas.set((group.isEmpty() ? "core" : group) + "." + version + "." + kind.kind(), schema);
        }
        return document;
    }
}
