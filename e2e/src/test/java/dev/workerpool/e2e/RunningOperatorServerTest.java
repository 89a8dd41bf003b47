package dev.workerpool.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.e2e.embedded.EmbeddedServer;
import dev.workerpool.operator.Options;
import dev.workerpool.operator.RunningOperator;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What can be seen of a running operator from outside, and who works when there are two. */
class RunningOperatorServerTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<String> fatal = new ArrayList<>();
    private EmbeddedServer server;
    private KubernetesClient client;

    @BeforeEach
    void start() {
        server = EmbeddedServer.start();
        server.nodes().startDelay(Duration.ZERO).readyDelay(Duration.ZERO).terminationDelay(Duration.ZERO);
        client = server.client();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
        http.close();
        assertThat(fatal).isEmpty();
    }

    @Test
    void showsThePoolsSeriesWhileThePoolIsThere() throws Exception {
        try (RunningOperator operator = operator(Options.local())) {
            assertThat(get(operator, "/readyz")).isEqualTo("ok\n");
            assertThat(get(operator, "/livez")).isEqualTo("ok\n");

            client.resource(pool("web")).create();
            Awaitility.await().atMost(SOON).until(() -> get(operator, "/metrics")
                    .contains("workerpool_workers{namespace=\"default\",pool=\"web\",state=\"available\"} 2.0"));
            assertThat(get(operator, "/metrics"))
                    .contains("jvm_memory_used_bytes", "reconciliations_execution_duration_seconds");

            client.resource(pool("web")).patch(PatchContext.of(PatchType.JSON_MERGE), """
                    {"spec": {"version": "v2", "rollout": {"pauseSeconds": 0}}}""");
            Awaitility.await().atMost(SOON.multipliedBy(6)).until(() -> get(operator, "/metrics")
                    .contains("workerpool_step_ready_seconds_count{namespace=\"default\",pool=\"web\"} 2"));

            client.resource(pool("web")).delete();
            Awaitility.await().atMost(SOON).until(() -> !get(operator, "/metrics")
                    .contains("pool=\"web\""));
        }
    }

    /** Its RoleBinding was deleted, say; two looks in a row would make the operator unready. */
    @Test
    void goesOnWithTheOthersWhenItMayNotLookIntoOneOfItsNamespacesAnyMore() throws Exception {
        makeElsewhere();
        client.getConfiguration().setWatchReconnectInterval(250); // as Main does
        try (RunningOperator operator = operator(new Options(Set.of("default", "elsewhere"), 0, Optional.empty()))) {
            client.resource(pool("web")).create();
            client.resource(pool("mail", "elsewhere")).create();
            awaitAvailable(operator, "web");
            awaitAvailable(operator, "mail");

            server.fail(r -> r.path().contains("/elsewhere/"), 403, Integer.MAX_VALUE, "no RoleBinding");
            server.closeWatches();
            client.resource(pool("more")).create();
            awaitAvailable(operator, "more");
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(500))
                    .during(Duration.ofSeconds(25))
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> get(operator, "/readyz").equals("ok\n")
                            && get(operator, "/livez").equals("ok\n"));

            server.clearFaults();
            client.resource(pool("post", "elsewhere")).create();
            awaitAvailable(operator, "post");
        }
    }

    private void awaitAvailable(RunningOperator operator, String pool) {
        Awaitility.await().atMost(SOON.multipliedBy(3)).until(() -> get(operator, "/metrics")
                .contains("pool=\"" + pool + "\",state=\"available\"} 2.0"));
    }

    private void makeElsewhere() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("elsewhere")
                        .endMetadata()
                        .build())
                .create();
    }

    @Test
    void looksAfterTheNamedNamespacesOnly() throws Exception {
        makeElsewhere();
        try (RunningOperator operator = operator(new Options(Set.of("elsewhere"), 0, Optional.empty()))) {
            client.resource(pool("web")).create();
            client.resource(pool("mail", "elsewhere")).create();

            Awaitility.await().atMost(SOON).until(() -> get(operator, "/metrics")
                    .contains("pool=\"mail\",state=\"available\"} 2.0"));
            assertThat(client.pods().inNamespace("default").list().getItems()).isEmpty();
        }
    }

    @Test
    void theStandbyIsReadyAndTakesOverAtOnceWhenTheLeaderEnds() throws Exception {
        Options elected = new Options(Set.of(), 0, Optional.of("default"));
        RunningOperator leader = operator(elected);
        Awaitility.await().atMost(SOON).until(() -> holder().isPresent());
        Optional<String> first = holder();
        try (RunningOperator standby = operator(elected)) {
            assertThat(get(standby, "/readyz")).isEqualTo("ok\n");
            assertThat(holder()).isEqualTo(first);

            leader.close();

            Awaitility.await()
                    .atMost(Duration.ofSeconds(6)) // a lease that is not given up runs for 15 s
                    .until(() -> holder().isPresent() && !holder().equals(first));
            client.resource(pool("web")).create();
            Awaitility.await().atMost(SOON).until(() -> get(standby, "/metrics")
                    .contains("pool=\"web\",state=\"available\"} 2.0"));
        } finally {
            leader.close();
        }
    }

    private RunningOperator operator(Options options) {
        return RunningOperator.start(client, options, Clock.systemUTC(), fatal::add);
    }

    private Optional<String> holder() {
        return Optional.ofNullable(client.leases()
                        .inNamespace("default")
                        .withName("workerpool-operator")
                        .get())
                .map(lease -> lease.getSpec().getHolderIdentity());
    }

    private String get(RunningOperator operator, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + operator.managementPort() + path);
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static WorkerPool pool(String name) {
        return pool(name, "default");
    }

    private static WorkerPool pool(String name, String namespace) {
        return Serialization.unmarshal("""
                apiVersion: workerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: %s, namespace: %s}
                spec:
                  version: "1"
                  replicas: 2
                  template:
                    spec:
                      containers:
                      - name: worker
                        image: worker:1
                        readinessProbe: {httpGet: {path: /ready, port: 8000}}
                """.formatted(name, namespace), WorkerPool.class);
    }
}
