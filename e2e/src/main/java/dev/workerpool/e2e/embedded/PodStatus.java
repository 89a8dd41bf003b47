package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** The status of a pod, as a kubelet writes it. */
final class PodStatus {
    private PodStatus() {}

    /** The state of a container: one of waiting, running, terminated, and its fields. */
    record State(String name, ObjectNode fields) {
        static State waiting(String reason, String message) {
            ObjectNode fields = Json.object().put("reason", reason);
            return new State("waiting", message.isEmpty() ? fields : fields.put("message", message));
        }

        static State running(String startedAt) {
            return new State("running", Json.object().put("startedAt", startedAt));
        }

        static State terminated(ObjectNode termination) {
            return new State("terminated", termination);
        }

        boolean running() {
            return name.equals("running");
        }
    }

    static ObjectNode termination(int code, String message, String startedAt) {
        return Json.object()
                .put("exitCode", code)
                .put("reason", code == 0 ? "Completed" : "Error")
                .put("message", message)
                .put("startedAt", startedAt.isEmpty() ? Json.now() : startedAt)
                .put("finishedAt", Json.now());
    }

    static void unschedulable(ObjectNode pod) {
        condition(pod, "PodScheduled", false, "Unschedulable", "0/2 nodes are available: 2 Too many pods.");
    }

    static void render(ObjectNode pod, State first, boolean ready, int restarts, ObjectNode lastTermination) {
        ObjectNode status = Json.child(pod, "status");
        boolean creating = first.fields().path("reason").asText().equals("ContainerCreating");
        boolean everRan = first.running() || restarts > 0 || lastTermination != null;
        status.put("phase", everRan ? "Running" : "Pending");
        if (!status.has("startTime")) {
            status.put("startTime", Json.now()).put("hostIP", "127.0.0.1");
        }
        if (everRan) {
            status.put("podIP", "127.0.0.1").putArray("podIPs").addObject().put("ip", "127.0.0.1");
        }
        ArrayNode initStatuses = status.putArray("initContainerStatuses");
        for (JsonNode container : Json.at(pod, "spec.initContainers")) {
            boolean sidecar = container.path("restartPolicy").asText().equals("Always");
            State done = sidecar ? State.running(Json.now()) : State.terminated(termination(0, "", ""));
            container(initStatuses, container, everRan ? done : first, everRan, 0);
        }
        ArrayNode statuses = status.putArray("containerStatuses");
        for (JsonNode container : Json.at(pod, "spec.containers")) {
            if (statuses.isEmpty()) {
                ObjectNode one = container(statuses, container, first, ready, restarts);
                if (lastTermination != null && !first.name().equals("terminated")) {
                    Json.child(one, "lastState").set("terminated", lastTermination);
                }
            } else {
                boolean runs = everRan && !creating;
                State waits = State.waiting("ContainerCreating", "");
                container(
                        statuses, container, runs ? State.running(Json.text(pod, "status.startTime")) : waits, runs, 0);
            }
        }
        if (initStatuses.isEmpty()) {
            status.remove("initContainerStatuses");
        }
        condition(pod, "PodScheduled", true, "", "");
        condition(pod, "Initialized", true, "", "");
        String unready = pod.at("/spec/containers/0/name").asText();
        String why = ready ? "" : "containers with unready status: [" + unready + "]";
        condition(pod, "ContainersReady", ready, ready ? "" : "ContainersNotReady", why);
        if (ready && !gatesMet(pod)) {
            condition(pod, "Ready", false, "ReadinessGatesNotReady", "a readiness gate is not True");
        } else {
            condition(pod, "Ready", ready, ready ? "" : "ContainersNotReady", why);
        }
    }

    private static boolean gatesMet(ObjectNode pod) {
        for (JsonNode gate : Json.at(pod, "spec.readinessGates")) {
            boolean met = false;
            for (JsonNode condition : Json.at(pod, "status.conditions")) {
                met |= condition.path("type").equals(gate.path("conditionType"))
                        && condition.path("status").asText().equals("True");
            }
            if (!met) {
                return false;
            }
        }
        return true;
    }

    private static ObjectNode container(ArrayNode list, JsonNode container, State state, boolean ready, int restarts) {
        ObjectNode status = list.addObject()
                .put("name", container.path("name").asText())
                .put("image", container.path("image").asText())
                .put("imageID", "")
                .put("ready", ready)
                .put("started", state.running())
                .put("restartCount", restarts);
        status.putObject("state").set(state.name(), state.fields());
        status.putObject("lastState");
        return status;
    }

    /** Sets a condition; its transition time moves only if its status does. */
    static void condition(ObjectNode pod, String type, boolean holds, String reason, String message) {
        ArrayNode conditions = Json.child(pod, "status").withArray("conditions");
        ObjectNode condition = null;
        for (JsonNode each : conditions) {
            if (each.path("type").asText().equals(type)) {
                condition = (ObjectNode) each;
            }
        }
        if (condition == null) {
            condition = conditions.addObject().put("type", type);
        }
        String status = holds ? "True" : "False";
        if (!condition.path("status").asText().equals(status)) {
            condition.put("status", status).put("lastTransitionTime", Json.now());
        }
        condition.remove("reason");
        condition.remove("message");
        if (!reason.isEmpty()) {
            condition.put("reason", reason).put("message", message);
        }
    }

    /** Why the containers cannot be made: a ConfigMap or Secret that their environment asks for is not there. */
    static Optional<String> missingReference(ObjectNode pod, Store store) {
        String namespace = Json.namespace(pod);
        for (JsonNode container : Json.at(pod, "spec.containers")) {
            for (JsonNode source : container.path("envFrom")) {
                Optional<String> missing = missing(store, namespace, source, "configMapRef", "secretRef");
                if (missing.isPresent()) {
                    return missing;
                }
            }
            for (JsonNode variable : container.path("env")) {
                JsonNode source = variable.path("valueFrom");
                Optional<String> missing = missing(store, namespace, source, "configMapKeyRef", "secretKeyRef");
                if (missing.isPresent()) {
                    return missing;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> missing(
            Store store, String namespace, JsonNode source, String configMap, String secret) {
        if (absent(store, Kinds.CONFIG_MAP, namespace, source.path(configMap))) {
            return Optional.of("configmap \"%s\" not found"
                    .formatted(source.at("/" + configMap + "/name").asText()));
        }
        if (absent(store, Kinds.SECRET, namespace, source.path(secret))) {
            return Optional.of("secret \"%s\" not found"
                    .formatted(source.at("/" + secret + "/name").asText()));
        }
        return Optional.empty();
    }

    private static boolean absent(Store store, Kind kind, String namespace, JsonNode reference) {
        String name = reference.path("name").asText("");
        return !name.isEmpty()
                && !reference.path("optional").asBoolean()
                && store.get(kind.key(namespace, name)) == null;
    }
}
