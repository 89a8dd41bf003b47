package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.PodFacts.Problem;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rows of contract section 4 that a pod's own status shows; image pulls have a test of their own. */
class FailureTableTest {
    private static final String SPEC = """
            metadata: {name: web-1-0}
            spec:
              initContainers:
              - {name: migrate, image: m}
              - {name: proxy, image: p, restartPolicy: Always}
              containers:
              - {name: app, image: registry.example/web:2}
            """;
    private static final String APP = "status:\n  containerStatuses:\n  - name: app\n    ";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "InvalidImageName | Failed to apply default image tag \"web:2:3\": couldn't parse image name",
                "ErrImageNeverPull | Container image \"registry.example/web:2\" is not present",
                "RunContainerError | failed to create containerd task: exec: \"/nope\": no such file or directory",
                "CreateContainerError | failed to generate container spec: no command specified",
                "SignatureValidationFailed | image signature is not trusted",
            })
    void whatNoWaitingMendsIsAFault(String reason, String message) {
        PodFacts facts = facts(APP + "restartCount: 0\n    state: " + waiting(reason, message));

        assertThat(facts.fault())
                .contains(new Problem(reason, "container app cannot start: " + message, Optional.empty()));
        assertThat(facts.blocked()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "context deadline exceeded",
                "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                "failed to reserve container name \"app_web-1-0_shop_u_0\": name \"app_web-1-0_shop_u_0\" is reserved "
                        + "for \"5b5c\"",
                "error reserving ctr name k8s_app_web-1-0_shop_u_0 for id 5b5c: name is reserved",
            })
    void aSlowRuntimeIsWaitedForInTheSameWordsThroughout(String message) {
        PodFacts facts = facts(APP + "restartCount: 0\n    state: " + waiting("CreateContainerError", message));

        assertThat(facts.fault()).isEmpty();
        assertThat(facts.blocked())
                .contains("container app waits for the container runtime of its node, which is slow to create it");
    }

    @Test
    void aMissingSecretIsWaitedForByName() {
        PodFacts facts = facts(APP + "restartCount: 0\n    state: "
                + waiting("CreateContainerConfigError", "secret \"db\" not found"));

        assertThat(facts.fault()).isEmpty();
        assertThat(facts.blocked()).contains("container app waits for its configuration: secret \"db\" not found");
    }

    @Test
    void anUnschedulablePodIsWaitedFor() {
        PodFacts facts = facts("""
                status:
                  phase: Pending
                  conditions:
                  - {type: PodScheduled, status: "False", reason: Unschedulable,
                     message: "0/1 nodes are available: 1 Insufficient cpu."}
                """);

        assertThat(facts.blocked()).contains("no node takes the pod: 0/1 nodes are available: 1 Insufficient cpu.");
    }

    @Test
    void aContainerThatIsBeingMadeIsNoFailure() {
        PodFacts facts = facts(APP + "restartCount: 0\n    state: {waiting: {reason: ContainerCreating}}");

        assertThat(facts.fault()).isEmpty();
        assertThat(facts.blocked()).isEmpty();
        assertThat(facts.exits()).isZero();
    }

    private static String waiting(String reason, String message) {
        return "{waiting: {reason: " + reason + ", message: '" + message.replace("'", "''") + "'}}";
    }

    private static PodFacts facts(String status) {
        return PodReading.facts("web", pod(SPEC + status)).orElseThrow();
    }

    private static Pod pod(String yaml) {
        return Serialization.unmarshal(yaml, Pod.class);
    }
}
