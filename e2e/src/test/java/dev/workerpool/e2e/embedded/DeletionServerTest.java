package dev.workerpool.e2e.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LifecycleBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.EvictionBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class DeletionServerTest extends Fixture {

    @Test
    void podsTerminateGracefullyAndAtOnceWithoutGrace() {
        server.nodes().terminationDelay(Duration.ofMinutes(1));
        create("a", "1");
        awaitReady("a");
        client.resource(read("a")).delete();
        Pod leaving = read("a");
        assertThat(leaving.getMetadata().getDeletionTimestamp()).isNotEmpty();
        assertThat(leaving.getMetadata().getDeletionGracePeriodSeconds()).isEqualTo(30);
        assertThat(ready(leaving)).isTrue();
        client.resource(leaving).withGracePeriod(0).delete();
        assertThat(read("a")).isNull();
    }

    @Test
    void preStopSleepDelaysTheEnd() {
        server.nodes().terminationScale(0.1);
        Pod pod = pod("a", "1");
        pod.getSpec()
                .getContainers()
                .getFirst()
                .setLifecycle(new LifecycleBuilder()
                        .withNewPreStop()
                        .withNewSleep(5L)
                        .endPreStop()
                        .build());
        client.resource(pod).create();
        awaitReady("a");
        long before = System.nanoTime();
        client.resource(pod).delete();
        awaitGone("a");
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThan(Duration.ofMillis(450));
    }

    @Test
    void preconditionsMustHold() {
        Pod made = create("a", "1");
        awaitReady("a");
        assertThat(refused(409, () -> client.resource(made)
                                .lockResourceVersion()
                                .delete())
                        .getMessage())
                .contains("Precondition failed");
        client.resource(read("a")).lockResourceVersion().delete();
        awaitGone("a");
    }

    @Test
    void finalizersHoldAnObject() {
        WorkerPool pool = pool("web");
        pool.getMetadata().getFinalizers().add("example.com/wait");
        client.resource(pool).create();
        client.resource(pool).delete();
        assertThat(readPool("web").getMetadata().getDeletionTimestamp()).isNotEmpty();
        client.resource(readPool("web")).edit(p -> {
            p.getMetadata().getFinalizers().clear();
            return p;
        });
        assertThat(readPool("web")).isNull();
    }

    @Test
    void dependentsGoWithTheirOwner() {
        WorkerPool owner = client.resource(pool("web")).create();
        client.resource(owned(pod("a", "1"), owner)).create();
        create("b", "1");
        client.resource(owner).delete();
        awaitGone("a");
        assertThat(read("b")).isNotNull();
    }

    @Test
    void ownerWaitsInTheForeground() {
        server.nodes().terminationDelay(Duration.ofMillis(200));
        WorkerPool owner = client.resource(pool("web")).create();
        client.resource(owned(pod("a", "1"), owner)).create();
        awaitReady("a");
        client.resource(owner)
                .withPropagationPolicy(DeletionPropagation.FOREGROUND)
                .delete();
        assertThat(readPool("web")).isNotNull();
        awaitGone("a");
        Awaitility.await().until(() -> readPool("web") == null);
    }

    @Test
    void orphansForgetTheirOwner() {
        WorkerPool owner = client.resource(pool("web")).create();
        client.resource(owned(pod("a", "1"), owner)).create();
        client.resource(owner).withPropagationPolicy(DeletionPropagation.ORPHAN).delete();
        assertThat(await("a", pod -> pod.getMetadata().getOwnerReferences().isEmpty()))
                .isNotNull();
    }

    @Test
    void evictionRespectsTheBudget() {
        create("a", "1");
        create("b", "1");
        awaitReady("a");
        awaitReady("b");
        budget("first", new IntOrString(2));
        assertThat(evict("a")).isFalse();
        client.policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace("default")
                .withName("first")
                .delete();
        budget("second", new IntOrString("50%"));
        assertThat(evict("a")).isTrue();
        awaitGone("a");
        create("c", "1");
        awaitReady("c");
        budget("third", new IntOrString("50%"));
        assertThat(refused(500, () -> evict("b")).getMessage()).contains("more than one PodDisruptionBudget");
    }

    private boolean evict(String pod) {
        return client.pods()
                .inNamespace("default")
                .withName(pod)
                .evict(new EvictionBuilder()
                        .withNewMetadata()
                        .withName(pod)
                        .withNamespace("default")
                        .endMetadata()
                        .build());
    }

    private void budget(String name, IntOrString minAvailable) {
        client.resource(new PodDisruptionBudgetBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace("default")
                        .endMetadata()
                        .withNewSpec()
                        .withMinAvailable(minAvailable)
                        .withNewSelector()
                        .addToMatchLabels("app", "web")
                        .endSelector()
                        .endSpec()
                        .build())
                .create();
    }
}
