package dev.workerpool.operator.health;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Answers {@code /livez}, {@code /readyz} and {@code /metrics} on one port, from before the operator works until it
 * ends. A health path answers 200 and {@code ok}, or 503 and a sentence that says what is wrong.
 */
public final class ManagementServer implements AutoCloseable {
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

    /**
     * Starts to answer.
     *
     * @param port 0 to 65535; 0 takes any free one
     * @param dead what only a restart mends; empty when there is nothing
     * @param unready what keeps the operator from its work; empty when there is nothing
     * @param metrics the series in Prometheus' text format
     * @throws IOException if the port is taken
     */
    public ManagementServer(
            int port, Supplier<Optional<String>> dead, Supplier<Optional<String>> unready, Supplier<String> metrics)
            throws IOException {
        server = HttpServer.create(new InetSocketAddress(port), 0);
        server.setExecutor(executor);
        server.createContext("/", exchange -> {
            switch (exchange.getRequestURI().getPath()) {
                case "/livez" -> health(exchange, dead.get());
                case "/readyz" -> health(exchange, unready.get());
                case "/metrics" -> answer(exchange, 200, PROMETHEUS_TEXT, metrics.get());
                default -> answer(exchange, 404, "text/plain", "Here are /livez, /readyz and /metrics.\n");
            }
        });
        server.start();
    }

    /** Where it listens. */
    public int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
    }

    private static void health(HttpExchange exchange, Optional<String> problem) throws IOException {
        answer(exchange, problem.isPresent() ? 503 : 200, "text/plain", problem.orElse("ok") + "\n");
    }

    private static void answer(HttpExchange exchange, int status, String contentType, String text) throws IOException {
        try (exchange) {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", contentType);
            if ("HEAD".equals(exchange.getRequestMethod())) {
                exchange.sendResponseHeaders(status, -1);
                return;
            }
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
