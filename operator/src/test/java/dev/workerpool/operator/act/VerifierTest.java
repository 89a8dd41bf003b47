package dev.workerpool.operator.act;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.workerpool.api.WorkerPoolSpec;
import dev.workerpool.operator.decide.Worker.Check;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operator's own check, of a worker on loopback. */
class VerifierTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final Verifier verifier = new Verifier(Clock.fixed(NOON, ZoneOffset.UTC));
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CyclicBarrier both = new CyclicBarrier(2);
    private HttpServer worker;

    @BeforeEach
    void start() throws IOException {
        worker = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        worker.setExecutor(threads);
        worker.createContext("/ready", exchange -> answer(exchange, 204));
        worker.createContext("/moved", exchange -> answer(exchange, 302));
        worker.createContext("/broken", exchange -> answer(exchange, 500));
        worker.createContext("/together", exchange -> {
            try {
                both.await(20, TimeUnit.SECONDS);
            } catch (Exception alone) {
                answer(exchange, 500);
                return;
            }
            answer(exchange, 200);
        });
        worker.start();
    }

    @AfterEach
    void stop() {
        worker.stop(0);
        threads.shutdownNow();
    }

    @Test
    void passesWithAStatusFrom200To399() {
        assertThat(ask("/ready", 0)).isEqualTo(new Check(true, 0, Optional.of(NOON), ""));
        assertThat(ask("/moved", 3).passed()).isTrue();
    }

    @Test
    void countsAFailureAndSaysWhatItWas() {
        Check check = ask("/broken", 2);
        assertThat(check.passed()).isFalse();
        assertThat(check.failures()).isEqualTo(3);
        assertThat(check.message()).isEqualTo("GET /broken on port " + port() + " answered 500");
    }

    @Test
    void saysThatNothingAcceptsConnections() {
        worker.stop(0);
        assertThat(ask("/ready", 0).message())
                .isEqualTo("GET /ready on port " + port() + " failed: nothing accepts connections there");
    }

    @Test
    void tellsNothingOfAnAnswerThatIsNotHttp() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            threads.execute(() -> {
                try (Socket asked = other.accept()) {
                    asked.getOutputStream().write("SSH-2.0-secret\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            var how = new WorkerPoolSpec.Verification("/", new IntOrString(other.getLocalPort()), null, 5);
            Check check = verifier.ask(how, List.of(question("a"))).get("a");
            assertThat(check.passed()).isFalse();
            assertThat(check.message())
                    .isEqualTo("GET / on port " + other.getLocalPort()
                            + " failed: the connection broke, or what answered does not speak HTTP");
        }
    }

    @Test
    void saysWhichPortNoContainerHas() {
        var how = new WorkerPoolSpec.Verification("/ready", new IntOrString("web"), null, 5);
        assertThat(verifier.ask(how, List.of(question("a"))).get("a").message())
                .isEqualTo("no container has a port named web, which spec.rollout.verification.port asks for");
    }

    @Test
    void asksAllAtTheSameTime() {
        Map<String, Check> answers = verifier.ask(how("/together"), List.of(question("a"), question("b")));

        assertThat(answers).containsOnlyKeys("a", "b");
        assertThat(answers.values()).allMatch(Check::passed);
    }

    @Test
    void findsAPortByItsNameInSidecarsToo() {
        Pod pod = new PodBuilder(question("a").pod())
                .editSpec()
                .addNewContainer()
                .addNewPort()
                .withName("web")
                .withContainerPort(1)
                .endPort()
                .endContainer()
                .addNewInitContainer()
                .withRestartPolicy("Always")
                .addNewPort()
                .withName("proxy")
                .withContainerPort(port())
                .endPort()
                .endInitContainer()
                .endSpec()
                .build();
        var how = new WorkerPoolSpec.Verification("/ready", new IntOrString("proxy"), null, 5);
        assertThat(verifier.ask(how, List.of(new Verifier.Question(pod, 0)))
                        .get("a")
                        .passed())
                .isTrue();
    }

    private Check ask(String path, int failures) {
        var question = new Verifier.Question(question("a").pod(), failures);
        return verifier.ask(how(path), List.of(question)).get("a");
    }

    private WorkerPoolSpec.Verification how(String path) {
        return new WorkerPoolSpec.Verification(path, new IntOrString(port()), null, 5);
    }

    private int port() {
        return worker.getAddress().getPort();
    }

    private static Verifier.Question question(String uid) {
        return new Verifier.Question(
                new PodBuilder()
                        .withNewMetadata()
                        .withUid(uid)
                        .endMetadata()
                        .withNewSpec()
                        .endSpec()
                        .withNewStatus()
                        .withPodIP(InetAddress.getLoopbackAddress().getHostAddress())
                        .endStatus()
                        .build(),
                0);
    }

    private static void answer(HttpExchange exchange, int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }
}
