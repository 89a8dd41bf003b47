package dev.workerpool.operator.act;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Answers as told, on loopback: for each method and path the answers in order, the last one again and again. */
public final class ScriptedServer implements AutoCloseable {
    private static final String CORE = "/api/v1/namespaces/shop";
    private static final String APPS = "/apis/apps/v1/namespaces/shop";

    private record Answer(int code, String body) {}

    private final HttpServer server;
    private final KubernetesClient client;
    private final Map<String, Deque<Answer>> answers = new HashMap<>();
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    public ScriptedServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.start();
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withRequestRetryBackoffLimit(0)
                .build();
        client = new KubernetesClientBuilder().withConfig(config).build();
    }

    public KubernetesClient client() {
        return client;
    }

    /** Code 0: the connection is closed without an answer. */
    public synchronized void answer(String method, String path, int code, String body) {
        String base = path.startsWith("/controllerrevisions") ? APPS : CORE;
        answers.computeIfAbsent(method + " " + base + path, k -> new ArrayDeque<>())
                .add(new Answer(code, body));
    }

    /** What was asked: method, path with query, body. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + asked);
            Answer answer = next(
                    exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath());
            if (answer.code() == 0) {
                return;
            }
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(answer.code(), body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private synchronized Answer next(String call) {
        Deque<Answer> known = answers.get(call);
        if (known == null) {
            return new Answer(404, "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"not scripted\"}");
        }
        return known.size() > 1 ? known.poll() : known.peek();
    }

    @Override
    public void close() {
        client.close();
        server.stop(0);
    }
}
