package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.ControllerRevisionBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RevisionContentTest {
    private static final String V1 = "version: '1.4.0'\n" + Pools.TEMPLATE;
    /** Changing this rolls every pool that exists: it must never change. */
    private static final String GOLDEN = "9fqt7rz5gg";

    @Test
    void theSameSpecHasTheSameRevisionOnEveryMachineAndAtEveryRelease() {
        assertThat(revision(V1)).isEqualTo(GOLDEN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "drain: {}",
                "drain: {delaySeconds: 5}",
                "drain: {timeoutSeconds: 30}",
                "drain: {delaySeconds: 5, timeoutSeconds: 30}",
                "drain: null",
                "restartedAt: ''",
                "restartedAt: null",
            })
    void aDefaultAddedRollsNothing(String written) {
        assertThat(revision(V1 + written)).isEqualTo(GOLDEN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "replicas: 7",
                "paused: true",
                "rollout: {maxSurge: 3, retryLimit: 2, verification: {path: /x, port: 1}}",
                "circuitBreaker: {failureThreshold: 9}",
                "revisionHistoryLimit: 1",
                "rolloutHistoryLimit: 1",
            })
    void settingsThatAreNotPartOfAPodRollNothing(String changed) {
        assertThat(revision(V1 + changed)).isEqualTo(GOLDEN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"drain: {delaySeconds: 0}", "drain: {timeoutSeconds: 31}", "restartedAt: '2026-11-24T00:00:00Z'"
            })
    void whatChangesAPodRolls(String changed) {
        assertThat(revision(V1 + changed)).isNotEqualTo(GOLDEN);
    }

    @Test
    void anotherVersionImageOrLabelRolls() {
        assertThat(revision(V1.replace("1.4.0", "1.4.1"))).isNotEqualTo(GOLDEN);
        assertThat(revision(V1.replace("registry.example/web", "registry.example/shop")))
                .isNotEqualTo(GOLDEN);
        assertThat(revision(V1.replace("tier: front", "tier: back"))).isNotEqualTo(GOLDEN);
    }

    @Test
    void anEmptyObjectThatMeansSomethingRolls() {
        String some = V1.replace("volumes:", """
                affinity:
                      podAntiAffinity:
                        requiredDuringSchedulingIgnoredDuringExecution:
                        - topologyKey: kubernetes.io/hostname
                          labelSelector: {}
                    volumes:""");
        assertThat(revision(some)).isNotEqualTo(revision(some.replace("labelSelector: {}", "namespaces: []")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "containers:\n    - name: app|initContainers: []\n    containers:\n    - name: app",
                "containers:\n    - name: app|initContainers: null\n    containers:\n    - name: app",
                "metadata:\n    labels|metadata:\n    creationTimestamp: null\n    labels",
                "labels: {app: web, tier: front}|labels: {tier: front, app: web}",
                "labels: {app: web, tier: front}|annotations: {}\n    labels: {tier: front, app: web}",
                "{cpu: 500m, memory: 64Mi}|{memory: 64Mi, cpu: 500m}",
                "{name: MODE, value: \"$(APP_VERSION)\"}|{value: \"$(APP_VERSION)\", name: MODE}",
                "image: |command: []\n      image: ",
            })
    void writingTheSameInAnotherWayRollsNothing(String fromTo) {
        String[] parts = fromTo.split("\\|");
        assertThat(V1).contains(parts[0]);
        assertThat(revision(V1.replace(parts[0], parts[1]))).isEqualTo(GOLDEN);
    }

    @Test
    void anEmptyTemplateMetadataIsAsGoodAsNone() {
        String bare = "version: '1'\ntemplate:\n  spec:\n    containers: [{name: a, image: b}]\n";
        String empty = bare.replace("  spec:", "  metadata: {creationTimestamp: null}\n  spec:")
                .replace("image: b", "image: b, resources: {}");
        assertThat(revision(empty)).isEqualTo(revision(bare));
    }

    @Test
    void aPoolReadBackFromTheApiServerHasTheSameRevision() {
        WorkerPool pool = Pools.pool(V1.replace("500m", "1").replace("64Mi", "1e9"));
        WorkerPool back = Serialization.unmarshal(Serialization.asJson(pool), WorkerPool.class);

        assertThat(RevisionContent.of(back.getSpec()).revision())
                .isEqualTo(RevisionContent.of(pool.getSpec()).revision());
    }

    @Test
    void aKeptRevisionReadBackIsTheSameContent() {
        RevisionContent content =
                RevisionContent.of(Pools.spec(V1 + "drain: {delaySeconds: 0}\nrestartedAt: '2026-11-24T00:00:00Z'"));
        ControllerRevision kept = new ControllerRevisionBuilder()
                .withNewMetadata()
                .withName("web-1")
                .endMetadata()
                .withData(content.toData())
                .withRevision(3L)
                .build();

        ControllerRevision back = Serialization.unmarshal(Serialization.asJson(kept), ControllerRevision.class);

        assertThat(RevisionContent.fromData(back.getData())).isEqualTo(content);
        assertThat(RevisionContent.fromData(back.getData()).revision()).isEqualTo(content.revision());
        assertThat(RevisionContent.fromData(content.toData().toString())).isEqualTo(content);
    }

    @Test
    void aFieldThatThisReleaseDoesNotKnowIsKeptAndRolls() {
        String newer = V1.replace("volumes:", "fieldOfTomorrow: {on: 'yes'}\n    volumes:");
        RevisionContent content = RevisionContent.of(Pools.spec(newer));

        assertThat(content.revision()).isNotEqualTo(GOLDEN);
        assertThat(content.toData().at("/template/spec/fieldOfTomorrow/on").asText())
                .isEqualTo("yes");
    }

    @Test
    void theRevisionIsALabelValueAndPartOfAName() {
        for (int i = 0; i < 100; i++) {
            assertThat(revision(V1.replace("1.4.0", "v" + i))).matches("[a-z0-9]{10}");
        }
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThatThrownBy(() -> revision(Pools.TEMPLATE)).hasMessageContaining("spec.version");
        assertThatThrownBy(() -> revision("version: '1'")).hasMessageContaining("spec.template");
        assertThatThrownBy(() -> RevisionContent.fromData("[1]")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RevisionContent.fromData("{")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RevisionContent.fromData(null)).isInstanceOf(IllegalArgumentException.class);
    }

    private static String revision(String spec) {
        return RevisionContent.of(Pools.spec(spec)).revision();
    }
}
