package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Ready;
import static dev.workerpool.api.ConditionType.Stalled;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import io.fabric8.kubernetes.api.model.LimitRangeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What only the operator, or a dry run of the pod, can refuse (contract, section 1): said, with nothing touched. */
class RefusalE2E extends ClusterTest {

    @Override
    protected Map<String, String> namespaceLabels() {
        return Map.of("pod-security.kubernetes.io/enforce", "baseline");
    }

    @Test
    void aTemplateWithoutReadinessProbe() {
        Pool pool = create("probe", "{}");
        refuses(
                pool,
                "template: {spec: {containers: [{name: worker, image: workerpool.dev/worker:e2e}]}}",
                Reason.NoReadinessProbe,
                "spec.template.spec.containers");
        recovers(pool, """
                version: 1.1.0
                template:
                  spec:
                    containers:
                    - name: worker
                      image: workerpool.dev/worker:e2e
                      imagePullPolicy: Never
                      readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                """);
    }

    @Test
    void aPodThatPodSecurityForbids() {
        Pool pool = create("policy", "{}");
        refuses(pool, "template: {spec: {hostNetwork: true}}", Reason.InvalidTemplate, "violates PodSecurity");
        recovers(pool, "{\"version\": \"1.1.0\", \"template\": {\"spec\": {\"hostNetwork\": null}}}");
    }

    @Test
    void aPodThatALimitRangeForbids() {
        client.resource(new LimitRangeBuilder()
                        .withNewMetadata()
                        .withName("small")
                        .endMetadata()
                        .withNewSpec()
                        .addNewLimit()
                        .withType("Pod")
                        .addToMax("memory", new Quantity("256Mi"))
                        .endLimit()
                        .endSpec()
                        .build())
                .inNamespace(namespace)
                .create();
        try {
            String containers = """
                    version: %s
                    template:
                      spec:
                        containers:
                        - name: worker
                          image: workerpool.dev/worker:e2e
                          imagePullPolicy: Never
                          readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                          resources: {limits: {memory: %s}}
                    """;
            Pool pool = create(
                    "limits", "spec:\n" + containers.formatted("1.0.0", "64Mi").indent(2));
            refuses(pool, containers.formatted("1.1.0", "1Gi"), Reason.InvalidTemplate, "maximum memory usage per Pod");
            recovers(pool, containers.formatted("1.1.0", "128Mi"));
        } finally {
            client.limitRanges().inNamespace(namespace).withName("small").delete();
        }
    }

    private static void refuses(Pool pool, String change, Reason reason, String message) {
        pool.awaitUpToDate("1.0.0");
        Set<String> before = uids(pool);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit(change);
            WorkerPoolStatus status = pool.await(reason);
            assertThat(Pool.condition(status, Ready).getStatus()).isEqualTo("False");
            assertThat(Pool.condition(status, Ready).getMessage()).contains(message);
            assertThat(Pool.condition(status, Stalled).getStatus()).isEqualTo("True");
            assertThat(Pool.condition(status, Stalled).getReason()).isEqualTo(reason.name());
            assertThat(status.rollout()).isNull();
            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(status.version()).isEqualTo("1.0.0");
            assertThat(uids(pool)).isEqualTo(before);
            assertThat(pods.lines()).as("what became of the pods").hasSize(1);
            pool.awaitEvents(reason.name(), 1);
        }
    }

    private static void recovers(Pool pool, String change) {
        pool.edit(change);
        assertThat(pool.awaitUpToDate("1.1.0").history()).hasSize(1);
    }

    private static Set<String> uids(Pool pool) {
        return pool.pods().stream().map(p -> p.getMetadata().getUid()).collect(Collectors.toSet());
    }
}
