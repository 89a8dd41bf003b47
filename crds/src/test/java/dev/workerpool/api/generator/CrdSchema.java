package dev.workerpool.api.generator;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.workerpool.api.WorkerPool;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRuleBuilder;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The CRD, made from the annotated types; what annotations cannot say is added here. */
final class CrdSchema implements CRDPostProcessor {
    private static final double MAX_INT = Integer.MAX_VALUE;

    /** As {@code kubectl get wp} shows them; the generator sorts them by path. */
    private static final List<String> COLUMNS =
            List.of("Version", "Running", "Desired", "Updated", "Available", "Progress", "Status", "Breaker", "Age");

    /** What Kubernetes requires in a pod, by the property that holds it; the client's classes do not say. */
    private static final Map<String, List<String>> REQUIRED_IN_PODS = Map.ofEntries(
            Map.entry("containers", List.of("name")),
            Map.entry("initContainers", List.of("name")),
            Map.entry("env", List.of("name")),
            Map.entry("ports", List.of("containerPort")),
            Map.entry("volumeMounts", List.of("name", "mountPath")),
            Map.entry("volumeDevices", List.of("name", "devicePath")),
            Map.entry("volumes", List.of("name")),
            Map.entry("items", List.of("key", "path")),
            Map.entry("httpGet", List.of("port")),
            Map.entry("tcpSocket", List.of("port")),
            Map.entry("grpc", List.of("port")),
            Map.entry("httpHeaders", List.of("name", "value")),
            Map.entry("configMapKeyRef", List.of("key")),
            Map.entry("secretKeyRef", List.of("key")),
            Map.entry("fieldRef", List.of("fieldPath")),
            Map.entry("resourceFieldRef", List.of("resource")),
            Map.entry("hostPath", List.of("path")),
            Map.entry("nfs", List.of("server", "path")),
            Map.entry("persistentVolumeClaim", List.of("claimName")),
            Map.entry("hostAliases", List.of("ip")),
            Map.entry("readinessGates", List.of("conditionType")),
            Map.entry("topologySpreadConstraints", List.of("maxSkew", "topologyKey", "whenUnsatisfiable")),
            Map.entry("matchExpressions", List.of("key", "operator")));

    private CrdSchema() {}

