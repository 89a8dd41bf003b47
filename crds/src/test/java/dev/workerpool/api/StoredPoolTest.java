package dev.workerpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What another version of the CRD let be stored does not end a list or a watch. */
class StoredPoolTest {
    private final KubernetesSerialization serialization = new KubernetesSerialization();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{rollout: {onFailure: Foo}} | spec.rollout.onFailure is \"Foo\"; write one of [Rollback, Pause]",
                "{replicas: three}           | spec.replicas is \"three\"; write a number",
                "{rollout: 7}                | spec.rollout is 7, which is of the wrong type",
                "{circuitBreaker: {resetTimeoutSeconds: {a: 1}}} | spec.circuitBreaker.resetTimeoutSeconds is {\"a\":1}; write",
                "[1, 2]                      | spec is [1,2], which is of the wrong type",
            })
    void namesTheFieldThatCannotBeRead(String spec, String why) {
        WorkerPool pool = read("spec: " + spec);

        assertThat(pool.getSpec()).isNull();
        assertThat(pool.getUnreadable()).startsWith(why);
        assertThat(pool.getMetadata().getName()).isEqualTo("web");
        assertThat(pool.getMetadata().getResourceVersion()).isEqualTo("7");
    }

    @Test
    void aCopyCannotBeReadEither() {
        WorkerPool copy = serialization.clone(read("spec: {replicas: three}"));

        assertThat(copy.getUnreadable()).startsWith("spec.replicas");
    }

    @Test
    void aListIsReadToItsEnd() {
        KubernetesResourceList<?> list = serialization.unmarshal("""
                apiVersion: v1
                kind: List
                items:
                - {apiVersion: workerpool.dev/v1alpha1, kind: WorkerPool, metadata: {name: a}, spec: {replicas: three}}
                - {apiVersion: workerpool.dev/v1alpha1, kind: WorkerPool, metadata: {name: b}, spec: {replicas: 3}}
                """);

        assertThat(list.getItems()).hasSize(2);
    }

    @Test
    void ofAStatusItForgetsWhatItCannotRead() {
        WorkerPoolStatus status = read("""
                status:
                  version: "1"
                  replicas: many
                  rollout: {phase: Verifying, toVersion: "2"}
                  history:
                  - {version: "1", result: Succeeded}
                  - {version: "0", result: Aborted}
                  - gone
                """).getStatus();

        assertThat(status.version()).isEqualTo("1");
        assertThat(status.replicas()).isNull();
        assertThat(status.rollout().phase()).isNull();
        assertThat(status.rollout().toVersion()).isEqualTo("2");
        assertThat(status.history()).hasSize(2);
        assertThat(status.history().get(1).result()).isNull();
    }

    @Test
    void aStatusThatIsNoneIsForgotten() {
        assertThat(read("status: 7").getStatus()).isNull();
    }

    @Test
    void whatCanBeReadIsReadAndWrittenAsEver() {
        WorkerPool pool = read("spec: {version: \"1\", replicas: 3, sinceRemoved: 1}");

        assertThat(pool.getUnreadable()).isNull();
        assertThat(pool.getSpec().replicas()).isEqualTo(3);
        assertThat(serialization.asJson(pool)).doesNotContain("unreadable");
    }

    private WorkerPool read(String rest) {
        return serialization.unmarshal(
                "apiVersion: workerpool.dev/v1alpha1\nkind: WorkerPool\nmetadata: {name: web, resourceVersion: \"7\"}\n"
                        + rest,
                WorkerPool.class);
    }
}
