package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A Kubernetes API server inside this JVM, on loopback, with a garbage collector and simulated nodes, for tests and the
 * demo. Both the fabric8 client and {@code kubectl} can use it.
 *
 * <p>It is a small versioned store behind the JDK's HTTP server, and not fabric8's server mock: what we rely on
 * (watches that stream, conflicts, preconditions, dry run, eviction, grace periods) the mock's CRUD mode has none
 * of, so that a dispatcher in front of it would replace all but its socket, which cannot stream.
 *
 * <p>What it does not imitate; what a test concludes about these rests on a real cluster:
 * <ul>
 *   <li>authentication, RBAC, admission webhooks and policies; {@link #deny} refuses by verb and resource
 *   <li>CEL rules of the CRD, formats, {@code oneOf} and the like: of its schema types, bounds, enums, patterns,
 *       required and unknown fields and defaults are
 *   <li>field ownership: a server-side apply merges the given fields, and never conflicts
 *   <li>validation of built-in kinds beyond names, containers and images; what may change in a pod
 *   <li>the lag of the disruption controller: a budget is counted at the eviction, from the pods that match
 *   <li>quota but for the number of pods, limit ranges, priority, preemption, affinity, taints, volumes, probes as such
 *   <li>endpoints and traffic, exec, attach, port-forward; log following
 *   <li>paging of lists ({@code limit} is ignored), WebSocket watches (refused so that fabric8 falls back to HTTP),
 *       protobuf (so {@code kubectl create namespace} fails where {@code apply -f} works), TLS
 *   <li>priority and fairness, etcd's limits, and time: one lock orders everything
 * </ul>
 */
public final class EmbeddedServer implements AutoCloseable {
    private static final String CRD_RESOURCE = "/workerpools.workerpool.dev-v1.yml";
    /** A verb (get, list, watch, create, update, patch, delete) on a resource, {@code pods/eviction} say. */
    record Denied(String verb, String resource) {}

    private final Store store = new Store();
    private final Kinds kinds = new Kinds(store);
    private final Admission admission = new Admission(store, kinds);
    private final Deletion deletion = new Deletion(store);
    private final Faults faults = new Faults();
    private final Nodes nodes;
    private final Front front;
    private final ExecutorService controllers = Executors.newVirtualThreadPerTaskExecutor();

    private EmbeddedServer(boolean withCrd) {
        for (String namespace : List.of("default", "kube-system")) {
            ObjectNode object = Json.object().put("kind", "Namespace").put("apiVersion", "v1");
            Json.meta(object)
                    .put("name", namespace)
                    .put("uid", UUID.randomUUID().toString())
                    .put("creationTimestamp", Json.now());
            object.putObject("status").put("phase", "Active");
            store.put(Kinds.NAMESPACE.key("", namespace), object);
        }
        if (withCrd) {
            installCrd();
        }
        nodes = new Nodes(store, deletion);
        Collector collector = new Collector(store, kinds, deletion);
        follow(collector::follow);
        follow(nodes::follow);
        Api api = new Api(store, admission, deletion);
        front = new Front(kinds, api, new Pods(store, deletion, nodes), new Watches(store, faults), faults);
    }

    /** A running server with the WorkerPool CRD installed. */
    public static EmbeddedServer start() {
        return new EmbeddedServer(true);
    }

    /** A running server that does not know WorkerPools yet. */
    public static EmbeddedServer startWithoutCrd() {
        return new EmbeddedServer(false);
    }

    private void installCrd() {
        try (InputStream file = EmbeddedServer.class.getResourceAsStream(CRD_RESOURCE)) {
            if (file == null) {
                throw new IllegalStateException("no " + CRD_RESOURCE + " on the class path: build the module crds");
            }
            ObjectNode crd = (ObjectNode) new YAMLMapper().readTree(file);
            Json.meta(crd).put("uid", UUID.randomUUID().toString()).put("creationTimestamp", Json.now());
            Api.established(crd);
            store.put(Kinds.CRD.key("", Json.name(crd)), crd);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void follow(Consumer<Store.Change> follower) {
        BlockingQueue<Store.Change> changes = store.follow();
        controllers.submit(() -> {
            while (true) {
                Store.Change change = changes.take();
                try {
                    follower.accept(change);
                } catch (RuntimeException e) {
                    // One object that a controller cannot handle must not stop it for all the others.
                    e.printStackTrace();
                }
            }
        });
    }

    /** Where it listens: {@code http://127.0.0.1:<port>}. */
    public String url() {
        return front.url();
    }

    /** A new client of this server, for the caller to close. It retries nothing by itself. */
    public KubernetesClient client() {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl(url())
                .withNamespace("default")
                .withRequestRetryBackoffLimit(0)
                .withOnlyHttpWatches(true)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /** Writes a kubeconfig for {@code kubectl} and returns its path. */
    public Path writeKubeconfig(Path file) {
        String text = """
                apiVersion: v1
                kind: Config
                clusters: [{name: embedded, cluster: {server: "%s"}}]
                users: [{name: embedded, user: {}}]
                contexts: [{name: embedded, context: {cluster: embedded, user: embedded, namespace: default}}]
                current-context: embedded
                """.formatted(url());
        try {
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Stores objects as they are, in YAML documents: with their UIDs, status and times, as a restored backup has them. Pods
     * go on where their status says they were.
     */
    public void restore(String yaml) {
        try (var documents = new YAMLMapper().readerFor(ObjectNode.class).<ObjectNode>readValues(yaml)) {
            while (documents.hasNext()) {
                ObjectNode object = documents.next();
                Kind kind = kinds.all().stream()
                        .filter(k -> k.kind().equals(Json.text(object, "kind")))
                        .filter(k -> k.apiVersion().equals(Json.text(object, "apiVersion")))
                        .findFirst()
                        .orElseThrow();
                store.put(kind.key(Json.namespace(object), Json.name(object)), object);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The simulated nodes and their knobs. */
    public Nodes nodes() {
        return nodes;
    }

    /** The last 100,000 requests, oldest first; a watch is recorded when it opens. */
    public List<RecordedRequest> requests() {
        return front.requests();
    }

    /** How many requests asked for a change so far, whether granted or not; events and leases apart, dry runs not. */
    public long writes() {
        return requests().stream()
                .filter(r -> r.write() && !r.event() && !r.lease())
                .count();
    }

    /** How many requests wrote events so far. */
    public long eventWrites() {
        return requests().stream().filter(RecordedRequest::event).count();
    }

    /** Forgets the requests recorded so far. */
    public void forgetRequests() {
        front.forgetRequests();
    }

    /** Refuses the next requests of a kind with this status and message. */
    public void fail(Predicate<RecordedRequest> which, int status, int times, String message) {
        fail(which, status, times, message, Duration.ZERO);
    }

    /** As above, with a {@code Retry-After} in whole seconds, left out if zero. */
    public void fail(Predicate<RecordedRequest> which, int status, int times, String message, Duration retryAfter) {
        Reply plain = refusal(status, message);
        Map<String, String> headers =
                retryAfter.isZero() ? Map.of() : Map.of("Retry-After", String.valueOf(retryAfter.toSeconds()));
        faults.add(which, times, false, new Reply(status, plain.contentType(), plain.body(), headers));
    }

    private static Reply refusal(int status, String message) {
        return Reply.error(ApiError.of(status, reason(status), message));
    }

    private static String reason(int status) {
        return switch (status) {
            case 400 -> "BadRequest";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "NotFound";
            case 409 -> "Conflict";
            case 410 -> "Expired";
            case 422 -> "Invalid";
            case 429 -> "TooManyRequests";
            case 503 -> "ServiceUnavailable";
            case 504 -> "Timeout";
            default -> "InternalError";
        };
    }

    /** Carries out the next requests of a kind, and cuts the connection instead of answering. */
    public void dropAnswers(Predicate<RecordedRequest> which, int times) {
        faults.add(which, times, true, null);
    }

    /** Carries out the next requests of a kind, and answers as if it had not, like a server whose store ended in between. */
    public void failAfterwards(Predicate<RecordedRequest> which, int status, int times, String message) {
        faults.add(which, times, true, refusal(status, message));
    }

    /** Takes back all {@link #fail}, {@link #dropAnswers} and {@link #failAfterwards} that are left. */
    public void clearFaults() {
        faults.clear();
    }

    /** Every request waits this long before it is carried out. */
    public void latency(Duration each) {
        faults.latency = each;
    }

    /** While true, open watches stay open and deliver nothing; what they missed comes afterwards. */
    public void hangWatches(boolean hang) {
        faults.hung = resource -> hang;
    }

    /** The same for those of one resource, {@code "pods"}, alone, until {@link #hangWatches} is told otherwise. */
    public void hangWatchesOf(String plural) {
        faults.hung = plural::equals;
    }

    /** Ends every watch with 410 Gone, and refuses new ones from versions of before. */
    public void expireWatches() {
        store.compact();
    }

    /** Ends every watch without a word, as a load balancer does. */
    public void closeWatches() {
        faults.watchEpoch++;
        store.wake();
    }

    /** While true, the server is away: connections are cut without an answer, watches too. */
    public void outage(boolean away) {
        faults.outage = away;
        if (away) {
            closeWatches();
        }
    }

    /** Refuses a verb on a resource ({@code "create"}, {@code "pods/eviction"}) with 403, and says so in reviews. */
    public void deny(String verb, String resource) {
        front.deny(new Denied(verb, resource));
    }

    /** At most this many pods that have not ended in a namespace; more are refused with 403. */
    public void quotaPods(String namespace, int pods) {
        admission.podQuota.put(namespace, pods);
    }

    /** Lifts the quota. */
    public void noQuota(String namespace) {
        admission.podQuota.remove(namespace);
    }

    /** Whether admission has yet to hear of the kinds of owners, as in the first seconds of a CRD. */
    public void ownersUnknown(boolean unknown) {
        admission.ownersUnknown = unknown;
    }

    @Override
    public void close() {
        closeWatches();
        front.close();
        nodes.close();
        controllers.shutdownNow();
    }
}
