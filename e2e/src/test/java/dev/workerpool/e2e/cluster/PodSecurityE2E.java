package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Available;
import static dev.workerpool.api.ConditionType.Ready;
import static dev.workerpool.api.ConditionType.Stalled;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A namespace of the Pod Security level {@code restricted} (RefusalE2E has {@code baseline} and a rollout). */
class PodSecurityE2E extends ClusterTest {
    private static final String ENFORCE = "pod-security.kubernetes.io/enforce";

    @Override
    protected Map<String, String> namespaceLabels() {
        return Map.of(ENFORCE, "restricted");
    }

    @Test
    void aNewPoolIsRefusedBeforeItsFirstWorker() {
        Pool pool = create("fresh", "{}");
        WorkerPoolStatus status = pool.await(Reason.InvalidTemplate);
        assertThat(Pool.condition(status, Ready).getMessage())
                .contains("violates PodSecurity \"restricted:latest\"", "container \"worker\"", "runAsNonRoot")
                .contains("spec.template of pool fresh");
        assertThat(Pool.condition(status, Stalled).getStatus()).isEqualTo("True");
        assertThat(pool.pods()).isEmpty();
        Pool.eventually("an Event says so", () -> pool.events("InvalidTemplate").size() == 1);

        pool.edit("""
                template:
                  spec:
                    securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
                    containers:
                    - name: worker
                      image: workerpool.dev/worker:e2e
                      imagePullPolicy: Never
                      readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 1}
                      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                """);
        pool.awaitUpToDate("1.0.0");
    }

    @Test
    void aRunningPoolIsLeftAloneAndHealedOnceItMayBe() {
        label(null);
        Pool pool = create("loose", "{}");
        pool.awaitUpToDate("1.0.0");
        label("restricted");
        client.pods().inNamespace(namespace).withName("loose-1-0").delete();
        pool.awaitBlocked("pod loose-1-", "violates PodSecurity \"restricted:latest\"", "runAsNonRoot");
        assertThat(pool.condition(Ready).getReason()).isEqualTo(Reason.Healing.name());
        assertThat(pool.condition(Available).getStatus()).isEqualTo("False");
        assertThat(pool.pods("1.0.0"))
                .singleElement()
                .satisfies(p -> assertThat(p.getMetadata().getName()).isEqualTo("loose-2-0"));
        label(null);
        assertThat(pool.awaitUpToDate("1.0.0").circuitBreaker().consecutiveFailures())
                .isZero();
        label("restricted");
    }

    /** Returns once admission has heard of it, by a watch of its own. */
    private void label(String level) {
        client.namespaces().withName(namespace).edit(ns -> {
            Map<String, String> labels = new HashMap<>(ns.getMetadata().getLabels());
            if (level == null) {
                labels.remove(ENFORCE);
            } else {
                labels.put(ENFORCE, level);
            }
            ns.getMetadata().setLabels(labels);
            return ns;
        });
        Pool.eventually("admission knows", () -> admits() == (level == null));
    }

    private boolean admits() {
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withName("asks")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("worker")
                .withImage("workerpool.dev/worker:e2e")
                .endContainer()
                .endSpec()
                .build();
        try {
            client.pods().inNamespace(namespace).resource(pod).dryRun().create();
            return true;
        } catch (KubernetesClientException e) {
            return false;
        }
    }
}
