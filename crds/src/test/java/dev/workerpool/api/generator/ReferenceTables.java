package dev.workerpool.api.generator;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tables of {@code docs/reference.md} that are made from the CRD: all fields of ours, not the pod's. */
final class ReferenceTables {
    private static final Pattern DEFAULT = Pattern.compile(" (?:Default: (.*)|(Required))\\.$");

    /** A field of ours: its path from the top, and its schema. */
    record Field(String path, JSONSchemaProps schema) {}

    private ReferenceTables() {}

    /** The text with what stands between the markers {@code <!-- spec -->} and {@code <!-- status -->} made anew. */
    static String fill(String reference, String crd) {
        return between("status", between("spec", reference, specTable(crd)), statusTable(crd));
    }

    /** All fields of ours in the order of the schema, those of the pod template left out. */
    static List<Field> fields(String crd, String top) {
        JSONSchemaProps root = Serialization.unmarshal(crd, CustomResourceDefinition.class)
                .getSpec()
                .getVersions()
                .get(0)
                .getSchema()
                .getOpenAPIV3Schema();
        List<Field> fields = new ArrayList<>();
        collect(top, root.getProperties().get(top), fields);
        return fields;
    }

    private static void collect(String path, JSONSchemaProps schema, List<Field> fields) {
        boolean list = schema.getItems() != null;
        JSONSchemaProps object = list ? schema.getItems().getSchema() : schema;
        object.getProperties().forEach((name, field) -> {
            String at = path + (list ? "[]." : ".") + name;
            fields.add(new Field(at, field));
            if (!at.equals("spec.template")) {
                collect(at, field, fields);
            }
        });
    }

    private static String specTable(String crd) {
        StringBuilder table = new StringBuilder("| field | type | default | |\n| --- | --- | --- | --- |\n");
        for (Field field : fields(crd, "spec")) {
            String text = field.schema().getDescription();
            Matcher given = DEFAULT.matcher(text);
            String fallback = !given.find() ? "" : given.group(2) != null ? "required" : given.group(1);
            table.append("| `%s` | %s | %s | %s |\n"
                    .formatted(
                            field.path(),
                            type(field.schema()),
                            fallback,
                            DEFAULT.matcher(text).replaceFirst("")));
        }
        return table.toString();
    }

    private static String statusTable(String crd) {
        StringBuilder table = new StringBuilder("| field | type | |\n| --- | --- | --- |\n");
        for (Field field : fields(crd, "status")) {
            table.append("| `%s` | %s | %s |\n"
                    .formatted(
                            field.path(), type(field.schema()), field.schema().getDescription()));
        }
        return table.toString();
    }

    private static String type(JSONSchemaProps schema) {
        if (Boolean.TRUE.equals(schema.getXKubernetesIntOrString())) {
            return "integer or string";
        }
        if (!schema.getEnum().isEmpty()) {
            List<String> values =
                    schema.getEnum().stream().map(v -> "`" + v.asText() + "`").toList();
            return String.join(", ", values);
        }
        return "date-time".equals(schema.getFormat()) ? "time" : schema.getType();
    }

    private static String between(String name, String text, String table) {
        String begin = "<!-- " + name + ": made from the CRD -->\n";
        String end = "<!-- end of " + name + " -->";
        int from = text.indexOf(begin);
        int to = text.indexOf(end);
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("docs/reference.md has lost a marker: " + begin.strip() + " or " + end);
        }
        return text.substring(0, from + begin.length()) + "\n" + table + "\n" + text.substring(to);
    }
}
