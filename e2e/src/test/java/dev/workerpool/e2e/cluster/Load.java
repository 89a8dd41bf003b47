package dev.workerpool.e2e.cluster;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * GET requests to a port on 127.0.0.1 at a steady rate, each begun when it is due whether or not earlier ones were
 * answered, and every failure counted by its kind. Sockets of its own, since an HTTP library may retry unseen.
 *
 * <p>With {@link Mode#NEW_CONNECTIONS} each request has a connection of its own and one try; whatever is not a complete
 * answer with status 200 is a failure.
 *
 * <p>With {@link Mode#KEEP_ALIVE} a request goes over the connection that has been idle longest, so that all of them
 * stay open through a rollout. A server may close an idle connection at any time, and the next request may already be
 * under way: it then ends before the first byte of an answer. Every correct client sends a GET once more then, over a
 * new connection (RFC 9110, section 9.2.2; RFC 9112, section 9.3.1), and the person who asked never knows. So that is
 * what is done here, and counted as resent, not as failed. Anything else is a failure: an answer cut off in its middle,
 * no answer in time, a status other than 200, and all that goes wrong on a connection just opened, for a resent request
 * too.
 */
public final class Load implements AutoCloseable {
    public enum Mode {
        NEW_CONNECTIONS,
        KEEP_ALIVE
    }

    /** Longer than two SYNs that a busy machine dropped (1 s and 2 s later they are sent again). */
    private static final int TIMEOUT_MILLIS = 10_000;

    private static final Path CONNECTIONS = Path.of("/proc/net/nf_conntrack");
    private static final int MOST_AT_ONCE = 200;
    private static final int MOST_TOLD = 20;

    private final int port;
    private final Mode mode;
    private final long periodNanos;
    private final Thread ticker = Thread.ofPlatform().daemon().unstarted(this::tick);
    private final ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore free = new Semaphore(MOST_AT_ONCE);
    private final ConcurrentLinkedQueue<Connection> idle = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    private final Map<String, Integer> failures = new TreeMap<>();
    private final List<String> told = new ArrayList<>();
    private int answered;
    private int resent;
    private long slowestNanos;

    /**
     * What became of the requests.
     *
     * @param resent once more, after an idle connection turned out to be closed; those among {@code requests} once
     * @param failures by kind
     * @param told when the first failures happened, and how
     * @param slowest of those answered
     */
    public record Figures(
            int requests, int resent, Map<String, Integer> failures, List<String> told, Duration slowest) {
        public int failed() {
            return failures.values().stream().mapToInt(Integer::intValue).sum();
        }
    }

    public static Load begin(int port, Mode mode, int perSecond) {
        Load load = new Load(port, mode, perSecond);
        load.ticker.start();
        return load;
    }

    private Load(int port, Mode mode, int perSecond) {
        this.port = port;
        this.mode = mode;
        periodNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
    }

    /**
     * Whether one request is answered well. It comes from another address than the load: a SYN that a Service without
     * rules or endpoints refused leaves, for 2 minutes, an entry in the node's connection tracking that takes whoever
     * uses the same source port past the Service, to a port where nobody listens.
     */
    public static boolean answers(int port) {
        try {
            Connection connection = new Connection(port, new InetSocketAddress("127.0.0.2", 0));
            try {
                connection.exchange(false);
                return true;
            } finally {
                connection.close();
            }
        } catch (IOException e) {
            return false;
        }
    }

    /** How many have failed so far. */
    public int failed() {
        synchronized (failures) {
            return failures.values().stream().mapToInt(Integer::intValue).sum();
        }
    }

    /** Ends it, waits for the answers under way, and says what came of all. */
    public Figures end() {
        close();
        synchronized (failures) {
            Map<String, Integer> kinds = new TreeMap<>(failures);
            int failed = kinds.values().stream().mapToInt(Integer::intValue).sum();
            return new Figures(answered + failed, resent, kinds, List.copyOf(told), Duration.ofNanos(slowestNanos));
        }
    }

    @Override
    public void close() {
        stopped = true;
        try {
            ticker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        requests.close(); // waits; each request has time limits
        idle.forEach(Connection::close);
        idle.clear();
    }

    private void tick() {
        long due = System.nanoTime();
        while (!stopped) {
            free.acquireUninterruptibly();
            requests.execute(this::request);
            due += periodNanos;
            long early = due - System.nanoTime();
            if (early > 0) {
                LockSupport.parkNanos(early);
            } else if (early < -TimeUnit.SECONDS.toNanos(1)) {
                due = System.nanoTime(); // the machine stood still: what was missed is not made up for in a burst
            }
        }
    }

    private void request() {
        long began = System.nanoTime();
        try {
            if (!overIdleConnection()) {
                overNewConnection();
            }
            synchronized (failures) {
                answered++;
                slowestNanos = Math.max(slowestNanos, System.nanoTime() - began);
            }
        } catch (IOException e) {
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
            synchronized (failures) {
                failures.merge(kind(e), 1, Integer::sum);
                if (told.size() < MOST_TOLD) {
                    told.add("%s after %d ms: %s%s".formatted(Instant.now(), millis, e, unanswered()));
                }
            }
        } finally {
            free.release();
        }
    }

    /**
     * The connections that nobody answers, and to which pod they were sent, where the kernel tells it (a cluster on this
     * machine, and we are root): without it, one lost of a million is never explained.
     */
    private String unanswered() {
        try (Stream<String> entries = Files.lines(CONNECTIONS, StandardCharsets.US_ASCII)) {
            String dport = " dport=" + port + " ";
            return entries.filter(entry -> entry.contains(" SYN_SENT ") && entry.contains(dport))
                    .filter(entry -> entry.contains(" src=127.0.0.1 dst=127.0.0.1 "))
                    .limit(3)
                    .collect(Collectors.joining("; ", " (unanswered: ", ")"));
        } catch (IOException | UncheckedIOException e) {
            return "";
        }
    }

    /** False if there is none, or the one there was had been closed by the server before an answer began. */
    private boolean overIdleConnection() throws IOException {
        Connection connection = idle.poll();
        if (connection == null) {
            return false;
        }
        try {
            exchange(connection);
            return true;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            if (connection.answerBegun) {
                throw e;
            }
            synchronized (failures) {
                resent++;
            }
            return false;
        }
    }

    private void overNewConnection() throws IOException {
        exchange(new Connection(port));
    }

    private void exchange(Connection connection) throws IOException {
        boolean keep = false;
        try {
            keep = connection.exchange(mode == Mode.KEEP_ALIVE);
        } finally {
            if (keep) {
                idle.add(connection);
            } else {
                connection.close();
            }
        }
    }

    private static String kind(IOException e) {
        return switch (e) {
            case Refusal refusal -> refusal.getMessage();
            case ConnectException refused -> "refused";
            case NoRouteToHostException noRoute -> "unreachable";
            case SocketTimeoutException timeout -> "timed out";
            case EOFException end -> "cut off";
            case SocketException reset -> "reset";
            default -> e.toString();
        };
    }

    /** An answer, but not the one that was asked for. */
    private static final class Refusal extends IOException {
        private static final long serialVersionUID = 1;

        Refusal(String message) {
            super(message);
        }
    }

    private static final class Connection {
        private final Socket socket = new Socket();
        private final InputStream in;
        private boolean answerBegun;

        Connection(int port) throws IOException {
            this(port, null);
        }

        Connection(int port, InetSocketAddress from) throws IOException {
            try {
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(TIMEOUT_MILLIS);
                if (from != null) {
                    socket.bind(from);
                }
                socket.connect(new InetSocketAddress("127.0.0.1", port), TIMEOUT_MILLIS);
                in = new BufferedInputStream(socket.getInputStream(), 1024);
            } catch (IOException e) {
                close();
                throw e;
            }
        }

        /** One request and its whole answer; whether the connection may be used again. */
        boolean exchange(boolean keepAlive) throws IOException {
            answerBegun = false;
            String request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: %s\r\n\r\n"
                    .formatted(keepAlive ? "keep-alive" : "close");
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String status = line();
            boolean close = !keepAlive;
            int length = -1;
            for (String header = line(); !header.isEmpty(); header = line()) {
                String lower = header.toLowerCase(Locale.ROOT);
                if (lower.startsWith("content-length:")) {
                    length = Integer.parseInt(
                            lower.substring("content-length:".length()).strip());
                } else if (lower.startsWith("connection:")) {
                    close |= lower.endsWith("close");
                }
            }
            if (length < 0) {
                throw new Refusal("an answer without Content-Length");
            }
            if (in.readNBytes(length).length < length) {
                throw new EOFException("in the body");
            }
            if (!status.startsWith("HTTP/1.1 200 ")) {
                throw new Refusal(status);
            }
            // The server closes first, so that ports in TIME_WAIT gather on its side and not on this one.
            if (close && in.read() >= 0) {
                throw new Refusal("more than the answer");
            }
            return !close;
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new EOFException(answerBegun ? "in the header" : "before the answer");
                }
                answerBegun = true;
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }

        void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new IllegalStateException("a socket that does not close", e);
            }
        }
    }
}
