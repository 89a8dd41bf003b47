package dev.workerpool.operator;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.health.ApiFailure;
import dev.workerpool.operator.health.WatchHealth;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, before the operator starts, at what it cannot work without: an API server that answers, the permissions of
 * {@code deploy/base/rbac.yaml}, the namespaces that were named, the CRD. Each lack is one sentence with the command that mends it.
 */
final class Preflight {
    /** Verbs on a resource of an API group, {@code resource/subresource} where it is one. */
    record Permission(String group, String resource, List<String> verbs) {
        static Permission of(String group, String resource, String... verbs) {
            return new Permission(group, resource, List.of(verbs));
        }
    }

    /** What the operator does in the namespaces of its pools: no more, and no less. */
    static final List<Permission> IN_POOL_NAMESPACES = List.of(
            Permission.of("workerpool.dev", "workerpools", "get", "list", "watch"),
            Permission.of("workerpool.dev", "workerpools/status", "update"),
            Permission.of("workerpool.dev", "workerpools/finalizers", "update"),
            Permission.of("", "pods", "get", "list", "watch", "create", "delete"),
            Permission.of("", "pods/eviction", "create"),
            Permission.of("", "pods/log", "get"),
            Permission.of("apps", "controllerrevisions", "get", "list", "watch", "create", "patch", "delete"),
            Permission.of("", "events", "list", "create"));

    static final Permission IN_LEASE_NAMESPACE =
            Permission.of("coordination.k8s.io", "leases", "get", "create", "update", "patch");

    /**
     * A leader ends when the API server was away for 10 s, and its container is started again ever later each time that it
     * ends (CrashLoopBackOff, up to 5 minutes). So the next start waits for the API server; below the startup probe's 120 s.
     */
    static final Duration LEADERS_WAIT = Duration.ofSeconds(90);

    /** Where {@code deploy} and the chart's page put the operator. */
    private static final String HOME = "workerpool-system";

    private static final Logger log = LoggerFactory.getLogger(Preflight.class);
    private static final int TOO_MANY_REQUESTS = 429;
    private static final Duration CACHE_FILLS_WITHIN = Duration.ofSeconds(15);

    private Preflight() {}

    /** Returns once the API server is ready or does not tell, or after that time. */
    static void awaitReady(KubernetesClient client, Duration atMost, Clock clock) {
        Instant until = clock.instant().plus(atMost);
        boolean told = false;
        while (RunningOperator.readiness(client) == WatchHealth.Answer.NOT_READY
                && clock.instant().isBefore(until)) {
            if (!told) {
                log.warn(
                        "Waits up to {} s for the API server at {}",
                        atMost.toSeconds(),
                        client.getConfiguration().getMasterUrl());
                told = true;
            }
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        }
    }

    /** What is missing and how to mend it, in one line; empty if nothing is. */
    static Optional<String> problem(KubernetesClient client, Options options) {
        String server = client.getConfiguration().getMasterUrl();
        try {
            client.getKubernetesVersion();
            List<String> denied = denied(client, options);
            if (!denied.isEmpty()) {
                return Optional.of("Missing permissions on " + server + ": " + String.join("; ", denied) + ". "
                        + mendPermissions(options));
            }
            Optional<String> namespace = options.namespaces().stream()
                    .sorted()
                    .filter(name -> !exists(client, name))
                    .findFirst();
            if (namespace.isPresent()) {
                return Optional.of("Namespace " + namespace.get() + " does not exist on " + server
                        + ", and WATCH_NAMESPACES names it; mend it with: kubectl create namespace " + namespace.get());
            }
            return missingResource(client, options);
        } catch (KubernetesClientException e) {
            return Optional.of(explain(server, e));
        }
    }

    private static List<String> denied(KubernetesClient client, Options options) {
        List<String> denied = new ArrayList<>();
        for (Permission permission : IN_POOL_NAMESPACES) {
            if (options.namespaces().isEmpty()) {
                denied(client, null, permission).ifPresent(denied::add);
            }
            for (String namespace : options.namespaces()) {
                denied(client, namespace, permission).ifPresent(denied::add);
            }
        }
        options.leaseNamespace()
                .flatMap(namespace -> denied(client, namespace, IN_LEASE_NAMESPACE))
                .ifPresent(denied::add);
        return denied;
    }

