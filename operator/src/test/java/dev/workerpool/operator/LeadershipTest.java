package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Through a real client, to an API server that says yes to everything as long as it is told to. */
class LeadershipTest {
    private static final Duration ALMOST = Leadership.RENEWED_WITHIN.minusSeconds(1);

    private final AtomicLong nanoTime = new AtomicLong();
    private final BlockingQueue<String> lost = new LinkedBlockingQueue<>();
    private final List<String> arrived = new CopyOnWriteArrayList<>();
    private final Leadership leadership = new Leadership("workerpool-system", lost::add, nanoTime::get);
    private volatile int leaseAnswers = 200;
    private HttpServer server;
    private KubernetesClient client;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            arrived.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            boolean lease = exchange.getRequestURI().getPath().contains("/leases");
            byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(lease ? leaseAnswers : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withRequestRetryBackoffLimit(0)
                .build();
        client = new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("lease", leadership))
                .build();
    }

    @AfterEach
    void stop() {
        leadership.end();
        client.close();
        server.stop(0);
    }

    @Test
    void aStandbyMayAskWhatItMayDo() {
        pass(Duration.ofDays(1));

        assertThatCode(this::write).doesNotThrowAnyException();
        assertThat(lost).isEmpty();
    }

    @Test
    void aLeaderThatRenewsInTimeWrites() {
        renew();
        pass(ALMOST);
        renew();
        pass(ALMOST);

        assertThatCode(this::write).doesNotThrowAnyException();
        assertThat(lost).isEmpty();
    }

    @Test
    void aLeaderThatWasPausedWritesNothingMoreAndEnds() {
        renew();
        pass(Leadership.RENEWED_WITHIN);

        assertThatThrownBy(this::write).isInstanceOf(IllegalStateException.class);
        assertThat(arrived).isNotEmpty().allMatch(call -> call.contains("/leases"));
        assertThat(lost).isNotEmpty().allSatisfy(line -> assertThat(line)
                .startsWith("Lease workerpool-system/workerpool-operator is lost, or was not renewed for 10 s")
                .doesNotContain("\n"));
    }

    @Test
    void aRefusedRenewalIsNone() {
        renew();
        pass(ALMOST);
        leaseAnswers = 409;
        assertThatThrownBy(this::renew).isInstanceOf(KubernetesClientException.class);
        pass(ALMOST);

        assertThatThrownBy(this::write).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aLeaderThatWritesNothingEndsToo() throws InterruptedException {
        renew();
        pass(Leadership.RENEWED_WITHIN);

        assertThat(lost.poll(10, TimeUnit.SECONDS)).contains("is lost");
    }

    @Test
    void whoeverEndsInOrderIsNotToldThatTheLeaseIsLost() {
        renew();
        leadership.end();
        pass(Leadership.RENEWED_WITHIN);

        assertThatThrownBy(this::write).isInstanceOf(IllegalStateException.class);
        assertThat(lost).isEmpty();
    }

    private void pass(Duration time) {
        nanoTime.addAndGet(time.toNanos());
    }

    private void renew() {
        client.resource(new LeaseBuilder()
                        .withNewMetadata()
                        .withNamespace("workerpool-system")
                        .withName(Leadership.LEASE)
                        .endMetadata()
                        .build())
                .update();
    }

    private void write() {
        client.raw("/api/v1/namespaces/shop/pods", "POST", "{}");
    }
}
