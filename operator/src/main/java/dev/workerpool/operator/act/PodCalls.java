package dev.workerpool.operator.act;

import io.fabric8.kubernetes.api.model.DeleteOptions;
import io.fabric8.kubernetes.api.model.DeleteOptionsBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.Eviction;
import io.fabric8.kubernetes.api.model.policy.v1.EvictionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;

/**
 * The calls on pods, each one request, with the guards that the typed client has no words for. All throw
 * {@link io.fabric8.kubernetes.client.KubernetesClientException} with the server's code, -1 when there was no answer.
 */
final class PodCalls {
    private final KubernetesClient client;

    PodCalls(KubernetesClient client) {
        this.client = client;
    }

    Pod create(Pod pod) {
        String made = client.raw(pods(pod.getMetadata().getNamespace()), "POST", pod);
        return client.getKubernetesSerialization().unmarshal(made, Pod.class);
    }

    /** Asks admission about a pod without making it; unknown fields are refused too. */
    void dryRun(Pod pod) {
        client.raw(pods(pod.getMetadata().getNamespace()) + "?dryRun=All&fieldValidation=Strict", "POST", pod);
    }

    /** Null if there is none. */
    Pod get(String namespace, String name) {
        return client.pods().inNamespace(namespace).withName(name).get();
    }

    /** Guarded by the UID alone: the server charges the budget before it looks at a resourceVersion. */
    void evict(String namespace, String name, String uid) {
        DeleteOptions guarded =
                new DeleteOptionsBuilder().withNewPreconditions(null, uid).build();
        Eviction eviction = new EvictionBuilder()
                .withMetadata(new ObjectMetaBuilder()
                        .withName(name)
                        .withNamespace(namespace)
                        .build())
                .withDeleteOptions(guarded)
                .build();
        client.raw(pods(namespace) + "/" + name + "/eviction", "POST", eviction);
    }

    /** Guarded by UID and resourceVersion. */
    void delete(String namespace, String name, String uid, String resourceVersion) {
        DeleteOptions guarded = new DeleteOptionsBuilder()
                .withNewPreconditions(resourceVersion, uid)
                .build();
        client.raw(pods(namespace) + "/" + name, "DELETE", guarded);
    }

    /**
     * The last lines of a container's log, of its former instance if {@code previous}. The runtime makes pieces of at most
     * 16 KB of a longer line, and the kubelet counts those: with ten of them the end is always among these bytes.
     */
    String log(String namespace, String name, String container, int lines, boolean previous) {
        return client.raw(pods(namespace) + "/" + name + "/log?container=" + container + "&tailLines=" + lines
                + "&limitBytes=262144" + (previous ? "&previous=true" : ""));
    }

    private static String pods(String namespace) {
        return "/api/v1/namespaces/" + namespace + "/pods";
    }
}
