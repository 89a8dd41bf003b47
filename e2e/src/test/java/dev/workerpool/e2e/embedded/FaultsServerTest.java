package dev.workerpool.e2e.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class FaultsServerTest extends Fixture {

    @Test
    void countsWritesOfClientsAlone() {
        create("a", "1");
        awaitReady("a");
        assertThat(server.writes()).isEqualTo(1);
        assertThat(server.eventWrites()).isZero();
        assertThat(server.requests()).anySatisfy(r -> {
            assertThat(r.method()).isEqualTo("POST");
            assertThat(r.status()).isEqualTo(201);
            assertThat(r.userAgent()).contains("fabric8");
        });
    }

    @Test
    void failsAsOftenAsAsked() {
        server.fail(r -> r.method().equals("POST"), 429, 1, "later", Duration.ofSeconds(3));
        assertThat(refused(429, () -> create("a", "1")).getStatus().getMessage())
                .isEqualTo("later");
        create("a", "1");
    }

    @Test
    void aDroppedAnswerIsStillCarriedOut() {
        server.dropAnswers(r -> r.method().equals("POST"), 1);
        assertThatThrownBy(() -> create("a", "1")).isInstanceOf(KubernetesClientException.class);
        assertThat(read("a")).isNotNull();
    }

    @Test
    void informersSurviveExpiredAndClosedWatches() {
        try (SharedIndexInformer<Pod> pods =
                client.pods().inNamespace("default").inform()) {
            create("a", "1");
            seen(pods, 1);
            server.expireWatches();
            create("b", "1");
            seen(pods, 2);
            server.closeWatches();
            create("c", "1");
            seen(pods, 3);
        }
    }

    @Test
    void hungWatchesDeliverLater() throws InterruptedException {
        try (SharedIndexInformer<Pod> pods =
                client.pods().inNamespace("default").inform()) {
            server.hangWatches(true);
            create("a", "1");
            Thread.sleep(200);
            assertThat(pods.getStore().list()).isEmpty();
            server.hangWatches(false);
            seen(pods, 1);
        }
    }

    @Test
    void anOutageCutsEverything() {
        server.outage(true);
        assertThatThrownBy(() -> read("a")).isInstanceOf(KubernetesClientException.class);
        server.outage(false);
        assertThat(read("a")).isNull();
    }

    @Test
    void clientsThatWantWebSocketsFallBack() {
        var config = new ConfigBuilder(client.getConfiguration())
                .withOnlyHttpWatches(false)
                .build();
        try (KubernetesClient other =
                        new KubernetesClientBuilder().withConfig(config).build();
                SharedIndexInformer<Pod> pods =
                        other.pods().inNamespace("default").inform()) {
            create("a", "1");
            seen(pods, 1);
        }
    }

    private static void seen(SharedIndexInformer<Pod> informer, int pods) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(5))
                .until(() -> informer.getStore().list().size() == pods);
    }
}
