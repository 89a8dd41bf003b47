package dev.workerpool.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.e2e.embedded.EmbeddedServer;
import dev.workerpool.e2e.proxy.ApiProxy;
import dev.workerpool.e2e.proxy.Call;
import dev.workerpool.e2e.proxy.Fault;
import dev.workerpool.e2e.proxy.Faults;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator as a process of its own: how its start fails, and how it ends. */
class OperatorProcessServerTest {
    private static final Duration STARTS_WITHIN = Duration.ofSeconds(90);

    /** A call's time-out is 10 s. */
    private static final Duration GOES_ON_WITHIN = Duration.ofSeconds(40);

    @TempDir
    private Path directory;

    private Process process;

    @AfterEach
    void end() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    @Test
    void endsWithOneLineWithoutAKubeconfig() throws Exception {
        start(Map.of("KUBECONFIG", directory.resolve("none").toString()));

        assertThat(failure()).contains("KUBECONFIG names " + directory.resolve("none"), "export KUBECONFIG=");
    }

    @Test
    void endsWithOneLineWhenTheApiServerIsUnreachable() throws Exception {
        EmbeddedServer server = EmbeddedServer.start();
        Path kubeconfig = server.writeKubeconfig(directory.resolve("kubeconfig"));
        server.close();
        start(Map.of("KUBECONFIG", kubeconfig.toString()));

        assertThat(failure()).contains("does not answer", "kubectl cluster-info");
    }

    @Test
    void endsWithOneLineWithoutTheCrd() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.startWithoutCrd()) {
            start(server);

            assertThat(failure()).contains("workerpools.workerpool.dev is missing", "kubectl apply -k crds");
        }
    }

    @Test
    void endsWithOneLineWithoutPermissions() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start()) {
            server.deny("create", "pods/eviction");
            server.deny("patch", "controllerrevisions");
            start(server);

            assertThat(failure())
                    .contains(
                            ": create pods/eviction in all namespaces; patch controllerrevisions in all namespaces.",
                            "kubectl apply -k deploy");
        }
    }

    @Test
    void leadsByALeaseThatSomebodyMadeEmpty() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start();
                KubernetesClient client = server.client()) {
            client.resource(new LeaseBuilder()
                            .withNewMetadata()
                            .withNamespace("default")
                            .withName("workerpool-operator")
                            .endMetadata()
                            .build())
                    .create();
            Path kubeconfig = server.writeKubeconfig(directory.resolve("kubeconfig"));
            start(Map.of("KUBECONFIG", kubeconfig.toString(), "LEADER_ELECTION", "true", "POD_NAMESPACE", "default"));

            Awaitility.await().atMost(STARTS_WITHIN).until(() -> Files.readString(output())
                    .contains("Leading, by lease default/workerpool-operator"));
        }
    }

    @Test
    void endsWithin5SecondsOfSigterm() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start()) {
            start(server);
            awaitWork();

            process.destroy();

            assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(Files.readString(errors())).isEmpty();
        }
    }

    @Test
    void endsWithin5SecondsOfSigtermWhenTheApiServerIsLost() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start()) {
            start(server);
            awaitWork();
            server.outage(true);

            process.destroy();

            assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void logsNoCredentialAtAnyLevel() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start()) {
            Path kubeconfig = server.writeKubeconfig(directory.resolve("kubeconfig"));
            Files.writeString(
                    kubeconfig,
                    Files.readString(kubeconfig).replace("user: {}", "user: {token: s3cr3t-of-the-operator}"));
            start(Map.of("KUBECONFIG", kubeconfig.toString(), "LOG_LEVEL", "trace"));
            awaitWork();

            assertThat(Files.readString(output())).contains("TRACE").doesNotContain("s3cr3t", "Authorization");
        }
    }

    @Test
    void goesOnWhenAnAnswerBeginsAndNeverEnds() throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start();
                KubernetesClient client = server.client();
                ApiProxy proxy = ApiProxy.before(client.getConfiguration())) {
            AtomicInteger stalls = new AtomicInteger();
            proxy.faults(new Faults() {
                @Override
                public Fault after(Call call) {
                    return call.write() && call.of("pods") && stalls.incrementAndGet() == 1 ? Fault.STALL : Fault.PASS;
                }
            });
            start(Map.of("KUBECONFIG", proxy.kubeconfig().toString()));
            awaitWork();

            client.load(getClass().getResourceAsStream("/dev/workerpool/e2e/demo/pool.yaml"))
                    .inNamespace("default")
                    .create();

            Awaitility.await()
                    .atMost(GOES_ON_WITHIN)
                    .until(() -> client.pods()
                                    .inNamespace("default")
                                    .list()
                                    .getItems()
                                    .size()
                            > 1);
            assertThat(stalls).hasValueGreaterThan(1);
        }
    }

    private void start(EmbeddedServer server) throws IOException {
        start(Map.of(
                "KUBECONFIG",
                server.writeKubeconfig(directory.resolve("kubeconfig")).toString()));
    }

    private void start(Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.workerpool.operator.Main")
                .redirectOutput(output().toFile())
                .redirectError(errors().toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("KUBE") || name.endsWith("_OPTIONS"));
        builder.environment().put("MANAGEMENT_PORT", "0");
        builder.environment().put("LEADER_ELECTION", "false");
        builder.environment().putAll(environment);
        process = builder.start();
    }

    /** The one line on standard error of a start that failed with exit code 1. */
    private String failure() throws Exception {
        assertThat(process.waitFor(STARTS_WITHIN.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(Files.readAllLines(errors())).hasSize(1);
        return Files.readString(errors());
    }

    private void awaitWork() {
        Awaitility.await().atMost(STARTS_WITHIN).until(() -> Files.readString(output())
                .contains("WorkerPool operator works on"));
    }

    private Path output() {
        return directory.resolve("output");
    }

    private Path errors() {
        return directory.resolve("errors");
    }
}
