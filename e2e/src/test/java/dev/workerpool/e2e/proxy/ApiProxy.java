package dev.workerpool.e2e.proxy;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * An API server's door on loopback, plain HTTP/1.1, that passes everything (watches by HTTP or WebSocket as they come),
 * writes down each call, and lets a test's {@link Faults} decide what becomes of it. Who calls is whoever the given
 * configuration says.
 */
public final class ApiProxy implements AutoCloseable {
    private final Upstream upstream;
    private final ServerSocket server;
    private final Path kubeconfig;
    private final List<Call> calls = new ArrayList<>();
    private final Set<Line> lines = ConcurrentHashMap.newKeySet();
    private volatile Faults faults = Faults.NONE;
    private volatile boolean closed;

    /** Starts one before the API server of that configuration. */
    public static ApiProxy before(Config config) {
        return new ApiProxy(config);
    }

    private ApiProxy(Config config) {
        try {
            upstream = new Upstream(config);
            server = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
            kubeconfig = Files.createTempFile("api-proxy-", ".kubeconfig");
            Files.writeString(kubeconfig, """
                    apiVersion: v1
                    kind: Config
                    current-context: proxy
                    contexts: [{name: proxy, context: {cluster: proxy, user: proxy}}]
                    clusters: [{name: proxy, cluster: {server: "%s"}}]
                    users: [{name: proxy, user: {}}]
                    """.formatted(url()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("api-proxy").start(this::accept);
    }

    public String url() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** Leads here; it is gone when the proxy is closed. */
    public Path kubeconfig() {
        return kubeconfig;
    }

    /** From the next call on. */
    public void faults(Faults next) {
        faults = next;
    }

    /** Those that were answered by the API server or a fault, or cut, in the order in which that was. */
    public List<Call> calls() {
        synchronized (calls) {
            return List.copyOf(calls);
        }
    }

    public List<Call> calls(Predicate<Call> which) {
        return calls().stream().filter(which).toList();
    }

    /** Closes the connections on which such calls are under way: watches, mostly. */
    public void cut(Predicate<Call> which) {
        lines.stream().filter(line -> line.carries(which)).forEach(Line::close);
    }

    /** Leaves such calls that are under way open, and passes nothing more of their answers. */
    public void stall(Predicate<Call> which) {
        lines.stream().filter(line -> line.carries(which)).forEach(Line::stall);
    }

    private void accept() {
        while (!closed) {
            try {
                Socket client = server.accept();
                Line line = new Line(client, upstream, () -> faults, this::record);
                lines.add(line);
                Thread.ofVirtual().name("api-proxy-line").start(() -> {
                    try (line) {
                        line.serve();
                    } finally {
                        lines.remove(line);
                    }
                });
                if (closed) {
                    line.close();
                }
            } catch (IOException e) {
                if (!closed) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void record(Call call) {
        synchronized (calls) {
            calls.add(call);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            server.close();
            lines.forEach(Line::close);
            Files.deleteIfExists(kubeconfig);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