    /** The CRD as YAML. */
    static String yaml() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new CRDGenerator()
                .customResourceClasses(WorkerPool.class)
                .forCRDVersions("v1")
                .withMinQuotes(true)
                .withPostProcessor(new CrdSchema())
                .withOutput(new CRDGenerator.AbstractCRDOutput<ByteArrayOutputStream>() {
                    @Override
                    protected ByteArrayOutputStream createStreamFor(String name) {
                        return bytes;
                    }
                })
                .generate();
        // Bounds are doubles in the model; people, and tools that compare texts, want to read whole numbers.
        return bytes.toString(StandardCharsets.UTF_8)
                .replace("2.147483647E9", "2147483647")
                .replaceAll("((?:minimum|maximum): \\d+)\\.0\n", "$1\n");
    }

    @Override
    public HasMetadata process(HasMetadata crd, String crdSpecVersion) {
        CustomResourceDefinitionVersion version =
                ((CustomResourceDefinition) crd).getSpec().getVersions().get(0);
        version.getAdditionalPrinterColumns()
                .sort(Comparator.comparing((CustomResourceColumnDefinition c) -> COLUMNS.indexOf(c.getName())));
        // The API server stores no priority of 0, and an apply of one would find a change each time.
        version.getAdditionalPrinterColumns().forEach(column -> column.setPriority(null));
        JSONSchemaProps root = version.getSchema().getOpenAPIV3Schema();
        root.setDescription("A number of workers that all run one version; edit spec.version to deploy.");
        root.setRequired(List.of("spec"));
        spec(at(root, "spec"));
        status(at(root, "status"));
        return crd;
    }

    private static void spec(JSONSchemaProps spec) {
        spec.setDescription("What is asked for.");
        // So that the defaults within are stored, and shown, when the whole object is left out.
        for (String settings : List.of("rollout", "drain", "circuitBreaker")) {
            at(spec, settings).setDefault(JsonNodeFactory.instance.objectNode());
        }
        template(at(spec, "template"));
        everywhere("spec", spec, (name, schema) -> {
            dropRepeatedRules(schema);
            boundIntegers(name, schema);
        });
    }

    private static void template(JSONSchemaProps template) {
        template.setRequired(List.of("spec"));
        JSONSchemaProps pod = at(template, "spec");
        // No pod can be created with them.
        pod.getProperties().remove("ephemeralContainers");
        JSONSchemaProps claim = at(pod, "volumes.ephemeral.volumeClaimTemplate");
        for (JSONSchemaProps holder : List.of(template, claim)) {
            // Of an object's metadata only this makes sense before the object exists.
            JSONSchemaProps metadata = at(holder, "metadata");
            metadata.getProperties().keySet().retainAll(List.of("labels", "annotations", "finalizers"));
        }
        for (String map : List.of("labels", "annotations")) {
            JSONSchemaProps schema = at(template, "metadata." + map);
            // A rule over a map needs a bound, or the API server takes it for too expensive.
            schema.setMaxProperties(500L);
            schema.getXKubernetesValidations()
                    .add(rule(
                            "self.all(k, !k.startsWith('workerpool.dev/'))",
                            "spec.template.metadata." + map + " must have none under workerpool.dev/, which are the"
                                    + " operator's own; take them away or choose another prefix",
                            null));
        }
        everywhere("template", template, (name, schema) -> {
            require(name, schema);
            allowFractions(name, schema);
        });
        pod.setRequired(List.of("containers"));
        at(pod, "containers", false).setMinItems(1L);
        for (String list : List.of("containers", "initContainers", "volumes")) {
            listMap(at(pod, list, false), "name");
        }
        pod.getXKubernetesValidations()
                .addAll(List.of(
                        rule(
                                "!has(self.restartPolicy) || self.restartPolicy == 'Always'",
                                "spec.template.spec.restartPolicy must be Always, since workers run until they are"
                                        + " replaced; write Always or leave it out",
                                ".restartPolicy"),
                        rule(
                                "!has(self.activeDeadlineSeconds)",
                                "spec.template.spec.activeDeadlineSeconds must be absent, since workers run until they"
                                        + " are replaced; leave it out",
                                ".activeDeadlineSeconds")));
        PodDescriptions.addTo(template);
    }

    private static void status(JSONSchemaProps status) {
        status.setDescription("What the operator says of the pool; never written by users.");
        JSONSchemaProps conditions = at(status, "conditions", false);
        conditions.getItems().getSchema().setRequired(List.of("type", "status"));
        listMap(conditions, "type");
        Map.of(
                        "type", "Which condition it is.",
                        "status", "True, False or Unknown.",
                        "reason", "Why, in one word.",
                        "message", "Why, in a sentence: what happens, to which worker, and until when or what to do.",
                        "lastTransitionTime", "When status last changed.",
                        "observedGeneration", "The metadata.generation that it speaks of.")
                .forEach((name, text) ->
                        at(status, "conditions").getProperties().get(name).setDescription(text));
        everywhere("status", status, (name, schema) -> {
            if ("string".equals(schema.getType()) && name.matches("time|.*(Time|At|Since)")) {
                schema.setFormat("date-time");
            }
        });
    }

    /**
     * A fraction such as {@code cpu: 0.5} is no int-or-string, and a schema of the API server has no other type for it: so
     * any type, of which no object and no list passes.
     */
    private static void allowFractions(String name, JSONSchemaProps schema) {
        if (!Set.of("limits", "requests", "overhead").contains(name)) {
            return;
        }
        JSONSchemaProps quantity = new JSONSchemaProps();
        quantity.setXKubernetesPreserveUnknownFields(true);
        quantity.setMinProperties(1L);
        quantity.setMaxProperties(0L);
        quantity.setMinItems(1L);
        quantity.setMaxItems(0L);
        schema.getAdditionalProperties().setSchema(quantity);
    }

    private static void require(String name, JSONSchemaProps schema) {
        JSONSchemaProps object =
                schema.getItems() == null ? schema : schema.getItems().getSchema();
        List<String> required = new ArrayList<>(REQUIRED_IN_PODS.getOrDefault(name, List.of()));
        required.retainAll(object.getProperties().keySet());
        if (!required.isEmpty()) {
            object.setRequired(required);
        }
    }

    /** A number that Java's int cannot hold would make the stored pool unreadable; the API server refuses it. */
    private static void boundIntegers(String name, JSONSchemaProps schema) {
        boolean port = name.equals("port") && Boolean.TRUE.equals(schema.getXKubernetesIntOrString());
        if (!"integer".equals(schema.getType()) && !port) {
            return;
        }
        if (schema.getMinimum() == null) {
            schema.setMinimum(-MAX_INT);
        }
        if (schema.getMaximum() == null) {
            schema.setMaximum(MAX_INT);
        }
    }

    /** The generator finds an annotation on a record's field and on its accessor. */
    private static void dropRepeatedRules(JSONSchemaProps schema) {
        schema.setXKubernetesValidations(new ArrayList<>(new LinkedHashSet<>(schema.getXKubernetesValidations())));
    }

    private static void listMap(JSONSchemaProps list, String key) {
        list.setXKubernetesListType("map");
        list.setXKubernetesListMapKeys(List.of(key));
    }

    private static ValidationRule rule(String rule, String message, String fieldPath) {
        return new ValidationRuleBuilder()
                .withRule(rule)
                .withMessage(message)
                .withFieldPath(fieldPath)
                .build();
    }

    /** What is at the path below a schema, which may lead through lists; the items, if the end is a list. */
    static JSONSchemaProps at(JSONSchemaProps schema, String path) {
        return at(schema, path, true);
    }

    private static JSONSchemaProps at(JSONSchemaProps schema, String path, boolean intoList) {
        JSONSchemaProps found = schema;
        for (String name : path.split("\\.")) {
            found = found.getItems() == null ? found : found.getItems().getSchema();
            found = found.getProperties().get(name);
            if (found == null) {
                throw new IllegalArgumentException("The schema has no " + path + ": " + name + " is missing");
            }
        }
        return intoList && found.getItems() != null ? found.getItems().getSchema() : found;
    }

    private static void everywhere(String name, JSONSchemaProps schema, Visitor visitor) {
        visitor.visit(name, schema);
        schema.getProperties().forEach((n, s) -> everywhere(n, s, visitor));
        if (schema.getItems() != null) {
            JSONSchemaProps items = schema.getItems().getSchema();
            items.getProperties().forEach((n, s) -> everywhere(n, s, visitor));
        }
    }

    private interface Visitor {
        void visit(String name, JSONSchemaProps schema);
    }
}
