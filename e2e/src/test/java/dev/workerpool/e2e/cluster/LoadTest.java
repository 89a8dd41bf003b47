package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.e2e.cluster.Load.Figures;
import dev.workerpool.e2e.cluster.Load.Mode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A proof that nothing was lost is worth what its load generator notices. */
class LoadTest {
    private static final String GOOD = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private final AtomicInteger requests = new AtomicInteger();

    /** What a server does with each connection. */
    @FunctionalInterface
    private interface Serving {
        void serve(Socket socket, BufferedReader in, OutputStream out) throws IOException;
    }

    @Test
    void opensAConnectionForEachRequest() throws IOException {
        AtomicInteger connections = new AtomicInteger();
        Figures figures = figures(Mode.NEW_CONNECTIONS, (socket, in, out) -> {
            connections.incrementAndGet();
            request(in);
            out.write(GOOD.getBytes());
        });
        assertThat(figures.failures()).isEmpty();
        assertThat(figures.requests()).isEqualTo(connections.get());
    }

    @Test
    void keepsConnectionsOpen() throws IOException {
        AtomicInteger connections = new AtomicInteger();
        Figures figures = figures(Mode.KEEP_ALIVE, (socket, in, out) -> {
            connections.incrementAndGet();
            while (request(in)) {
                out.write(GOOD.getBytes());
            }
        });
        assertThat(figures.failures()).isEmpty();
        assertThat(figures.resent()).isZero();
        assertThat(connections.get()).isLessThan(figures.requests() / 2);
    }

    @Test
    void sendsAgainWhatWentToAConnectionThatWasClosedWhileIdle() throws IOException {
        Figures figures = figures(Mode.KEEP_ALIVE, (socket, in, out) -> {
            request(in);
            out.write(GOOD.getBytes()); // and closes, without having said so
        });
        assertThat(figures.failures()).isEmpty();
        assertThat(figures.resent()).isPositive();
    }

    @Test
    void countsANewConnectionThatIsClosedBeforeItsAnswerInBothModes() throws IOException {
        for (Mode mode : Mode.values()) {
            assertOnly("cut off", figures(mode, (socket, in, out) -> request(in)));
        }
    }

    @Test
    void countsAnAnswerCutOffOnAConnectionUsedBefore() throws IOException {
        Figures figures = figures(Mode.KEEP_ALIVE, (socket, in, out) -> {
            request(in);
            out.write(GOOD.getBytes());
            request(in);
            out.write(GOOD.substring(0, GOOD.length() - 1).getBytes());
        });
        assertThat(figures.failures()).containsOnlyKeys("cut off");
        assertThat(figures.resent()).isZero();
    }

    @Test
    void countsResets() throws IOException {
        assertOnly("reset", figures(Mode.NEW_CONNECTIONS, (socket, in, out) -> {
            request(in);
            socket.setSoLinger(true, 0);
        }));
    }

    @Test
    void countsAnotherStatus() throws IOException {
        assertOnly("HTTP/1.1 503 Busy", figures(Mode.NEW_CONNECTIONS, (socket, in, out) -> {
            request(in);
            out.write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".getBytes());
        }));
    }

    @Test
    void countsRefusedConnections() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        Load load = Load.begin(port, Mode.NEW_CONNECTIONS, 100);
        await().pollDelay(Duration.ofMillis(300)).until(() -> true);
        assertOnly("refused", load.end());
    }

    private static void assertOnly(String kind, Figures figures) {
        assertThat(figures.requests()).isPositive();
        assertThat(figures.failures()).isEqualTo(Map.of(kind, figures.requests()));
        assertThat(figures.told()).isNotEmpty();
    }

    private Figures figures(Mode mode, Serving serving) throws IOException {
        requests.set(0);
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> accept(server, serving));
            Load load = Load.begin(server.getLocalPort(), mode, 200);
            await().until(() -> requests.get() >= 40);
            return load.end();
        }
    }

    private static void accept(ServerSocket server, Serving serving) {
        while (true) {
            try {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
                        serving.serve(socket, in, socket.getOutputStream());
                    } catch (IOException e) {
                        // The client has left.
                    }
                });
            } catch (IOException e) {
                return; // the test is over
            }
        }
    }

    /** Reads a request; false if there is none any more. */
    private boolean request(BufferedReader in) throws IOException {
        String line = in.readLine();
        while (line != null && !line.isEmpty()) {
            line = in.readLine();
        }
        if (line == null) {
            return false;
        }
        requests.incrementAndGet();
        return true;
    }
}
