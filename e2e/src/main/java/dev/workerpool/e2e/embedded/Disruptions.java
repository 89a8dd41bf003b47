package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * What PodDisruptionBudgets allow, counted afresh at each eviction. A real server reads a count that a controller wrote
 * and that lags; it also expects as many pods as the owner's scale says, here as many as match.
 */
final class Disruptions {
    private final Store store;

    Disruptions(Store store) {
        this.store = store;
    }

    /** @throws ApiError 429 if a budget forbids to evict the pod now, 500 if two budgets cover it */
    void allow(ObjectNode pod) {
        String phase = Json.text(pod, "status.phase");
        if (Json.terminating(pod) || phase.matches("Pending|Succeeded|Failed")) {
            return;
        }
        List<ObjectNode> budgets = store.list(Kinds.BUDGET.storage(), Json.namespace(pod)).stream()
                .filter(budget -> covers(budget, pod))
                .toList();
        if (budgets.size() > 1) {
            throw ApiError.of(
                    500,
                    "InternalError",
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }
        for (ObjectNode budget : budgets) {
            List<ObjectNode> covered = store.list(Kinds.POD.storage(), Json.namespace(pod)).stream()
                    .filter(other -> covers(budget, other))
                    .toList();
            long healthy = covered.stream()
                    .filter(p ->
                            !Json.terminating(p) && Json.condition(p, "Ready").equals("True"))
                    .count();
            long needed = needed(budget, covered.size());
            boolean unhealthy = !Json.condition(pod, "Ready").equals("True");
            String policy = Json.text(budget, "spec.unhealthyPodEvictionPolicy");
            if (unhealthy && (policy.equals("AlwaysAllow") || needed > 0 && healthy >= needed)) {
                return;
            }
            if (healthy <= needed) {
                String why = "The disruption budget %s needs %d healthy pods and has %d currently"
                        .formatted(Json.name(budget), needed, healthy);
                throw ApiError.of(
                                429,
                                "TooManyRequests",
                                "Cannot evict pod as it would violate the pod's disruption budget.")
                        .because(new ApiError.Cause("DisruptionBudget", "", why));
            }
        }
    }

    private static boolean covers(ObjectNode budget, JsonNode pod) {
        return Selectors.of(Json.at(budget, "spec.selector")).test(Json.labels(pod));
    }

    private static long needed(ObjectNode budget, int expected) {
        JsonNode unavailable = Json.at(budget, "spec.maxUnavailable");
        return unavailable.isMissingNode()
                ? count(Json.at(budget, "spec.minAvailable"), expected)
                : Math.max(0, expected - count(unavailable, expected));
    }

    /** A number, or a percentage rounded up. */
    private static long count(JsonNode value, int of) {
        String text = value.asText("1");
        return text.endsWith("%")
                ? (long) Math.ceil(of * Integer.parseInt(text.substring(0, text.length() - 1)) / 100.0)
                : Long.parseLong(text);
    }
}
