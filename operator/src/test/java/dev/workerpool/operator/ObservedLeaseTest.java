package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the real elector makes of a lease, by a real client and a clock that only this test moves. */
class ObservedLeaseTest {
    private static final int PATIENCE_SECONDS = 30;
    private static final Duration ALMOST = Leadership.LASTS.minusSeconds(1);

    private final AtomicLong nanoTime = new AtomicLong();
    private final Leadership leadership = new Leadership("workerpool-system", why -> {}, nanoTime::get);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore looks = new Semaphore(0);
    private final CompletableFuture<Void> taken = new CompletableFuture<>();
    private volatile String spec;
    private volatile int version = 1;
    private HttpServer server;
    private KubernetesClient client;
    private CompletableFuture<?> election;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withRequestRetryBackoffLimit(0)
                .build();
        client = new KubernetesClientBuilder()
                .withConfig(config)
                .withKubernetesSerialization(WireFormat.preparing(Optional.of(leadership.leases())))
                .build();
    }

    @AfterEach
    void stop() {
        if (election != null) {
            election.cancel(true);
        }
        threads.shutdownNow();
        client.close();
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean look = exchange.getRequestMethod().equals("GET");
            boolean take = exchange.getRequestMethod().equals("PATCH");
            String lease = """
                    {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata":
                     {"namespace": "workerpool-system", "name": "workerpool-operator", "resourceVersion": "%d"}%s}
                    """.formatted(version, spec);
            byte[] body = lease.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(look || take ? 200 : 409, body.length); // it is there: none can be made
            exchange.getResponseBody().write(body);
            if (look) {
                looks.release();
            } else if (take) {
                taken.complete(null);
            }
        }
    }

    private void elect() {
        election = new LeaderElector(
                        client,
                        new LeaderElectionConfig(
                                new LeaseLock("workerpool-system", Leadership.LEASE, "another"),
                                Leadership.LASTS,
                                Leadership.RENEWED_WITHIN,
                                Duration.ofMillis(5),
                                new LeaderCallbacks(() -> {}, () -> {}, leader -> {}),
                                false,
                                "test"),
                        threads)
                .start();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ", \"spec\": {}",
                ", \"spec\": {\"holderIdentity\": \"\", \"leaseTransitions\": 3}",
                ", \"spec\": {\"leaseDurationSeconds\": 15}"
            })
    void whoNamesNoHolderIsFree(String written) throws Exception {
        spec = written;

        elect();

        taken.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"spec\": {\"holderIdentity\": \"gone\"}",
                ", \"spec\": {\"holderIdentity\": \"gone\", \"leaseDurationSeconds\": 15}",
                ", \"spec\": {\"holderIdentity\": \"gone\", \"renewTime\": \"2026-01-01T00:00:00.000000Z\"}"
            })
    void whoNamesOneAndLacksTheRestRunsOut(String written) throws Exception {
        spec = written;

        elect();

        awaitLooks();
        pass(ALMOST);
        awaitLooks();
        assertThat(taken).isNotDone();
        pass(Duration.ofSeconds(2));
        taken.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void aLeaderThatRenewsLeadsOnHoweverFarItsClockIsBehind() throws Exception {
        spec = renewed(Instant.now().minusSeconds(3600));

        elect();

        for (int renewals = 0; renewals < 3; renewals++) {
            awaitLooks();
            pass(ALMOST);
            version++;
        }
        awaitLooks();
        assertThat(taken).isNotDone();

        pass(Leadership.LASTS.plusSeconds(1));
        taken.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void oneThatIsGoneIsWaitedForNoLongerIfItsClockWasAhead() throws Exception {
        spec = renewed(Instant.now().plusSeconds(3600));

        elect();

        awaitLooks();
        pass(Leadership.LASTS.plusSeconds(1));
        taken.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** By it a new leader knows for how long nobody listened to the API server. */
    @Test
    void whenAnybodyLastLedIsWhatTheLeaseSays() {
        Instant anHourAgo = Instant.now().minusSeconds(3600).truncatedTo(ChronoUnit.MICROS);
        spec = renewed(anHourAgo);
        assertThat(leadership.lastRenewal(client)).contains(anHourAgo);

        spec = "";
        assertThat(leadership.lastRenewal(client)).isEmpty();
    }

    private static String renewed(Instant at) {
        Instant when = at.truncatedTo(ChronoUnit.MICROS); // as the API server stores it
        return ", \"spec\": {\"holderIdentity\": \"leader\", \"leaseDurationSeconds\": 15, \"acquireTime\": \"" + when
                + "\", \"renewTime\": \"" + when + "\"}";
    }

    private void pass(Duration time) {
        nanoTime.addAndGet(time.toNanos());
    }

    /** Until what was answered before this call was surely weighed, and what follows from it done. */
    private void awaitLooks() throws InterruptedException {
        looks.drainPermits();
        assertThat(looks.tryAcquire(3, PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
}
