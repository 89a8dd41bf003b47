package dev.workerpool.operator;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Looks, before the operator starts, at what it cannot work without: an API server that answers, the permissions of
 * {@code deploy/base/rbac.yaml}, the CRD. Each lack is one sentence with the command that mends it.
 */
final class Preflight {
    /** A permission: a verb on a resource of an API group, {@code resource/subresource} where it is one. */
    record Permission(String verb, String group, String resource) {
        @Override
        public String toString() {
            return verb + " " + resource + (group.isEmpty() ? "" : "." + group);
        }
    }

    /** What the operator does in the namespaces of its pools: no more, and no less. */
    static final List<Permission> IN_POOL_NAMESPACES = List.of(
                    of("workerpool.dev", "workerpools", "get", "list", "watch"),
                    of("workerpool.dev", "workerpools/status", "get", "update", "patch"),
                    of("", "pods", "get", "list", "watch", "create", "delete"),
                    of("", "pods/eviction", "create"),
                    of("", "pods/log", "get"),
                    of("apps", "controllerrevisions", "get", "list", "watch", "create", "update", "patch", "delete"),
                    of("", "events", "list", "create", "patch"))
            .stream()
            .flatMap(List::stream)
            .toList();

    static final List<Permission> IN_LEASE_NAMESPACE = of("coordination.k8s.io", "leases", "get", "create", "update");

    private static final String MEND_DEPLOYMENT = "mend it with: kubectl apply -k deploy";

    private Preflight() {}

    /** What is missing and how to mend it, in one line; empty if nothing is. */
    static Optional<String> problem(KubernetesClient client, Options options) {
        String server = client.getConfiguration().getMasterUrl();
        try {
            client.getKubernetesVersion();
            List<String> denied = denied(client, options);
            if (!denied.isEmpty()) {
                return Optional.of("Missing permissions on " + server + ": " + String.join(", ", denied) + "; "
                        + MEND_DEPLOYMENT + " (as a cluster administrator)");
            }
            return missingResource(client, options);
        } catch (KubernetesClientException e) {
            return Optional.of(explain(server, e));
        }
    }

    private static List<String> denied(KubernetesClient client, Options options) {
        List<String> denied = new ArrayList<>();
        if (options.namespaces().isEmpty()) {
            collectDenied(client, null, IN_POOL_NAMESPACES, denied);
        }
        for (String namespace : options.namespaces()) {
            collectDenied(client, namespace, IN_POOL_NAMESPACES, denied);
        }
        options.leaseNamespace().ifPresent(namespace -> collectDenied(client, namespace, IN_LEASE_NAMESPACE, denied));
        return denied;
    }

    private static void collectDenied(
            KubernetesClient client, String namespace, List<Permission> wanted, List<String> denied) {
        for (Permission permission : wanted) {
            if (!allowed(client, namespace, permission)) {
                denied.add(permission + (namespace == null ? " in all namespaces" : " in namespace " + namespace));
            }
        }
    }

    private static boolean allowed(KubernetesClient client, String namespace, Permission permission) {
        String[] resource = permission.resource().split("/", 2);
        SelfSubjectAccessReview review = new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withNewResourceAttributes()
                .withNamespace(namespace)
                .withGroup(permission.group())
                .withResource(resource[0])
                .withSubresource(resource.length == 2 ? resource[1] : null)
                .withVerb(permission.verb())
                .endResourceAttributes()
                .endSpec()
                .build();
        SelfSubjectAccessReview answer = client.resource(review).create();
        return answer.getStatus() != null
                && Boolean.TRUE.equals(answer.getStatus().getAllowed());
    }

    private static Optional<String> missingResource(KubernetesClient client, Options options) {
        try {
            var pools = client.genericKubernetesResources("workerpool.dev/v1alpha1", "WorkerPool");
            var scoped = options.namespaces().isEmpty()
                    ? pools.inAnyNamespace()
                    : pools.inNamespace(options.namespaces().iterator().next());
            scoped.list(new ListOptionsBuilder().withLimit(1L).build());
            return Optional.empty();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
            return Optional.of("The cluster at " + client.getConfiguration().getMasterUrl()
                    + " does not know WorkerPools: the CRD " + new WorkerPool().getFullResourceName()
                    + " is missing; mend it with: kubectl apply -f crds/workerpools.workerpool.dev-v1.yml");
        }
    }

    /** For a request that failed: by the answer's code, or for want of an answer. */
    private static String explain(String server, KubernetesClientException failure) {
        return switch (failure.getCode()) {
            case 0 ->
                "The API server at " + server + " does not answer: " + rootCause(failure)
                        + "; look with: kubectl cluster-info";
            case HttpURLConnection.HTTP_UNAUTHORIZED ->
                "The API server at " + server + " does not accept the credentials of the kubeconfig; look with:"
                        + " kubectl auth whoami";
            default ->
                "The API server at " + server + " answers " + failure.getCode() + ": " + oneLine(failure.getMessage())
                        + "; look with: kubectl get --raw /readyz?verbose";
        };
    }

    private static String rootCause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String message = cause.getMessage();
        return message == null || message.isBlank() ? cause.getClass().getSimpleName() : oneLine(message);
    }

    static String oneLine(String text) {
        return String.valueOf(text).replaceAll("\\s+", " ").strip();
    }

    private static List<Permission> of(String group, String resource, String... verbs) {
        return List.of(verbs).stream()
                .map(verb -> new Permission(verb, group, resource))
                .toList();
    }
}
