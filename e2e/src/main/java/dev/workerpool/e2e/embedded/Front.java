package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The HTTP side: takes requests apart, records them, lets faults have their way, and sends answers. */
final class Front implements AutoCloseable {
    private static final int RECORDED = 100_000;

    static {
        // Without it an answer waits up to 40 ms for the client's delayed acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final Kinds kinds;
    private final Api api;
    private final Pods pods;
    private final Watches watches;
    private final Faults faults;
    private final Set<EmbeddedServer.Denied> denied = ConcurrentHashMap.newKeySet();
    private final Deque<RecordedRequest> recorded = new ArrayDeque<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer http;

    Front(Kinds kinds, Api api, Pods pods, Watches watches, Faults faults) {
        this.kinds = kinds;
        this.api = api;
        this.pods = pods;
        this.watches = watches;
        this.faults = faults;
        try {
            http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        http.setExecutor(threads);
        http.createContext("/", this::serve);
        http.start();
    }

    String url() {
        return "http://127.0.0.1:" + http.getAddress().getPort();
    }

    List<RecordedRequest> requests() {
        synchronized (recorded) {
            return List.copyOf(recorded);
        }
    }

    void forgetRequests() {
        synchronized (recorded) {
            recorded.clear();
        }
    }

    void deny(EmbeddedServer.Denied what) {
        denied.add(what);
    }

    private void record(RecordedRequest request) {
        synchronized (recorded) {
            recorded.add(request);
            if (recorded.size() > RECORDED) {
                recorded.removeFirst();
            }
        }
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (faults.outage) {
                return;
            }
            RecordedRequest request = new RecordedRequest(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().toString(),
                    0,
                    header(exchange, "User-Agent"),
                    Instant.now());
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (header(exchange, "Upgrade").equalsIgnoreCase("websocket")) {
                // 200 instead of 101: the answer upon which fabric8's client watches by HTTP instead.
                exchange.sendResponseHeaders(200, -1);
                return;
            }
            Thread.sleep(faults.latency);
            Optional<Reply> refusal = faults.refusal(request);
            if (refusal.isPresent()) {
                send(exchange, request, refusal.get());
            } else {
                answer(exchange, request, body);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer(HttpExchange exchange, RecordedRequest request, byte[] body)
            throws IOException, InterruptedException {
        Reply reply;
        try {
            String path = exchange.getRequestURI().getPath();
            Optional<ObjectNode> document = kinds.document(path);
            if (document.isPresent()) {
                reply = Reply.json(200, document.get());
            } else if (Set.of("/healthz", "/livez", "/readyz").contains(path)) {
                reply = Reply.text("ok");
            } else {
                Call call = call(exchange, path, body);
                refuseDenied(call);
                if (call.watch()) {
                    record(request.answered(200));
                    exchange.getResponseHeaders().set("Content-Type", "application/json");
                    exchange.sendResponseHeaders(200, 0);
                    OutputStream out = exchange.getResponseBody();
                    watches.stream(call, out);
                    return;
                }
                reply = review(call).or(() -> pods.subresource(call)).orElseGet(() -> api.handle(call));
            }
        } catch (ApiError e) {
            reply = Reply.error(e);
        } catch (IOException e) {
            throw e;
        } catch (RuntimeException e) {
            // A fault of this server must not look like a lost connection.
            reply = Reply.error(ApiError.of(500, "InternalError", "embedded server: " + e));
        }
        Optional<Reply> answer = faults.answer(request, reply);
        if (answer.isPresent()) {
            send(exchange, request, answer.get());
        } else {
            record(request);
        }
    }

    private void send(HttpExchange exchange, RecordedRequest request, Reply reply) throws IOException {
        record(request.answered(reply.code()));
        exchange.getResponseHeaders().set("Content-Type", reply.contentType());
        reply.headers().forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(reply.code(), reply.body().length == 0 ? -1 : reply.body().length);
        exchange.getResponseBody().write(reply.body());
    }

    private Call call(HttpExchange exchange, String path, byte[] body) {
        Call.Target target = Call.Target.of(path);
        Kind kind = target == null
                ? null
                : kinds.find(target.group(), target.version(), target.plural()).orElse(null);
        if (kind == null
                || !Set.of("", "status", "scale", "eviction", "log", "finalize").contains(target.subresource())) {
            throw ApiError.noSuchPath();
        }
        return new Call(
                exchange.getRequestMethod(),
                kind,
                target.namespace(),
                target.name(),
                target.subresource(),
                query(exchange.getRequestURI().getRawQuery()),
                header(exchange, "Content-Type").split(";")[0],
                header(exchange, "Accept"),
                body);
    }

    private void refuseDenied(Call call) {
        String resource = call.kind().plural() + (call.subresource().isEmpty() ? "" : "/" + call.subresource());
        if (denied.contains(new EmbeddedServer.Denied(call.verb(), resource))) {
            throw ApiError.forbidden(
                    call.kind(),
                    call.name(),
                    "User \"embedded\" cannot %s resource \"%s\" in API group \"%s\" in the namespace \"%s\""
                            .formatted(call.verb(), resource, call.kind().group(), call.namespace()));
        }
    }

    /** The answer to a review of one's own rights: everything is allowed that is not denied. */
    private Optional<Reply> review(Call call) {
        if (!call.kind().kind().startsWith("SelfSubject")) {
            return Optional.empty();
        }
        ObjectNode review = call.object();
        ObjectNode status = Json.child(review, "status");
        if (call.kind().kind().equals("SelfSubjectAccessReview")) {
            String resource = Json.text(review, "spec.resourceAttributes.resource");
            String subresource = Json.text(review, "spec.resourceAttributes.subresource");
            String full = subresource.isEmpty() ? resource : resource + "/" + subresource;
            String verb = Json.text(review, "spec.resourceAttributes.verb");
            status.put("allowed", !denied.contains(new EmbeddedServer.Denied(verb, full)));
        } else {
            ObjectNode rule =
                    status.put("incomplete", false).putArray("resourceRules").addObject();
            List.of("verbs", "apiGroups", "resources")
                    .forEach(field -> rule.putArray(field).add("*"));
            status.putArray("nonResourceRules");
        }
        return Optional.of(Reply.json(201, review));
    }

    private static Map<String, String> query(String raw) {
        Map<String, String> query = new HashMap<>();
        for (String pair : (raw == null ? "" : raw).split("&")) {
            int at = pair.indexOf('=');
            String value = at < 0 ? "" : pair.substring(at + 1);
            query.put(at < 0 ? pair : pair.substring(0, at), URLDecoder.decode(value, StandardCharsets.UTF_8));
        }
        return query;
    }

    private static String header(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    @Override
    public void close() {
        http.stop(0);
        threads.shutdownNow();
    }
}
