package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import java.util.Locale;

/** A served kind of object. {@code crd} is the definition it comes from, null for those built in. */
record Kind(
        String group,
        String version,
        String kind,
        String plural,
        boolean namespaced,
        boolean hasStatus,
        List<String> shortNames,
        List<String> categories,
        JsonNode crd) {

    static Kind builtIn(
            String group, String version, String kind, boolean namespaced, boolean hasStatus, String... shorts) {
        String plural = kind.toLowerCase(Locale.ROOT);
        plural = plural.endsWith("y") ? plural.substring(0, plural.length() - 1) + "ies" : plural + "s";
        List<String> categories = List.of("Pod", "Service").contains(kind) ? List.of("all") : List.of();
        return new Kind(group, version, kind, plural, namespaced, hasStatus, List.of(shorts), categories, null);
    }

    /** The first served version of a CustomResourceDefinition. */
    static Kind of(JsonNode crd) {
        JsonNode names = Json.at(crd, "spec.names");
        JsonNode version = crd.at("/spec/versions/0");
        return new Kind(
                Json.text(crd, "spec.group"),
                version.path("name").asText(),
                names.path("kind").asText(),
                names.path("plural").asText(),
                Json.text(crd, "spec.scope").equals("Namespaced"),
                version.path("subresources").has("status"),
                Json.texts(names.path("shortNames")),
                Json.texts(names.path("categories")),
                crd);
    }

    String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    /** As messages name it: {@code pods}, {@code workerpools.workerpool.dev}. */
    String resource() {
        return group.isEmpty() ? plural : plural + "." + group;
    }

    /** Where it is stored: both groups of Event share their objects. */
    String storage() {
        return kind.equals("Event") ? "events" : resource();
    }

    boolean is(String resource) {
        return resource().equals(resource);
    }

    boolean custom() {
        return crd != null;
    }

    /** The OpenAPI schema of a custom kind; missing for those built in. */
    JsonNode schema() {
        return version("schema").path("openAPIV3Schema");
    }

    /** The scale subresource's paths; missing if it has none. */
    JsonNode scale() {
        return version("subresources").path("scale");
    }

    JsonNode printerColumns() {
        return version("additionalPrinterColumns");
    }

    private JsonNode version(String field) {
        return crd == null
                ? MissingNode.getInstance()
                : crd.at("/spec/versions/0").path(field);
    }

    Store.Key key(String namespace, String name) {
        return new Store.Key(storage(), namespaced ? namespace : "", name);
    }
}
