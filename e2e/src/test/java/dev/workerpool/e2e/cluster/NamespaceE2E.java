package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.ConditionType;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A namespace that is deleted in the middle of a rollout, and another one beside it. */
@Execution(ExecutionMode.CONCURRENT)
class NamespaceE2E extends ClusterTest {
    /** At least: so long the operator is watched with a pool that stands in a namespace where nothing can be made. */
    private static final Duration WATCHED = Duration.ofSeconds(20);

    private String doomed;
    private List<HasMetadata> rules = List.of();

    @AfterAll
    void takeAway() {
        rules.forEach(rule -> client.resource(rule).delete());
        client.namespaces().withName(doomed).delete();
    }

    @Test
    void goesWithItsPoolAndHoldsUpNoOther() {
        doomed = namespace + "-doomed";
        makeDoomed();
        operator.close();
        operator = OperatorProcess.start(namespace + "," + doomed);
        Pool other = create("other", "{}");
        Pool pool = Pool.create(client, doomed, "web", "{}");
        rules = poolsStand();
        other.awaitUpToDate("1.0.0");
        pool.awaitUpToDate("1.0.0");
        pool.version("1.1.0-slow");
        pool.await("rolls", s -> !pool.pods("1.1.0-slow").isEmpty());

        try (PodRecord pods = PodRecord.of(pool)) {
            client.namespaces().withName(doomed).delete();
            pool.await("says why", s -> Pool.condition(s, ConditionType.Progressing)
                    .getMessage()
                    .contains("because it is being terminated"));
            System.out.println(
                    "web: " + pool.condition(ConditionType.Progressing).getMessage());
            List<String> made = pods.names();
            int writes = writes(doomed).size();
            long lines = lines();
            other.version("1.1.0");
            WorkerPoolStatus status = other.awaitUpToDate("1.1.0");
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            Awaitility.await("its workers are gone for good")
                    .during(WATCHED)
                    .atMost(WATCHED.plusSeconds(60))
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> pool.pods().isEmpty());
            System.out.printf(
                    "web: %d writes, %d log lines in %d s or more%n",
                    writes(doomed).size() - writes, lines() - lines, WATCHED.toSeconds());
            assertThat(pods.names()).isEqualTo(made);
            // A create is tried every 10 s at most; beside it status follows the workers as they go.
            assertThat(writes(doomed).size() - writes).isLessThan(40);
            assertThat(lines() - lines).isLessThan(40);
        }
        rules.forEach(rule -> client.resource(rule).delete());
        Pool.eventually(
                "the namespace is gone",
                () -> client.namespaces().withName(doomed).get() == null);

        // What comes back under the same names is new, and taken care of.
        makeDoomed();
        Pool again = Pool.create(client, doomed, "web", "{}");
        again.awaitUpToDate("1.0.0");
        assertThat(again.status().history()).isNullOrEmpty();
    }

    private void makeDoomed() {
        Namespace made = new NamespaceBuilder()
                .withNewMetadata()
                .withName(doomed)
                .endMetadata()
                .build();
        client.resource(made).create();
        Pool.eventually(
                "its ServiceAccount",
                () -> client.serviceAccounts()
                                .inNamespace(doomed)
                                .withName("default")
                                .get()
                        != null);
    }

    /** Nobody deletes pools there: so the operator sees workers vanish from a pool that stands, which else is seldom. */
    private List<HasMetadata> poolsStand() {
        HasMetadata policy = client.resource("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: %1$s}
                spec:
                  matchConstraints:
                    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %1$s}}
                    resourceRules:
                    - {apiGroups: [workerpool.dev], apiVersions: ['*'], operations: [DELETE], resources: [workerpools]}
                  validations: [{expression: 'false', message: not yet}]
                """.formatted(doomed)).create();
        HasMetadata binding = client.resource("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: %1$s}
                spec: {policyName: %1$s, validationActions: [Deny]}
                """.formatted(doomed)).create();
        return List.of(binding, policy);
    }

    private long lines() {
        return operator.log().lines().filter(line -> line.contains(doomed)).count();
    }
}
