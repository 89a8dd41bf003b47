package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Ready;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An image that cannot be pulled: a registry that says no ends the rollout, one that says nothing is waited for. */
@Execution(ExecutionMode.CONCURRENT)
class ImageE2E extends ClusterTest {
    private static final String DEPLOYED = """
            version: 2.0.0
            template:
              spec:
                containers:
                - name: worker
                  image: %s
                  imagePullPolicy: IfNotPresent
                  readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
            """;

    /** Nothing listens on port 1 of whatever machine the node is. */
    @Test
    void aRegistryThatDoesNotAnswerIsWaitedForUntilTheDeadline() {
        Pool pool = create("silent", "spec: {rollout: {progressDeadlineSeconds: 20}}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit(DEPLOYED.formatted("127.0.0.1:1/shop/web:2.0.0"));
            String message = pool.awaitBlocked("silent-1-1", "does not answer");
            assertThat(message)
                    .startsWith("worker 1 of 2: silent-1-1 waits: container worker waits for its image"
                            + " 127.0.0.1:1/shop/web:2.0.0: its registry does not answer (connection refused)"
                            + "; it goes on by itself when that is mended, and fails at ");
            WorkerPoolStatus status = pool.await(Reason.RolledBack);

            assertThat(status.lastFailure().reason()).isEqualTo("ProgressDeadlineExceeded");
            assertThat(status.lastFailure().message())
                    .isEqualTo(
                            "the step took longer than 20 s (rollout.progressDeadlineSeconds): container worker waits"
                                    + " for its image 127.0.0.1:1/shop/web:2.0.0: its registry does not answer (connection refused)");
            assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            pool.awaitEvents("Blocked", 1); // of one and the same wait
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
        }
    }

    @Test
    void aRegistryInTroubleIsWaitedForUntilTheUserWantsSomethingElse() throws IOException {
        LocalCluster.assumed("the node pulls from a registry on this machine's loopback");
        try (Registry registry = new Registry(503)) {
            Pool pool = create("trouble", "spec: {rollout: {readyTimeoutSeconds: 60}}");
            pool.awaitUpToDate("1.0.0");
            pool.edit(DEPLOYED.formatted(registry.image()));
            String message = pool.awaitBlocked("trouble-1-1", registry.image());
            assertThat(message)
                    .contains("its registry does not answer (503 Service Unavailable); it goes on by itself");
            pool.edit(DEPLOYED.formatted("workerpool.dev/worker:e2e").replace("2.0.0", "1.1.0"));
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");

            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(status.history())
                    .extracting(WorkerPoolStatus.HistoryEntry::result)
                    .containsExactly(Result.Succeeded, Result.Superseded);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"404,not found", "401,401 Unauthorized", "403,403 Forbidden"})
    void aRegistryThatSaysNoEndsTheRolloutAtOnce(int code, String says) throws IOException {
        LocalCluster.assumed("the node pulls from a registry on this machine's loopback");
        try (Registry registry = new Registry(code)) {
            Pool pool = create("no" + code, "{}");
            pool.awaitUpToDate("1.0.0");
            try (PodRecord pods = PodRecord.of(pool)) {
                pool.edit(DEPLOYED.formatted(registry.image()));
                WorkerPoolStatus status = pool.await(Reason.RolledBack);

                assertThat(status.lastFailure().reason()).isEqualTo("ErrImagePull");
                assertThat(status.lastFailure().message())
                        .startsWith("container worker cannot get its image " + registry.image() + ": ")
                        .endsWith(": " + says);
                assertThat(Pool.condition(status, Ready).getMessage())
                        .startsWith("version 2.0.0 failed (no" + code + "-1-1: container worker cannot get its image ")
                        .contains("the workers are back at 1.0.0; apply a new spec.version");
                assertThat(status.history().getFirst().durationSeconds())
                        .as("seconds to the end, of 60 for a step")
                        .isLessThan(30);
                assertThat(pods.fewestReady())
                        .as("ready pods: %s", pods.lines())
                        .isEqualTo(2);
                assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
            }
        }
    }

    /** A registry on loopback that gives every question the same answer. */
    private record Registry(HttpServer server, int code) implements AutoCloseable {
        Registry(int code) throws IOException {
            this(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0), code);
            server.createContext("/", exchange -> {
                byte[] body = "{\"errors\": []}".getBytes(UTF_8);
                exchange.getResponseHeaders().add("Content-Type", "application/json");
                exchange.sendResponseHeaders(code, exchange.getRequestMethod().equals("HEAD") ? -1 : body.length);
                try (var out = exchange.getResponseBody()) {
                    if (!exchange.getRequestMethod().equals("HEAD")) {
                        out.write(body);
                    }
                }
            });
            server.start();
        }

        String image() {
            return "127.0.0.1:" + server.getAddress().getPort() + "/shop/web:2.0.0";
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }
}
