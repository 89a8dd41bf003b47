package dev.workerpool.e2e.cluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;

/** A Deployment on the cluster, with Kubernetes' defaults but for what is asked for. */
public record Deployed(KubernetesClient client, String namespace, String name) implements Served {

    /**
     * Creates one.
     *
     * @param container in YAML, on one line
     * @param strategy in YAML, on one line
     */
    static Deployed create(
            KubernetesClient client, String namespace, String name, int replicas, String container, String strategy) {
        String deployment = """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: %1$s}
                spec:
                  replicas: %2$d
                  strategy: %4$s
                  selector: {matchLabels: {app: %1$s}}
                  template:
                    metadata: {labels: {app: %1$s, version: 1.0.0}}
                    spec: {containers: [{%3$s, env: [{name: APP_VERSION, value: 1.0.0}]}]}
                """.formatted(name, replicas, container, strategy);
        client.resource(Serialization.unmarshal(deployment, Deployment.class))
                .inNamespace(namespace)
                .create();
        return new Deployed(client, namespace, name);
    }

    @Override
    public Map<String, String> selector() {
        return Map.of("app", name);
    }

    @Override
    public void version(String version) {
        String change = """
                {"spec": {"template": {
                  "metadata": {"labels": {"version": "%1$s"}},
                  "spec": {"containers": [{"name": "worker", "env": [{"name": "APP_VERSION", "value": "%1$s"}]}]}}}}
                """.formatted(version);
        client.apps()
                .deployments()
                .inNamespace(namespace)
                .withName(name)
                .patch(PatchContext.of(PatchType.STRATEGIC_MERGE), change);
    }

    @Override
    public void scale(int replicas) {
        client.apps().deployments().inNamespace(namespace).withName(name).scale(replicas);
    }

    @Override
    public void delete() {
        client.apps().deployments().inNamespace(namespace).withName(name).delete();
    }

    @Override
    public void awaitOnly(String version) {
        Pool.eventually("Deployment " + name + " runs " + version + " alone", () -> {
            Deployment now = client.apps()
                    .deployments()
                    .inNamespace(namespace)
                    .withName(name)
                    .get();
            List<Pod> pods = pods();
            return pods.size() == now.getSpec().getReplicas()
                    && pods.stream()
                            .allMatch(pod -> pod.getMetadata().getDeletionTimestamp() == null
                                    && version.equals(
                                            pod.getMetadata().getLabels().get("version"))
                                    && pod.getStatus().getConditions().stream()
                                            .anyMatch(c -> c.getType().equals("Ready")
                                                    && c.getStatus().equals("True")));
        });
    }
}
