package dev.workerpool.e2e.proxy;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** The head of an HTTP/1.1 request or answer, and how its body is told from what follows. */
record Message(String start, List<Header> headers) {
    private static final int PIECE = 16 * 1024;
    private static final Set<String> BODY_LENGTH = Set.of("transfer-encoding", "content-length");

    record Header(String name, String value) {
        boolean is(String other) {
            return name.equalsIgnoreCase(other);
        }
    }

    /** Where the body of an answer goes, piece by piece as it comes. */
    interface Sink {
        void pass(byte[] bytes, int length) throws IOException;
    }

    /** Empty if the connection ends before it. */
    static Optional<Message> read(InputStream in) throws IOException {
        String start = line(in);
        if (start == null) {
            return Optional.empty();
        }
        List<Header> headers = new ArrayList<>();
        for (String line = line(in); line != null && !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.add(new Header(
                    line.substring(0, colon), line.substring(colon + 1).strip()));
        }
        return Optional.of(new Message(start, List.copyOf(headers)));
    }

    /** Without its line end; null at the end of the connection. */
    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                return null;
            }
            line.append((char) c);
        }
        return line.toString().stripTrailing();
    }

    /** The method of a request, or the version of an answer. */
    String first() {
        return start.split(" ", 3)[0];
    }

    /** The path of a request, or the status of an answer. */
    String second() {
        return start.split(" ", 3)[1];
    }

    int status() {
        return Integer.parseInt(second());
    }

    String header(String name) {
        return headers.stream()
                .filter(h -> h.is(name))
                .map(Header::value)
                .findFirst()
                .orElse("");
    }

    Message without(Predicate<Header> which) {
        return new Message(start, headers.stream().filter(which.negate()).toList());
    }

    Message with(String name, String value) {
        List<Header> all = new ArrayList<>(without(h -> h.is(name)).headers());
        all.add(new Header(name, value));
        return new Message(start, List.copyOf(all));
    }

    /** The same request with a body whose length is known. */
    Message withBody(byte[] body) {
        Message bare = without(h -> BODY_LENGTH.contains(h.name().toLowerCase(Locale.ROOT)));
        return body.length == 0 && first().equals("GET") ? bare : bare.with("Content-Length", body.length + "");
    }

    byte[] head() {
        StringBuilder head = new StringBuilder(start).append("\r\n");
        headers.forEach(
                h -> head.append(h.name()).append(": ").append(h.value()).append("\r\n"));
        return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    void write(OutputStream out) throws IOException {
        out.write(head());
        out.flush();
    }

    /** The whole body of a request. */
    byte[] body(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (chunked()) {
            for (int size = chunk(in); size > 0; size = chunk(in)) {
                body.write(in.readNBytes(size));
                line(in);
            }
            line(in);
        } else if (!header("Content-Length").isEmpty()) {
            body.write(in.readNBytes(Integer.parseInt(header("Content-Length"))));
        }
        return body.toByteArray();
    }

    /** Passes the body of an answer on as it is framed, until its end; false if only the end of the connection is one. */
    boolean relay(InputStream in, Sink out, String method) throws IOException {
        if (method.equals("HEAD") || status() == 204 || status() == 304) {
            return true;
        }
        if (chunked()) {
            int size;
            do {
                size = chunk(in);
                byte[] head = (Integer.toHexString(size) + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
                out.pass(head, head.length);
                relay(in, out, size + 2L); // and the line end behind it
            } while (size > 0);
            return true;
        }
        if (!header("Content-Length").isEmpty()) {
            relay(in, out, Long.parseLong(header("Content-Length")));
            return true;
        }
        all(in, out);
        return false;
    }

    private boolean chunked() {
        return header("Transfer-Encoding").equalsIgnoreCase("chunked");
    }

    private static int chunk(InputStream in) throws IOException {
        String size = line(in);
        if (size == null) {
            throw new EOFException("the connection ended before a chunk");
        }
        return Integer.parseInt(size.split(";")[0].strip(), 16);
    }

    private static void relay(InputStream in, Sink out, long length) throws IOException {
        byte[] piece = new byte[PIECE];
        for (long left = length; left > 0; ) {
            int read = in.read(piece, 0, (int) Math.min(left, PIECE));
            if (read < 0) {
                throw new EOFException("the connection ended within a body");
            }
            out.pass(piece, read);
            left -= read;
        }
    }

    /** Passes on whatever comes until the connection ends. */
    static void all(InputStream in, Sink out) throws IOException {
        byte[] piece = new byte[PIECE];
        for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
            out.pass(piece, read);
        }
    }
}
