package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.e2e.embedded.EmbeddedServer;
import dev.workerpool.e2e.proxy.ApiProxy;
import dev.workerpool.e2e.proxy.Call;
import dev.workerpool.operator.Options;
import dev.workerpool.operator.RunningOperator;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The watch of pods goes on, that of pools hangs: what is seen of a pool may be a pool that is gone. */
@Timeout(120)
class LaggingPoolServerTest {
    private final EmbeddedServer server = EmbeddedServer.start();
    private final KubernetesClient direct = server.client();
    private final List<String> fatal = new CopyOnWriteArrayList<>();
    private ApiProxy proxy;
    private KubernetesClient client;
    private RunningOperator operator;

    @BeforeEach
    void start() throws Exception {
        server.nodes()
                .startDelay(Duration.ofMillis(5))
                .readyDelay(Duration.ofMillis(10))
                .terminationDelay(Duration.ofMillis(20))
                .terminationScale(0.01);
        proxy = ApiProxy.before(direct.getConfiguration());
        Config config = Config.fromKubeconfig(proxy.kubeconfig().toFile());
        config.setRequestRetryBackoffLimit(0);
        client = new KubernetesClientBuilder().withConfig(config).build();
        operator = RunningOperator.start(client, Options.local(), Clock.systemUTC(), fatal::add);
    }

    @AfterEach
    void stop() {
        operator.close();
        client.close();
        proxy.close();
        direct.close();
        server.close();
        assertThat(fatal).isEmpty();
    }

    @Test
    void theWorkersOfADeletedPoolAreNotMadeAgain() {
        direct.resource(Stage.pool()).create();
        resource().scale(1);
        await().atMost(Duration.ofSeconds(60)).until(this::workers, n -> n == 1);
        await().atMost(Duration.ofSeconds(60)).until(this::upToDate);
        proxy.stall(call -> call.watch() && call.path().contains("/workerpools"));
        int made = proxy.calls(LaggingPoolServerTest::makesPod).size();
        int asked = proxy.calls(LaggingPoolServerTest::asksForPool).size();

        resource().delete();

        await().atMost(Duration.ofSeconds(60)).until(this::workers, n -> n == 0);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> proxy.calls(LaggingPoolServerTest::asksForPool).size() > asked);
        await().during(Duration.ofSeconds(1))
                .atMost(Duration.ofSeconds(10))
                .until(() -> proxy.calls(LaggingPoolServerTest::makesPod).size() == made);
    }

    private static boolean makesPod(Call call) {
        return call.method().equals("POST") && call.of("pods") && call.write();
    }

    private static boolean asksForPool(Call call) {
        return call.method().equals("GET") && call.path().contains("/workerpools/web");
    }

    private Resource<WorkerPool> resource() {
        return direct.resources(WorkerPool.class).inNamespace("default").withName("web");
    }

    private int workers() {
        return direct.pods()
                .inNamespace("default")
                .withLabel("workerpool.dev/pool", "web")
                .list()
                .getItems()
                .size();
    }

    private boolean upToDate() {
        WorkerPoolStatus status = resource().get().getStatus();
        return status != null
                && "v1".equals(status.version())
                && status.conditions().stream()
                        .anyMatch(c ->
                                c.getType().equals("Ready") && c.getStatus().equals("True"));
    }
}
