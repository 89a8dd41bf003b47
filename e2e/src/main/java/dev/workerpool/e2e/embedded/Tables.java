package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code kubectl get} prints: a CRD's own printer columns, those of pods and events, else name and age. */
final class Tables {
    private static final Pattern FILTER = Pattern.compile("\\[\\?\\(@\\.(\\w+)\\s*==\\s*[\"']([^\"']*)[\"']\\)]");
    private static final Pattern STEP = Pattern.compile("\\.([A-Za-z0-9_-]+)|" + FILTER.pattern() + "|\\[(\\d+)]");

    private record Column(String name, String type, int priority, Function<ObjectNode, String> cell) {
        Column(String name, Function<ObjectNode, String> cell) {
            this(name, "string", 0, cell);
        }
    }

    private Tables() {}

    static ObjectNode of(Kind kind, List<ObjectNode> objects, String version, boolean withHeader) {
        List<Column> columns = columns(kind);
        ObjectNode table = Json.object().put("kind", "Table").put("apiVersion", "meta.k8s.io/v1");
        table.putObject("metadata").put("resourceVersion", version);
        ArrayNode header = table.putArray("columnDefinitions");
        if (withHeader) {
            columns.forEach(column -> header.addObject()
                    .put("name", column.name())
                    .put("type", column.type())
                    .put("format", column.name().equals("Name") ? "name" : "")
                    .put("description", "")
                    .put("priority", column.priority()));
        }
        ArrayNode rows = table.putArray("rows");
        for (ObjectNode object : objects) {
            ObjectNode row = rows.addObject();
            ArrayNode cells = row.putArray("cells");
            columns.forEach(column -> cells.add(column.cell().apply(object)));
            row.putObject("object")
                    .put("kind", "PartialObjectMetadata")
                    .put("apiVersion", "meta.k8s.io/v1")
                    .set("metadata", object.path("metadata"));
        }
        return table;
    }

    private static List<Column> columns(Kind kind) {
        List<Column> columns = new ArrayList<>();
        columns.add(new Column("Name", Json::name));
        Column age = new Column("Age", object -> since(Json.text(object, "metadata.creationTimestamp")));
        if (kind.custom() && !kind.printerColumns().isEmpty()) {
            kind.printerColumns()
                    .forEach(c -> columns.add(new Column(
                            c.path("name").asText(),
                            c.path("type").asText(),
                            c.path("priority").asInt(),
                            object -> custom(object, c))));
            return columns;
        }
        switch (kind.kind()) {
            case "Pod" ->
                columns.addAll(List.of(
                        new Column("Ready", Tables::readyContainers),
                        new Column("Status", Tables::podStatus),
                        new Column("Restarts", pod -> String.valueOf(restarts(pod))),
                        age,
                        new Column("IP", "string", 1, pod -> Json.text(pod, "status.podIP")),
                        new Column("Node", "string", 1, pod -> Json.text(pod, "spec.nodeName"))));
            case "Namespace" -> columns.addAll(List.of(new Column("Status", o -> Json.text(o, "status.phase")), age));
            case "Event" -> {
                columns.clear();
                columns.addAll(List.of(
                        new Column("Last Seen", e -> since(Json.text(e, "lastTimestamp"))),
                        new Column("Type", e -> Json.text(e, "type")),
                        new Column("Reason", e -> Json.text(e, "reason")),
                        new Column(
                                "Object",
                                e -> Json.text(e, "involvedObject.kind").toLowerCase(Locale.ROOT) + "/"
                                        + Json.text(e, "involvedObject.name")),
                        new Column("Message", e -> Json.text(e, "message"))));
            }
            default -> columns.add(age);
        }
        return columns;
    }

    private static String custom(ObjectNode object, JsonNode column) {
        JsonNode value = read(object, column.path("jsonPath").asText());
        String text = value.isValueNode() ? value.asText("") : value.isMissingNode() ? "" : value.toString();
        return column.path("type").asText().equals("date") ? since(text) : text;
    }

    /** A path of fields, numbers and filters, such as {@code .status.conditions[?(@.type=="Ready")].reason}. */
    static JsonNode read(JsonNode object, String path) {
        JsonNode here = object;
        Matcher step = STEP.matcher(path);
        while (step.find()) {
            if (step.group(1) != null) {
                here = here.path(step.group(1));
            } else if (step.group(4) != null) {
                here = here.path(Integer.parseInt(step.group(4)));
            } else {
                JsonNode list = here;
                here = MissingNode.getInstance();
                for (JsonNode item : list) {
                    if (item.path(step.group(2)).asText().equals(step.group(3))) {
                        here = item;
                        break;
                    }
                }
            }
        }
        return here;
    }

    private static String readyContainers(ObjectNode pod) {
        int ready = 0;
        for (JsonNode container : Json.at(pod, "status.containerStatuses")) {
            ready += container.path("ready").asBoolean() ? 1 : 0;
        }
        return ready + "/" + Json.at(pod, "spec.containers").size();
    }

    private static int restarts(ObjectNode pod) {
        int restarts = 0;
        for (JsonNode container : Json.at(pod, "status.containerStatuses")) {
            restarts += container.path("restartCount").asInt();
        }
        return restarts;
    }

    private static String podStatus(ObjectNode pod) {
        if (Json.terminating(pod)) {
            return "Terminating";
        }
        String status = Json.text(pod, "status.phase");
        for (JsonNode container : Json.at(pod, "status.containerStatuses")) {
            for (String state : new String[] {"waiting", "terminated"}) {
                String reason = container.at("/state/" + state + "/reason").asText("");
                status = reason.isEmpty() ? status : reason;
            }
        }
        String reason = Json.text(pod, "status.reason");
        return reason.isEmpty() ? status : reason;
    }

    private static String since(String time) {
        if (time.isEmpty()) {
            return "<unknown>";
        }
        Duration age = Duration.between(Instant.parse(time), Instant.now());
        long seconds = Math.max(0, age.toSeconds());
        if (seconds < 120) {
            return seconds + "s";
        }
        if (seconds < 600) {
            return seconds / 60 + "m" + (seconds % 60 == 0 ? "" : seconds % 60 + "s");
        }
        if (seconds < 3 * 3600) {
            return seconds / 60 + "m";
        }
        return seconds < 48 * 3600 ? seconds / 3600 + "h" : seconds / 86400 + "d";
    }
}