    /** What gives the operator the rights it has to have and no more: those of its own namespaces, where some are named. */
    private static String mendPermissions(Options options) {
        List<String> namespaces = options.namespaces().stream().sorted().toList();
        if (namespaces.isEmpty()) {
            return "Mend it with: kubectl apply -k deploy (as a cluster administrator)";
        }
        // The overlay's operator is in the one namespace that it looks after.
        String home = options.leaseNamespace().orElse(namespaces.size() == 1 ? namespaces.getFirst() : HOME);
        return namespaces.equals(List.of(home))
                ? "Mend it with: kubectl apply -k deploy/overlays/namespaced (as a cluster administrator, with namespace: "
                        + home + " in its kustomization.yaml)"
                : "Mend it with: helm upgrade workerpool-operator deploy/chart -n " + home
                        + " --reset-then-reuse-values --set 'watchNamespaces={" + String.join(",", namespaces)
                        + "}' (as a cluster administrator)";
    }

    /** {@code get, list pods in all namespaces}; empty if all of it is allowed. */
    private static Optional<String> denied(KubernetesClient client, String namespace, Permission permission) {
        List<String> verbs = permission.verbs().stream()
                .filter(verb -> !allowed(client, namespace, permission, verb))
                .toList();
        return verbs.isEmpty()
                ? Optional.empty()
                : Optional.of(String.join("/", verbs) + " " + permission.resource()
                        + (namespace == null ? " in all namespaces" : " in namespace " + namespace));
    }

    private static boolean allowed(KubernetesClient client, String namespace, Permission permission, String verb) {
        String[] resource = permission.resource().split("/", 2);
        SelfSubjectAccessReview review = new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withNewResourceAttributes()
                .withNamespace(namespace)
                .withGroup(permission.group())
                .withResource(resource[0])
                .withSubresource(resource.length == 2 ? resource[1] : null)
                .withVerb(verb)
                .endResourceAttributes()
                .endSpec()
                .build();
        SelfSubjectAccessReview answer = client.resource(review).create();
        return answer.getStatus() != null
                && Boolean.TRUE.equals(answer.getStatus().getAllowed());
    }

    /** By a dry run of what may be done there: to get the namespace itself takes a permission that nothing else needs. */
    private static boolean exists(KubernetesClient client, String namespace) {
        Event event = new EventBuilder()
                .withNewMetadata()
                .withName("workerpool-operator-preflight")
                .withNamespace(namespace)
                .endMetadata()
                .withNewInvolvedObject()
                .withNamespace(namespace)
                .endInvolvedObject()
                .build();
        try {
            client.resource(event).dryRun().create();
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return false;
            }
            // Any other refusal is of a namespace that is there: it may be terminating, or have a quota that is used
            // up.
            if (e.getCode() >= HttpURLConnection.HTTP_BAD_REQUEST
                    && e.getCode() < HttpURLConnection.HTTP_INTERNAL_ERROR) {
                return true;
            }
            throw e;
        }
    }

    private static Optional<String> missingResource(KubernetesClient client, Options options) {
        try {
            var pools = client.genericKubernetesResources(ResourceDefinitionContext.fromResourceType(WorkerPool.class));
            var scoped = options.namespaces().isEmpty()
                    ? pools.inAnyNamespace()
                    : pools.inNamespace(options.namespaces().iterator().next());
            // From the cache, as informers ask: right after the CRD was applied it is not filled yet, and says 429.
            ListOptions cached = new ListOptionsBuilder()
                    .withResourceVersion("0")
                    .withLimit(1L)
                    .build();
            for (int i = 0; i < CACHE_FILLS_WITHIN.toSeconds(); i++) {
                if (listed(() -> scoped.list(cached))) {
                    return Optional.empty();
                }
                LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            }
            scoped.list(cached);
            return Optional.empty();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
            return Optional.of("The cluster at " + client.getConfiguration().getMasterUrl()
                    + " does not know WorkerPools: the CRD " + new WorkerPool().getFullResourceName()
                    + " is missing; mend it with: kubectl apply -k crds");
        }
    }

    /** False if it is too early. */
    private static boolean listed(Runnable list) {
        try {
            list.run();
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == TOO_MANY_REQUESTS) {
                return false;
            }
            throw e;
        }
    }

    private static String explain(String server, KubernetesClientException failure) {
        String look =
                switch (failure.getCode()) {
                    case HttpURLConnection.HTTP_UNAUTHORIZED -> "; see who you are with: kubectl auth whoami";
                    case HttpURLConnection.HTTP_INTERNAL_ERROR, HttpURLConnection.HTTP_UNAVAILABLE ->
                        "; look with: kubectl get --raw /readyz?verbose";
                    default -> "; look with: kubectl cluster-info";
                };
        return "The API server at " + server + " " + ApiFailure.of(failure) + look;
    }
}
