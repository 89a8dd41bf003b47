package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pool stored by an older CRD stalls alone, with a condition; the others go on. */
class UnreadableServerTest extends Stage {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{version: v1, replicas: 1, template: null}",
                "{version: null, replicas: null, template: null, sinceRemoved: {a: 1}}",
                "{version: v1, rollout: null, drain: {delaySeconds: null}, template: {spec: null}}",
                "{version: v1, rollout: {onFailure: Foo}, template: {spec: {containers: [{name: a}]}}}",
                "{version: v1, replicas: three, template: {spec: {containers: [{name: a}]}}}",
                "{version: v1, rollout: 7, template: {spec: {containers: [{name: a}]}}}",
            })
    void stallsThatPoolAlone(String spec) {
        withAnOlderCrd();
        store("old", spec);

        awaitThat("the old pool says why it stalls", x -> stalls("old"));
        create("{replicas: 1}");
        awaitUpToDate("v1");

        assertThat(condition("old", "Ready").getMessage()).contains("spec.");
    }

    @Test
    void readsAPoolWithFieldsItDoesNotKnow() {
        withAnOlderCrd();
        create("{replicas: 1, sinceRemoved: {a: 1}, rollout: {pauseSeconds: 0, sinceRemoved: 2}}");

        awaitUpToDate("v1");
    }

    private void withAnOlderCrd() {
        client.resources(CustomResourceDefinition.class)
                .withName("workerpools.workerpool.dev")
                .edit(crd -> {
                    crd.getSpec().getVersions().forEach(v -> {
                        v.getSchema().getOpenAPIV3Schema().setProperties(null);
                        v.getSchema().getOpenAPIV3Schema().setRequired(null);
                        v.getSchema().getOpenAPIV3Schema().setXKubernetesValidations(null);
                        v.getSchema().getOpenAPIV3Schema().setXKubernetesPreserveUnknownFields(true);
                    });
                    return crd;
                });
    }

    private void store(String name, String spec) {
        client.genericKubernetesResources(ResourceDefinitionContext.fromResourceType(WorkerPool.class))
                .inNamespace("default")
                .resource(Serialization.unmarshal("""
                        apiVersion: workerpool.dev/v1alpha1
                        kind: WorkerPool
                        metadata: {name: %s, namespace: default}
                        spec: %s
                        """.formatted(name, spec), GenericKubernetesResource.class))
                .create();
    }

    private boolean stalls(String name) {
        Condition stalled = condition(name, "Stalled");
        return stalled != null && "True".equals(stalled.getStatus());
    }

    private Condition condition(String name, String type) {
        WorkerPool pool = client.resources(WorkerPool.class)
                .inNamespace("default")
                .withName(name)
                .get();
        return pool.getStatus() == null
                ? null
                : pool.getStatus().conditions().stream()
                        .filter(c -> c.getType().equals(type))
                        .findFirst()
                        .orElse(null);
    }
}
