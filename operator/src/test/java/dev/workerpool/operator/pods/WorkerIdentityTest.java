package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.PodFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;

/** Which pods are workers of a pool, and which worker each is (contract, section 2). */
class WorkerIdentityTest {
    private static final String HEAD = """
            metadata:
              name: web-2-3
              uid: 7d8f9a10-aaaa-bbbb-cccc-1234567890ab
              resourceVersion: "4711"
              labels:
                workerpool.dev/pool: web
                workerpool.dev/worker: "2"
                workerpool.dev/revision: 9fqt7rz5gg
                workerpool.dev/version: "1.4.0"
              annotations:
                workerpool.dev/version: "1.4.0"
                workerpool.dev/generation: "3"
              ownerReferences:
              - {apiVersion: workerpool.dev/v1alpha1, kind: WorkerPool, name: web, controller: true,
                 uid: 0a1b2c3d-1111-2222-3333-444455556666}
            spec:
              containers:
              - {name: app, image: registry.example/web:1.4.0}
            """;

    @Test
    void theNameTellsSlotAndGenerationWhateverLabelsWereEdited() {
        PodFacts facts = facts(
                HEAD.replace("worker: \"2\"", "worker: \"9\"").replace("generation: \"3\"", "generation: nonsense"));

        assertThat(facts.slot()).isEqualTo(2);
        assertThat(facts.generation()).isEqualTo(3);
    }

    @Test
    void aForeignNameIsReadByItsLabelsAndGarbageByNobody() {
        String foreign = HEAD.replace("name: web-2-3", "name: something");

        assertThat(facts(foreign).slot()).isEqualTo(2);
        assertThat(facts(foreign).generation()).isEqualTo(3);
        assertThat(facts(foreign.replace("generation: \"3\"", "generation: \"-1\""))
                        .generation())
                .isZero();
        for (String garbage : new String[] {"zero", "0", "-1", "99999999999", ""}) {
            Pod pod = pod(foreign.replace("worker: \"2\"", "worker: \"" + garbage + "\""));
            assertThat(PodReading.facts("web", pod)).as(garbage).isEmpty();
        }
        assertThat(PodReading.facts("web", pod("metadata: {name: x}"))).isEmpty();
    }

    @Test
    void aWorkerIsControlledByThePoolByUidAndBearsItsLabel() {
        WorkerPool pool = Pools.pool("version: '1'\n" + Pools.TEMPLATE);

        assertThat(PodReading.isWorker(pod(HEAD), pool)).isTrue();
        assertThat(PodReading.isWorker(pod(HEAD.replace("0a1b2c3d", "ffffffff")), pool))
                .as("of a pool of that name that was deleted")
                .isFalse();
        assertThat(PodReading.isWorker(pod(HEAD.replace("controller: true", "controller: false")), pool))
                .isFalse();
        assertThat(PodReading.isWorker(pod(HEAD.replace("pool: web", "pool: other")), pool))
                .as("taken away by its label")
                .isFalse();
        Pod bare = pod(HEAD);
        bare.getMetadata().setOwnerReferences(null);
        assertThat(PodReading.isWorker(bare, pool)).as("orphaned").isFalse();
        bare.getMetadata().setLabels(null);
        assertThat(PodReading.isWorker(bare, pool)).isFalse();
    }

    private static PodFacts facts(String yaml) {
        return PodReading.facts("web", pod(yaml)).orElseThrow();
    }

    private static Pod pod(String yaml) {
        return Serialization.unmarshal(yaml, Pod.class);
    }
}
