package dev.workerpool.e2e.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.function.Predicate;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A server and a client for each test. */
abstract class Fixture {
    protected EmbeddedServer server;
    protected KubernetesClient client;

    @BeforeEach
    void startServer() {
        server = EmbeddedServer.start();
        server.nodes().startDelay(Duration.ZERO).readyDelay(Duration.ZERO).terminationDelay(Duration.ZERO);
        client = server.client();
    }

    @AfterEach
    void stopServer() {
        client.close();
        server.close();
    }

    static Pod pod(String name, String version) {
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .addToLabels("app", "web")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("worker")
                .withImage("worker:" + version)
                .addNewEnv()
                .withName("APP_VERSION")
                .withValue(version)
                .endEnv()
                .endContainer()
                .endSpec()
                .build();
    }

    static Pod owned(Pod pod, WorkerPool owner) {
        pod.getMetadata()
                .getOwnerReferences()
                .add(new OwnerReferenceBuilder()
                        .withApiVersion(owner.getApiVersion())
                        .withKind(owner.getKind())
                        .withName(owner.getMetadata().getName())
                        .withUid(owner.getMetadata().getUid())
                        .withController(true)
                        .withBlockOwnerDeletion(true)
                        .build());
        return pod;
    }

    static WorkerPool pool(String name) {
        return Serialization.unmarshal("""
                apiVersion: workerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: %s, namespace: default}
                spec: {version: "1", template: {spec: {containers: [{name: worker, image: "worker:1"}]}}}
                """.formatted(name), WorkerPool.class);
    }

    Pod create(String name, String version) {
        return client.resource(pod(name, version)).create();
    }

    Pod read(String name) {
        return client.pods().inNamespace("default").withName(name).get();
    }

    WorkerPool readPool(String name) {
        return client.resources(WorkerPool.class)
                .inNamespace("default")
                .withName(name)
                .get();
    }

    /** The pod as soon as it is so. */
    Pod await(String name, Predicate<Pod> so) {
        return Awaitility.await()
                .pollInterval(Duration.ofMillis(10))
                .atMost(Duration.ofSeconds(5))
                .until(() -> read(name), so);
    }

    Pod awaitReady(String name) {
        return await(name, Fixture::ready);
    }

    void awaitGone(String name) {
        Awaitility.await()
                .pollInterval(Duration.ofMillis(10))
                .atMost(Duration.ofSeconds(5))
                .until(() -> read(name) == null);
    }

    static boolean ready(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
    }

    static KubernetesClientException refused(int code, ThrowingCallable call) {
        KubernetesClientException refusal = catchThrowableOfType(KubernetesClientException.class, call);
        assertThat(refusal).isNotNull();
        assertThat(refusal.getCode()).as(refusal.getMessage()).isEqualTo(code);
        return refusal;
    }
}
