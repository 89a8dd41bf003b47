package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.PodFacts;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PodFactoryTest {
    private static final String V1 = "version: '1.4.0'\n" + Pools.TEMPLATE;
    private static final String MANY = V1.replace("volumes:", """
            - name: own
                  image: registry.example/own:7
                  env:
                  - {name: FIRST, value: a}
                  - {name: WORKER_ID, value: mine}
                  lifecycle:
                    preStop: {exec: {command: [bye]}}
                - name: started
                  image: registry.example/started:7
                  lifecycle:
                    postStart: {exec: {command: [hi]}}
                initContainers:
                - {name: migrate, image: "registry.example/migrate:$(APP_VERSION)"}
                - {name: proxy, image: proxy, restartPolicy: Always}
                volumes:""");

    @Test
    void aWorkerIsOwnedNamedAndLabelledAsPromised() {
        Pod pod = make(V1, 3, 2);

        assertThat(pod.getMetadata().getName()).isEqualTo("web-3-2");
        assertThat(pod.getMetadata().getNamespace()).isEqualTo("shop");
        String revision = RevisionContent.of(Pools.spec(V1)).revision();
        assertThat(pod.getMetadata().getLabels())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "app", "web",
                        "tier", "front",
                        "workerpool.dev/pool", "web",
                        "workerpool.dev/worker", "3",
                        "workerpool.dev/revision", revision,
                        "workerpool.dev/version", "1.4.0"));
        assertThat(pod.getMetadata().getAnnotations())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("workerpool.dev/version", "1.4.0", "workerpool.dev/generation", "2"));
        OwnerReference owner = pod.getMetadata().getOwnerReferences().get(0);
        assertThat(Serialization.asJson(owner))
                .isEqualTo(Serialization.asJson(Serialization.unmarshal("""
                        {"apiVersion": "workerpool.dev/v1alpha1", "blockOwnerDeletion": true, "controller": true,
                         "kind": "WorkerPool", "name": "web", "uid": "0a1b2c3d-1111-2222-3333-444455556666"}
                        """, OwnerReference.class)));
    }

    @Test
    void theVersionStandsInEveryImageThatAsksForIt() {
        assertThat(images(make(MANY, 1, 0)))
                .containsExactly(
                        "registry.example/web:1.4.0",
                        "registry.example/own:7",
                        "registry.example/started:7",
                        "registry.example/migrate:1.4.0",
                        "proxy");
    }

    @Test
    void everyContainerKnowsItsVersionAndWorkerBeforeTheTemplatesOwnEnvironment() {
        Pod pod = make(MANY, 3, 2);

        assertThat(env(pod, "app"))
                .containsExactly("APP_VERSION=1.4.0", "WORKER_ID=3", "WORKER_GENERATION=2", "MODE=$(APP_VERSION)");
        for (String other : List.of("started", "migrate", "proxy")) {
            assertThat(env(pod, other)).containsExactly("APP_VERSION=1.4.0", "WORKER_ID=3", "WORKER_GENERATION=2");
        }
    }

    @Test
    void theTemplatesOwnValueOfOneOfOurNamesStands() {
        assertThat(env(make(MANY, 3, 2), "own"))
                .containsExactly("APP_VERSION=1.4.0", "WORKER_GENERATION=2", "FIRST=a", "WORKER_ID=mine");
    }

    @Test
    void aLeavingWorkerKeepsServingForTheDrainDelay() {
        Pod pod = make(MANY + "drain: {delaySeconds: 8, timeoutSeconds: 20}", 1, 0);

        assertThat(container(pod, "app").getLifecycle().getPreStop().getSleep().getSeconds())
                .isEqualTo(8);
        assertThat(container(pod, "started")
                        .getLifecycle()
                        .getPreStop()
                        .getSleep()
                        .getSeconds())
                .isEqualTo(8);
        assertThat(container(pod, "started").getLifecycle().getPostStart()).isNotNull();
        assertThat(container(pod, "own").getLifecycle().getPreStop().getSleep()).isNull();
        assertThat(container(pod, "migrate").getLifecycle()).isNull();
        assertThat(container(pod, "proxy").getLifecycle()).isNull();
        assertThat(pod.getSpec().getTerminationGracePeriodSeconds()).isEqualTo(28);
    }

    @Test
    void withoutADelayNothingSleeps() {
        Pod pod = make(V1 + "drain: {delaySeconds: 0}", 1, 0);

        assertThat(container(pod, "app").getLifecycle()).isNull();
        assertThat(pod.getSpec().getTerminationGracePeriodSeconds()).isEqualTo(30);
    }

    @Test
    void theTemplatesOwnGracePeriodStands() {
        Pod pod = make(V1.replace("volumes:", "terminationGracePeriodSeconds: 90\n    volumes:"), 1, 0);

        assertThat(pod.getSpec().getTerminationGracePeriodSeconds()).isEqualTo(90);
    }

    @Test
    void theTemplateIsLeftAsItIs() {
        RevisionContent content = RevisionContent.of(Pools.spec(MANY));
        String before = content.toData().toString();
        WorkerPool pool = Pools.pool(MANY);

        PodFactory.pod(pool, content, 1, 0);

        assertThat(content.toData()).hasToString(before);
        assertThat(pool).isEqualTo(Pools.pool(MANY));
    }

    @Test
    void aKeptRevisionMakesTheSamePodAsTheSpecDid() {
        RevisionContent content = RevisionContent.of(Pools.spec(MANY));
        RevisionContent kept = RevisionContent.fromData(content.toData().toString());

        assertThat(Serialization.asJson(PodFactory.pod(Pools.pool(MANY), kept, 2, 5)))
                .isEqualTo(Serialization.asJson(PodFactory.pod(Pools.pool(MANY), content, 2, 5)));
    }

    @Test
    void whatIsMadeIsReadBackAsMade() {
        WorkerPool pool = Pools.pool(V1);
        Pod pod = make(V1, 3, 2);

        PodFacts facts = PodReading.facts("web", pod).orElseThrow();

        assertThat(PodReading.isWorker(pod, pool)).isTrue();
        assertThat(facts.slot()).isEqualTo(3);
        assertThat(facts.generation()).isEqualTo(2);
        assertThat(facts.version()).isEqualTo("1.4.0");
        assertThat(facts.revision()).isEqualTo(EffectiveSpec.settings(pool).revision());
    }

    private static Pod make(String spec, int slot, int generation) {
        return PodFactory.pod(Pools.pool(spec), RevisionContent.of(Pools.spec(spec)), slot, generation);
    }

    private static List<String> images(Pod pod) {
        return Stream.concat(pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
                .map(Container::getImage)
                .toList();
    }

    private static Container container(Pod pod, String name) {
        return Stream.concat(pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
                .filter(c -> c.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> env(Pod pod, String container) {
        return container(pod, container).getEnv().stream()
                .map(PodFactoryTest::assignment)
                .toList();
    }

    private static String assignment(EnvVar env) {
        return env.getName() + "=" + env.getValue();
    }
}
