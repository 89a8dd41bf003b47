package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;

/** A watch: one JSON object a line, for as long as both sides like. */
final class Watches {
    /** The fabric8 client reads a watch over HTTP wrongly where a character takes more than one byte: none does. */
    private static final ObjectWriter ASCII =
            Json.MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature());

    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final Duration BOOKMARK = Duration.ofSeconds(30);

    private final Store store;
    private final Faults faults;

    Watches(Store store, Faults faults) {
        this.store = store;
        this.faults = faults;
    }

    /** One open watch. */
    private final class Stream {
        final Call call;
        final OutputStream out;
        final Predicate<JsonNode> wanted;
        boolean headerSent;

        Stream(Call call, OutputStream out) {
            this.call = call;
            this.out = out;
            this.wanted = Selectors.of(call.query("labelSelector"), call.query("fieldSelector"));
        }

        void send(String type, ObjectNode object) throws IOException {
            JsonNode shown = object;
            if (call.table() && !type.equals("ERROR") && !type.equals("BOOKMARK")) {
                shown = Tables.of(call.kind(), List.of(object), Json.version(object), !headerSent);
                headerSent = true;
            }
            ObjectNode event = Json.object().put("type", type);
            event.set("object", shown);
            out.write(ASCII.writeValueAsBytes(event));
            out.write('\n');
            out.flush();
        }

        void bookmark(long version, boolean initialEnd) throws IOException {
            ObjectNode object = Json.object()
                    .put("kind", call.kind().kind())
                    .put("apiVersion", call.kind().apiVersion());
            ObjectNode meta = object.putObject("metadata").put("resourceVersion", String.valueOf(version));
            if (initialEnd) {
                meta.putObject("annotations").put("k8s.io/initial-events-end", "true");
            }
            send("BOOKMARK", object);
        }

        void pass(Store.Change change) throws IOException {
            boolean here = change.key().resource().equals(call.kind().storage())
                    && (call.namespace().isEmpty() || change.key().namespace().equals(call.namespace()));
            if (!here) {
                return;
            }
            boolean was = change.before() != null && wanted.test(change.before());
            boolean is = !change.deleted() && wanted.test(change.after());
            if (is) {
                send(was ? "MODIFIED" : "ADDED", change.after());
            } else if (change.deleted() && was) {
                send("DELETED", change.after());
            } else if (was) {
                // As a real server does: what the object was when the watch last saw it, in its new version.
                ObjectNode last = change.before().deepCopy();
                Json.meta(last).put("resourceVersion", Json.version(change.after()));
                send("DELETED", last);
            }
        }
    }

    /**
     * Sends changes until the client goes, its {@code timeoutSeconds} are over, or a test ends all watches.
     *
     * @throws IOException when the client has gone
     */
    void stream(Call call, OutputStream out) throws IOException, InterruptedException {
        Stream stream = new Stream(call, out);
        int epoch = faults.watchEpoch;
        Instant end = Instant.now().plusSeconds(number(call.query("timeoutSeconds"), 3600));
        long seen = number(call.query("resourceVersion"), 0);
        out.flush();
        if (seen == 0) {
            seen = initial(stream);
        }
        Instant marked = Instant.now();
        while (epoch == faults.watchEpoch && Instant.now().isBefore(end)) {
            List<Store.Change> changes;
            try {
                changes = store.after(seen, LOOK);
            } catch (ApiError gone) {
                stream.send("ERROR", gone.status);
                return;
            }
            while (faults.hung.test(call.kind().plural()) && epoch == faults.watchEpoch) {
                Thread.sleep(10);
            }
            for (Store.Change change : changes) {
                stream.pass(change);
                seen = change.version();
            }
            if (call.query("allowWatchBookmarks").equals("true")
                    && marked.plus(BOOKMARK).isBefore(Instant.now())) {
                stream.bookmark(seen, false);
                marked = Instant.now();
            }
        }
    }

    private long initial(Stream stream) throws IOException {
        record State(List<ObjectNode> objects, long version) {}
        Call call = stream.call;
        State state =
                store.locked(() -> new State(store.list(call.kind().storage(), call.namespace()), store.version()));
        for (ObjectNode object : state.objects()) {
            if (stream.wanted.test(object)) {
                stream.send("ADDED", object);
            }
        }
        if (call.query("sendInitialEvents").equals("true")) {
            stream.bookmark(state.version(), true);
        }
        return state.version();
    }

    private static long number(String text, long otherwise) {
        return text.isEmpty() ? otherwise : Long.parseLong(text);
    }
}
