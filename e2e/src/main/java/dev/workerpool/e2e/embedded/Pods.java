package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** The subresources of pods that are no part of the object: eviction and log. */
final class Pods {
    private final Store store;
    private final Deletion deletion;
    private final Nodes nodes;

    Pods(Store store, Deletion deletion, Nodes nodes) {
        this.store = store;
        this.deletion = deletion;
        this.nodes = nodes;
    }

    /** The answer if the call asks for one of them. */
    Optional<Reply> subresource(Call call) {
        return switch (call.subresource()) {
            case "eviction" -> Optional.of(store.locked(() -> evict(call)));
            case "log" -> Optional.of(store.locked(() -> log(call)));
            default -> Optional.empty();
        };
    }

    private ObjectNode pod(Call call) {
        ObjectNode pod = call.kind().equals(Kinds.POD) ? store.get(call.key()) : null;
        if (pod == null) {
            throw ApiError.notFound(call.kind(), call.name());
        }
        return pod;
    }

    private Reply evict(Call call) {
        ObjectNode eviction = call.object();
        ObjectNode pod = pod(call);
        ObjectNode options = Json.child(eviction, "deleteOptions");
        String uid = options.at("/preconditions/uid").asText("");
        if (uid.isEmpty() || uid.equals(Json.uid(pod))) {
            // A real server charges the budget before it looks at a resourceVersion, but not before the uid.
            new Disruptions(store).allow(pod);
        }
        boolean dryRun = call.dryRun() || options.path("dryRun").toString().contains("All");
        String grace = options.path("gracePeriodSeconds").asText("");
        deletion.delete(Kinds.POD, pod, options, "Background", grace, dryRun);
        return Reply.json(
                201, Json.object().put("kind", "Status").put("apiVersion", "v1").put("status", "Success"));
    }

    private Reply log(Call call) {
        ObjectNode pod = pod(call);
        String container = call.query("container").isEmpty()
                ? pod.at("/spec/containers/0/name").asText()
                : call.query("container");
        boolean previous = call.query("previous").equals("true");
        String why = previous
                ? "previous terminated container \"%s\" in pod \"%s\" not found".formatted(container, call.name())
                : "container \"%s\" in pod \"%s\" is waiting to start: %s"
                        .formatted(container, call.name(), waitingFor(pod));
        List<String> lines = nodes.log(Json.uid(pod), previous).orElseThrow(() -> ApiError.badRequest(why));
        int tail = call.query("tailLines").isEmpty() ? lines.size() : Integer.parseInt(call.query("tailLines"));
        List<String> wanted = lines.subList(Math.max(0, lines.size() - tail), lines.size());
        return Reply.text(wanted.isEmpty() ? "" : String.join("\n", wanted) + "\n");
    }

    private static String waitingFor(ObjectNode pod) {
        String reason =
                pod.at("/status/containerStatuses/0/state/waiting/reason").asText("ContainerCreating");
        return reason.matches("ErrImagePull|ImagePullBackOff") ? "trying and failing to pull image" : reason;
    }
}
