package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a stub that speaks just the three requests of a preflight. */
class PreflightTest {
    private static final Options EVERYWHERE = Options.local();
    private final Set<String> reviewed = new ConcurrentSkipListSet<>();
    private Predicate<String> denied = review -> false;
    private final AtomicInteger startsYet = new AtomicInteger();
    private int versionAnswers = 200;
    private int listAnswers = 200;
    private int eventAnswers = 201;
    private String missingNamespace = "";
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void findsNothingWhereNothingIsMissing() {
        assertThat(problem(EVERYWHERE)).isEmpty();
        assertThat(reviewed)
                .contains("create pods/eviction", "update workerpools/status", "delete pods", "get pods/log");
    }

    @Test
    void namesAnApiServerThatDoesNotAnswer() {
        stop();

        assertThat(problem(EVERYWHERE)).hasValueSatisfying(line -> assertThat(line)
                .contains("http://127.0.0.1:", "does not answer: nothing accepts connections", "kubectl cluster-info")
                .doesNotContain("\n"));
    }

    @Test
    void saysHowToSeeWhoOneIsWhenTheCredentialsAreNotAccepted() {
        versionAnswers = 401;

        assertThat(problem(EVERYWHERE))
                .hasValueSatisfying(line -> assertThat(line).contains("answers 401", "kubectl auth whoami"));
    }

    @Test
    void namesAnApiServerThatIsNotWell() {
        versionAnswers = 500;

        assertThat(problem(EVERYWHERE))
                .hasValueSatisfying(
                        line -> assertThat(line).contains("answers 500").doesNotContain("\n"));
    }

    @Test
    void namesEachPermissionThatIsMissingAndNoOther() {
        denied = review -> review.equals("create pods/eviction") || review.endsWith("e pods");

        assertThat(problem(EVERYWHERE)).hasValueSatisfying(line -> assertThat(line)
                .contains(
                        ": create/delete pods in all namespaces; create pods/eviction in all namespaces. ",
                        "Mend it with: kubectl apply -k deploy (as a cluster administrator)")
                .doesNotContain("\n"));
    }

    @Test
    void asksForTheLeaseInItsOwnNamespace() {
        denied = review -> review.endsWith("leases");

        assertThat(problem(new Options(Set.of("shop"), 0, Optional.of("workerpool-system"))))
                .hasValueSatisfying(line -> assertThat(line)
                        .contains(": get/create/update/patch leases in namespace workerpool-system. ")
                        .doesNotContain("in namespace shop"));
    }

    /** {@code deploy} would give the operator all namespaces. */
    @Test
    void saysForAnOperatorOfOneNamespaceHowThatIsMended() {
        denied = review -> review.equals("delete pods");

        assertThat(problem(new Options(Set.of("shop"), 0, Optional.of("shop"))))
                .hasValueSatisfying(line -> assertThat(line)
                        .endsWith(": delete pods in namespace shop. Mend it with: kubectl apply -k"
                                + " deploy/overlays/namespaced (as a cluster administrator, with namespace: shop in its"
                                + " kustomization.yaml)"));
        assertThat(problem(new Options(Set.of("shop"), 0, Optional.empty())))
                .hasValueSatisfying(line -> assertThat(line).contains("kubectl apply -k deploy/overlays/namespaced"));
    }

    @Test
    void saysForAnOperatorOfSeveralNamespacesHowThatIsMended() {
        denied = review -> review.equals("delete pods");

        assertThat(problem(new Options(Set.of("shop", "bank"), 0, Optional.of("operators"))))
                .hasValueSatisfying(line -> assertThat(line)
                        .contains("delete pods in namespace bank", "delete pods in namespace shop")
                        .endsWith(". Mend it with: helm upgrade workerpool-operator deploy/chart -n operators"
                                + " --reset-then-reuse-values --set 'watchNamespaces={bank,shop}'"
                                + " (as a cluster administrator)"));
        assertThat(problem(new Options(Set.of("shop"), 0, Optional.of("operators"))))
                .hasValueSatisfying(line -> assertThat(line).contains("-n operators", "'watchNamespaces={shop}'"));
        assertThat(problem(new Options(Set.of("shop", "bank"), 0, Optional.empty())))
                .hasValueSatisfying(line -> assertThat(line).contains("-n workerpool-system"));
    }

