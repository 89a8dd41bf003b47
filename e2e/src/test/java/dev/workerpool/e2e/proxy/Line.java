package dev.workerpool.e2e.proxy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A client's connection, and the one to the API server that belongs to it. */
final class Line implements AutoCloseable {
    /** A server closes what is idle for longer, perhaps just while the next request is on its way. */
    private static final Duration FRESH = Duration.ofSeconds(10);

    private final Socket client;
    private final Upstream upstream;
    private final Supplier<Faults> faults;
    private final Consumer<Call> record;
    private volatile Socket server;
    private InputStream answers;
    private Instant usedAt = Instant.MIN;
    private volatile Call current;
    private volatile boolean stalled;
    private volatile boolean closed;

    /** @param record told of each call once its fate is known */
    Line(Socket client, Upstream upstream, Supplier<Faults> faults, Consumer<Call> record) {
        this.client = client;
        this.upstream = upstream;
        this.faults = faults;
        this.record = record;
    }

    /** Serves one call after the other, until either side has enough. */
    void serve() {
        try {
            client.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(client.getInputStream());
            boolean open = true;
            while (open && !closed) {
                Optional<Message> request = Message.read(in);
                open = request.isPresent() && serve(request.get(), in);
                current = null;
            }
        } catch (IOException e) {
            // Either end has gone, as ends do: whoever waits for an answer sees the connection close.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean carries(Predicate<Call> which) {
        Call call = current;
        return call != null && which.test(call);
    }

    void stall() {
        stalled = true;
    }

    /** False if the connection has to end. */
    private boolean serve(Message request, InputStream in) throws IOException, InterruptedException {
        byte[] body = request.body(in);
        Call call = new Call(
                request.first(),
                request.second(),
                request.header("User-Agent"),
                new String(body, StandardCharsets.UTF_8),
                Instant.now(),
                0);
        current = call;
        Fault before = held(faults.get().before(call));
        if (!(before instanceof Fault.Pass)) {
            return instead(before, call, in);
        }
        Message answer;
        try {
            answer = ask(request, body);
        } catch (IOException e) {
            record.accept(call);
            throw e;
        }
        Call answered = call.answered(answer.status());
        current = answered;
        Fault after = held(faults.get().after(answered));
        switch (after) {
            case Fault.Pass pass -> record.accept(answered);
            case Fault.Stall stall -> {
                record.accept(answered);
                stalled = true;
            }
            default -> {
                instead(after, answered, in);
                return false; // the rest of the true answer is still on its way
            }
        }
        return deliver(answer, call.method(), in);
    }

    private static Fault held(Fault fault) throws InterruptedException {
        Fault last = fault;
        while (last instanceof Fault.Delay delay) {
            Thread.sleep(delay.time());
            last = delay.then();
        }
        return last;
    }

    private boolean instead(Fault fault, Call call, InputStream in) throws IOException {
        if (fault instanceof Fault.Answer answer) {
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            Message head = new Message("HTTP/1.1 " + answer.status() + " Fault", List.of())
                    .with("Content-Type", "application/json");
            for (Map.Entry<String, String> header : answer.headers().entrySet()) {
                head = head.with(header.getKey(), header.getValue());
            }
            record.accept(call.answered(answer.status()));
            OutputStream out = client.getOutputStream();
            head.with("Content-Length", body.length + "").write(out);
            out.write(body);
            out.flush();
            return true;
        }
        record.accept(call);
        if (fault instanceof Fault.Hang) {
            untilClosed(in);
        }
        return false;
    }

    private Message ask(Message request, byte[] body) throws IOException {
        if (server == null || usedAt.plus(FRESH).isBefore(Instant.now())) {
            hangUp();
            server = upstream.connect();
            answers = new BufferedInputStream(server.getInputStream());
        }
        if (closed) {
            hangUp();
            throw new IOException("cut");
        }
        OutputStream out = server.getOutputStream();
        upstream.addressed(request).withBody(body).write(out);
        out.write(body);
        out.flush();
        return Message.read(answers).orElseThrow(() -> new IOException("no answer"));
    }

    private boolean deliver(Message answer, String method, InputStream in) throws IOException, InterruptedException {
        OutputStream out = client.getOutputStream();
        answer.write(out);
        Message.Sink sink = (bytes, length) -> {
            if (!stalled) {
                out.write(bytes, 0, length);
                out.flush();
            }
        };
        boolean ended = false;
        try {
            if (answer.status() == 101) {
                Thread up = Thread.ofVirtual().name("api-proxy-up").start(() -> up(in));
                Message.all(answers, sink);
                if (stalled) {
                    up.join();
                }
                return false;
            }
            ended = answer.relay(answers, sink, method);
            usedAt = Instant.now();
        } catch (IOException e) {
            if (!stalled) {
                throw e;
            }
        }
        if (stalled) {
            untilClosed(in);
        }
        return ended && !stalled && !answer.header("Connection").equalsIgnoreCase("close");
    }

    /** What the client sends on an upgraded connection. */
    private void up(InputStream in) {
        try {
            OutputStream out = server.getOutputStream();
            Message.all(in, (bytes, length) -> {
                if (!stalled) {
                    out.write(bytes, 0, length);
                    out.flush();
                }
            });
        } catch (IOException e) {
            // gone, as at the end of the stream
        } finally {
            close();
        }
    }

    private static void untilClosed(InputStream in) throws IOException {
        in.transferTo(OutputStream.nullOutputStream());
    }

    private void hangUp() {
        quietly(server);
        server = null;
    }

    @Override
    public void close() {
        closed = true;
        quietly(client);
        quietly(server);
    }

    private static void quietly(Socket socket) {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException e) {
            // it was closed, or is now
        }
    }
}
