package dev.workerpool.e2e.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.workerpool.e2e.embedded.EmbeddedServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ConfigMapList;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The proxy passes what it should, and does to a call what the test wants. */
@Timeout(60)
class ApiProxyServerTest {
    private final EmbeddedServer server = EmbeddedServer.start();
    private final KubernetesClient direct = server.client();
    private ApiProxy proxy;
    private KubernetesClient client;

    @BeforeEach
    void begin() throws Exception {
        proxy = ApiProxy.before(direct.getConfiguration());
        Config config = Config.fromKubeconfig(proxy.kubeconfig().toFile());
        config.setRequestRetryBackoffLimit(0);
        config.setRequestTimeout(2_000);
        client = new KubernetesClientBuilder().withConfig(config).build();
    }

    @AfterEach
    void end() {
        client.close();
        proxy.close();
        direct.close();
        server.close();
    }

    @Test
    void passesAndWritesDownWhatIsAsked() {
        make("a");
        maps().withName("a").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"k\":\"v\"}}");
        client.resource(map("b")).inNamespace("default").dryRun(true).create();

        assertThat(maps().withName("a").get().getData()).containsEntry("k", "v");
        assertThatThrownBy(() -> make("a")).isInstanceOfSatisfying(KubernetesClientException.class, e -> assertThat(
                        e.getStatus().getReason())
                .isEqualTo("AlreadyExists"));
        assertThat(proxy.calls(Call::write))
                .allMatch(call -> call.of("configmaps"))
                .extracting(Call::status)
                .containsExactly(201, 200, 409);
        assertThat(proxy.calls(Call::dryRun)).hasSize(1);
    }

    @Test
    void passesAWatchAsItComesAndStallsOrCutsIt() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Watch watch = maps().watch(seen(seen));
        make("a");
        await().until(() -> seen.contains("a"));
        proxy.cut(Call::watch);
        make("b");
        await().until(() -> seen.contains("b")); // by a watch anew
        proxy.stall(Call::watch);
        make("c");
        await().during(Duration.ofSeconds(1)).until(() -> !seen.contains("c"));
        proxy.cut(Call::watch);
        await().until(() -> seen.contains("c"));
        watch.close();
    }

    @Test
    void lettingAWatchBeginItKeepsItsEventsBack() {
        proxy.faults(new Faults() {
            @Override
            public Fault after(Call call) {
                return call.watch() ? Fault.STALL : Fault.PASS;
            }
        });
        List<String> seen = new CopyOnWriteArrayList<>();
        Watch watch = maps().watch(seen(seen));
        make("a");
        await().during(Duration.ofSeconds(1)).until(seen::isEmpty);
        watch.close();
    }

    @Test
    void whatIsCutBeforeItIsPassedOnIsNotDoneAndWhatIsCutThenIs() {
        proxy.faults(new Faults() {
            @Override
            public Fault before(Call call) {
                return call.body().contains("early") ? Fault.CUT : Fault.PASS;
            }

            @Override
            public Fault after(Call call) {
                return call.body().contains("late") ? Fault.CUT : Fault.PASS;
            }
        });
        assertThatThrownBy(() -> make("early")).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(() -> make("late")).isInstanceOf(KubernetesClientException.class);

        assertThat(direct.configMaps().inNamespace("default").list().getItems())
                .extracting(map -> map.getMetadata().getName())
                .containsExactly("late");
    }

    @Test
    void answersHoldsUpAndHangs() {
        proxy.faults(new Faults() {
            @Override
            public Fault before(Call call) {
                if (call.body().contains("busy")) {
                    return Fault.status(429, "TooManyRequests", "come again", Map.of("Retry-After", "7"));
                }
                return call.body().contains("slow") ? Fault.delay(Duration.ofMillis(700)) : Fault.PASS;
            }

            @Override
            public Fault after(Call call) {
                return call.body().contains("lost") ? Fault.HANG : Fault.PASS;
            }
        });
        assertThatThrownBy(() -> make("busy")).isInstanceOfSatisfying(KubernetesClientException.class, e -> {
            assertThat(e.getCode()).isEqualTo(429);
            assertThat(e.getStatus().getMessage()).isEqualTo("come again");
        });
        long began = System.nanoTime();
        make("slow");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(700));
        assertThatThrownBy(() -> make("lost")).isInstanceOf(KubernetesClientException.class);
        assertThat(maps().withName("lost").get()).isNotNull();
        assertThat(maps().withName("busy").get()).isNull();
    }

    private void make(String name) {
        client.resource(map(name)).inNamespace("default").create();
    }

    private static ConfigMap map(String name) {
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .build();
    }

    private NonNamespaceOperation<ConfigMap, ConfigMapList, Resource<ConfigMap>> maps() {
        return client.configMaps().inNamespace("default");
    }

    private static Watcher<ConfigMap> seen(List<String> names) {
        return new Watcher<>() {
            @Override
            public void eventReceived(Action action, ConfigMap map) {
                names.add(map.getMetadata().getName());
            }

            @Override
            public void onClose(WatcherException cause) {
                // The client watches anew by itself.
            }
        };
    }
}
