package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Ready;
import static dev.workerpool.api.ConditionType.Stalled;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * What others have the API server do with pods: refuse them, change them, or ask somebody who does not answer. Each case
 * has rules of its own, for the pods of its pool alone.
 */
@Execution(ExecutionMode.CONCURRENT)
class AdmissionE2E extends ClusterTest {
    @Test
    void aPolicyRefusesThePodAndIsAskedAgain() {
        Pool pool = create("policy", "{}");
        pool.awaitUpToDate("1.0.0");
        List<HasMetadata> rules = policy("ValidatingAdmissionPolicy", "policy", """
                validations:
                - expression: "object.metadata.labels['workerpool.dev/version'] != '1.1.0'"
                  message: version 1.1.0 is on the list of recalled versions
                """, "validationActions: [Deny]");
        try {
            awaitRules(pool, this::isRefused);
            try (PodRecord pods = PodRecord.of(pool)) {
                pool.version("1.1.0");
                WorkerPoolStatus status = pool.await(Reason.InvalidTemplate);
                assertThat(Pool.condition(status, Ready).getMessage())
                        .contains(
                                "ValidatingAdmissionPolicy 'policy-" + namespace + "'", "the list of recalled versions")
                        .contains("spec.template", "apply it again");
                assertThat(Pool.condition(status, Stalled).getStatus()).isEqualTo("True");
                assertThat(status.rollout()).isNull();
                assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
                assertThat(pods.lines()).as("what became of the pods").hasSize(1);
                Pool.eventually(
                        "an Event says so", () -> pool.events("InvalidTemplate").size() == 1);
            }
        } finally {
            rules.forEach(rule -> client.resource(rule).delete());
        }
        pool.awaitUpToDate("1.1.0"); // by itself: the dry run is repeated
    }

    @Test
    void aWebhookThatDoesNotAnswerIsWaitedFor() {
        Pool pool = create("webhook", "{}");
        pool.awaitUpToDate("1.0.0");
        HasMetadata webhook = client.resource("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: webhook-%1$s}
                webhooks:
                - name: sidecars.example.com
                  clientConfig: {url: 'https://127.0.0.1:1/'}
                  timeoutSeconds: 2
                  failurePolicy: Fail
                  sideEffects: None
                  admissionReviewVersions: [v1]
                  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %1$s}}
                  objectSelector: {matchLabels: {workerpool.dev/pool: webhook}}
                  rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
                """.formatted(namespace)).create();
        try {
            awaitRules(pool, this::isRefused);
            try (PodRecord pods = PodRecord.of(pool)) {
                pool.version("1.1.0");
                pool.awaitBlocked("pod webhook-1-1", "failed calling webhook \"sidecars.example.com\"");
                assertThat(pool.condition(Ready).getReason()).isEqualTo(Reason.RollingOut.name());
                assertThat(pool.condition(Stalled).getStatus()).isEqualTo("False");
                assertThat(pool.events("InvalidTemplate")).isEmpty();
                assertThat(pods.lines()).as("what became of the pods").hasSize(1);
            }
        } finally {
            client.resource(webhook).delete();
        }
        assertThat(pool.awaitUpToDate("1.1.0").circuitBreaker().consecutiveFailures())
                .isZero();
    }

    @Test
    void whatAPolicyAddsToThePodIsNoDrift() {
        List<HasMetadata> rules = policy("MutatingAdmissionPolicy", "mutated", """
                reinvocationPolicy: Never
                mutations:
                - patchType: ApplyConfiguration
                  applyConfiguration:
                    expression: >
                      Object{
                        metadata: Object.metadata{annotations: {"example.com/team": "shop"}},
                        spec: Object.spec{
                          containers: [Object.spec.containers{name: "worker", env: [
                            Object.spec.containers.env{name: "TEAM", value: "shop"}]}]}}
                """, "");
        try {
            awaitRules(new Pool(client, namespace, "mutated"), pod -> isChanged(dryRun(pod)));
            Pool pool = create("mutated", "{}");
            rollsOnceAndRests(pool, AdmissionE2E::isChanged);
        } finally {
            rules.forEach(rule -> client.resource(rule).delete());
        }
    }

    @Test
    void whatALimitRangeAddsToThePodIsNoDrift() {
        HasMetadata limits = client.resource("""
                apiVersion: v1
                kind: LimitRange
                metadata: {name: defaults}
                spec: {limits: [{type: Container, defaultRequest: {cpu: 1m, memory: 8Mi}, default: {memory: 64Mi}}]}
                """).inNamespace(namespace).create();
        try {
            Pool pool = create("limited", "{}");
            rollsOnceAndRests(pool, pod -> {
                var resources = pod.getSpec().getContainers().getFirst().getResources();
                return resources.getRequests().containsKey("cpu")
                        && resources.getLimits().containsKey("memory");
            });
        } finally {
            client.resource(limits).inNamespace(namespace).delete();
        }
    }

    /** A fill, a rollout, and then rest, although each pod differs from what was asked for. */
    private void rollsOnceAndRests(Pool pool, Predicate<Pod> changed) {
        pool.awaitUpToDate("1.0.0");
        assertThat(pool.pods()).allMatch(changed);
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");
            assertThat(pool.pods()).allMatch(changed);
            assertThat(status.history()).hasSize(1);
            assertThat(pods.names()).hasSize(4);
        }
        pool.awaitRest(10);
    }

    /** A policy and its binding, for the pods of one pool. */
    private List<HasMetadata> policy(String kind, String pool, String spec, String binding) {
        String name = pool + "-" + namespace;
        HasMetadata policy = client.resource("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: %s
                metadata: {name: %s}
                spec:
                  failurePolicy: Fail
                  matchConstraints:
                    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
                    objectSelector: {matchLabels: {workerpool.dev/pool: %s}}
                    resourceRules:
                    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}
                """.formatted(kind, name, namespace, pool) + spec.indent(2))
                .create();
        try {
            HasMetadata bound = client.resource("""
                    apiVersion: admissionregistration.k8s.io/v1
                    kind: %sBinding
                    metadata: {name: %s}
                    spec:
                      policyName: %s
                    """.formatted(kind, name, name) + binding.indent(2))
                    .create();
            return List.of(bound, policy);
        } catch (RuntimeException e) {
            client.resource(policy).delete();
            throw e;
        }
    }

    /** Waits until the API server goes by new rules: seen at a pod of the pool, made by dry run. */
    private void awaitRules(Pool pool, Predicate<Pod> inForce) {
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withName("probe-" + pool.name())
                .addToLabels("workerpool.dev/pool", pool.name())
                .addToLabels("workerpool.dev/version", "1.1.0")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("worker")
                .withImage("workerpool.dev/worker:e2e")
                .endContainer()
                .endSpec()
                .build();
        Pool.eventually("the rules are in force", () -> inForce.test(pod));
    }

    private boolean isRefused(Pod pod) {
        try {
            dryRun(pod);
            return false;
        } catch (KubernetesClientException e) {
            return true;
        }
    }

    private Pod dryRun(Pod pod) {
        return client.pods().inNamespace(namespace).resource(pod).dryRun().create();
    }

    private static boolean isChanged(Pod pod) {
        return "shop".equals(pod.getMetadata().getAnnotations().get("example.com/team"))
                && pod.getSpec().getContainers().getFirst().getEnv().stream().anyMatch(e -> "TEAM".equals(e.getName()));
    }
}