    @Test
    void namesANamespaceThatDoesNotExist() {
        missingNamespace = "shop";

        assertThat(problem(new Options(Set.of("mail", "shop"), 0, Optional.empty())))
                .hasValueSatisfying(line -> assertThat(line)
                        .startsWith("Namespace shop does not exist on http://127.0.0.1:")
                        .contains("WATCH_NAMESPACES", "kubectl create namespace shop")
                        .doesNotContain("\n"));
        assertThat(problem(new Options(Set.of("mail"), 0, Optional.empty()))).isEmpty();
    }

    @Test
    void aNamespaceThatIsBeingDeletedExists() {
        eventAnswers = 403;

        assertThat(problem(new Options(Set.of("shop"), 0, Optional.empty()))).isEmpty();
    }

    @Test
    void namesTheMissingCrd() {
        listAnswers = 404;

        assertThat(problem(EVERYWHERE)).hasValueSatisfying(line -> assertThat(line)
                .contains("CRD workerpools.workerpool.dev is missing", "kubectl apply -k crds")
                .doesNotContain("\n"));
    }

    @Test
    void waitsForAnApiServerThatStarts() {
        startsYet.set(2);
        try (KubernetesClient client = client()) {
            Preflight.awaitReady(client, Duration.ofMinutes(5), Clock.systemUTC());
        }
        assertThat(startsYet).hasValue(0);
    }

    @Test
    void waitsNoLongerThanItMayForOneThatIsAway() {
        stop();
        try (KubernetesClient client = client()) {
            Preflight.awaitReady(client, Duration.ofSeconds(1), Clock.systemUTC()); // a test that waits on hangs
        }
    }

    private Optional<String> problem(Options options) {
        try (KubernetesClient client = client()) {
            return Preflight.problem(client, options);
        }
    }

    private KubernetesClient client() {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withRequestRetryBackoffLimit(0)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        if (path.equals("/version")) {
            send(exchange, versionAnswers, "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.0\"}");
        } else if (path.equals("/readyz")) {
            send(exchange, startsYet.getAndUpdate(n -> Math.max(0, n - 1)) > 0 ? 500 : 200, "ok");
        } else if (path.endsWith("/selfsubjectaccessreviews")) {
            String subresource = field(request, "subresource");
            String review = field(request, "verb") + " " + field(request, "resource")
                    + (subresource.isEmpty() ? "" : "/" + subresource);
            reviewed.add(review);
            send(
                    exchange,
                    201,
                    "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
                            + "\"status\":{\"allowed\":" + !denied.test(review) + "}}");
        } else if (path.endsWith("/events")) {
            boolean dryRun = "dryRun=All".equals(exchange.getRequestURI().getQuery());
            boolean missing = path.contains("/namespaces/" + missingNamespace + "/");
            send(exchange, !dryRun ? 500 : missing ? 404 : eventAnswers, "{\"apiVersion\":\"v1\",\"kind\":\"Event\"}");
        } else {
            send(
                    exchange,
                    listAnswers,
                    "{\"apiVersion\":\"workerpool.dev/v1alpha1\",\"kind\":\"WorkerPoolList\","
                            + "\"metadata\":{},\"items\":[]}");
        }
    }

    private static String field(String json, String name) {
        String key = "\"" + name + "\":\"";
        int start = json.indexOf(key);
        return start < 0 ? "" : json.substring(start + key.length(), json.indexOf('"', start + key.length()));
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        try (exchange) {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }
}
