package dev.workerpool.operator.report;

import static dev.workerpool.operator.report.World.NOW;
import static dev.workerpool.operator.report.World.aPool;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.report.StatusWriter.Outcome;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatusWriterTest {
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile int answer = 200;
    private HttpServer server;
    private KubernetesClient client;
    private StatusWriter writer;
    private final World world = aPool();
    private final WorkerPoolStatus stored = world.render();

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withAutoConfigure(false)
                        .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
        writer = new StatusWriter(client);
    }

    @AfterEach
    void stop() {
        client.close();
        server.stop(0);
    }

    @Test
    void writesNothingWhenNothingDiffers() {
        assertThat(write(stored, 0)).isEqualTo(new Outcome.Same());
        assertThat(requests).isEmpty();
    }

    @Test
    void writesATransitionAtOnceGuardedByTheObservedResourceVersion() {
        assertThat(write(rollingOut(), 0)).isEqualTo(new Outcome.Written("42"));
        assertThat(requests)
                .containsExactly("PUT /apis/workerpool.dev/v1alpha1/namespaces/shop/workerpools/web/status 41");
    }

    @Test
    void writesTheFirstStatusAtOnce() {
        world.stored = null;
        assertThat(write(stored, 0)).isEqualTo(new Outcome.Written("42"));
    }

    @Test
    void letsCountersLagASecondSinceTheyWereFirstSeenToDiffer() {
        assertThat(write(oneMore(), 0)).isEqualTo(new Outcome.Later(NOW.plusMillis(1_000)));
        assertThat(write(oneMore(), 999)).isEqualTo(new Outcome.Later(NOW.plusMillis(1_000)));
        assertThat(requests).isEmpty();
        assertThat(write(oneMore(), 1_000)).isEqualTo(new Outcome.Written("42"));
    }

    @Test
    void letsTheMessageLagButNotTheReason() {
        World rolling = aPool().spec("2.0").rollingOut("2.0");
        world.stored = rolling.render();
        assertThat(write(rolling.waiting("worker 2 of 3").render(), 0)).isInstanceOf(Outcome.Later.class);
        assertThat(write(rolling.blocked("no quota").render(), 0)).isInstanceOf(Outcome.Written.class);
    }

    @Test
    void aDifferenceThatVanishedCostsNoWriteAndTheNextOneLagsAnew() {
        write(oneMore(), 0);
        assertThat(write(stored, 500)).isEqualTo(new Outcome.Same());
        assertThat(write(oneMore(), 1_500)).isEqualTo(new Outcome.Later(NOW.plusMillis(2_500)));
        assertThat(requests).isEmpty();
    }

    @Test
    void aForgottenPoolLagsAnew() {
        write(oneMore(), 0);
        writer.forget("uid-pool");
        assertThat(write(oneMore(), 5_000)).isEqualTo(new Outcome.Later(NOW.plusMillis(6_000)));
    }

    @ParameterizedTest
    @ValueSource(ints = {409, 404})
    void aConflictOrAPoolThatIsGoneIsStale(int code) {
        answer = code;
        assertThat(write(rollingOut(), 0)).isEqualTo(new Outcome.Stale());
        assertThat(requests).hasSize(1);
    }

    @Test
    void anyOtherRefusalIsThrown() {
        answer = 403;
        assertThatThrownBy(() -> write(rollingOut(), 0)).isInstanceOf(KubernetesClientException.class);
    }

    private Outcome write(WorkerPoolStatus rendered, long afterMillis) {
        return writer.write(world.pool(), rendered, NOW.plusMillis(afterMillis));
    }

    private static WorkerPoolStatus rollingOut() {
        return aPool().spec("2.0").rollingOut("2.0").render();
    }

    private static WorkerPoolStatus oneMore() {
        World more = aPool();
        more.stored = more.render();
        return more.workers("1.0", 4).replicas(4).render();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            WorkerPool pool = Serialization.unmarshal(exchange.getRequestBody(), WorkerPool.class);
            requests.add(
                    exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath() + " "
                            + pool.getMetadata().getResourceVersion());
            pool.getMetadata().setResourceVersion("42");
            String body = answer == 200
                    ? Serialization.asJson(pool)
                    : "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":" + answer + "}";
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(answer, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }
}
