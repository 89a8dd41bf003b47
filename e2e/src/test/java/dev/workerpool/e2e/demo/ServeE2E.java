package dev.workerpool.e2e.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.e2e.cluster.Kubectl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** {@code ./demo --serve}, once it is built, under the hands of a real {@code kubectl}: what it prints can be typed. */
@Execution(ExecutionMode.CONCURRENT)
class ServeE2E {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    Path directory;

    private Process demo;
    private Path printed;
    private Path kubeconfig;

    @BeforeEach
    void serve() throws IOException {
        printed = directory.resolve("printed");
        demo = start(
                printed,
                new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        ROOT.resolve("e2e/target/classes") + ":"
                                + ROOT.resolve("operator/target/workerpool-operator.jar"),
                        "-Dorg.slf4j.simpleLogger.logFile=" + directory.resolve("log"),
                        "dev.workerpool.e2e.demo.Demo",
                        "--serve"));
        kubeconfig = Path.of(printed("export KUBECONFIG=(.+)"));
    }

    @AfterEach
    void end() {
        demo.destroyForcibly();
    }

    @Test
    void aRealKubectlAppliesEditsWatchesWaitsDescribesScalesAndDeletes() throws Exception {
        assertThat(kubectl("apply", "-f", printed("kubectl apply -f (.+)")))
                .isEqualTo("workerpool.workerpool.dev/web created\n");
        assertThat(kubectl("wait", "--for=condition=Ready", "wp/web", "--timeout=60s"))
                .isEqualTo("workerpool.workerpool.dev/web condition met\n");
        assertThat(kubectl("get", "wp,pods"))
                .containsPattern("NAME +VERSION +RUNNING +DESIRED +UPDATED +AVAILABLE +PROGRESS +STATUS +BREAKER +AGE")
                .containsPattern("web +1.0.0 +1.0.0 +4 +4 +4 +UpToDate +Closed")
                .containsPattern("pod/web-4-0 +1/1 +Running");

        Path watched = directory.resolve("watched");
        Process watch = start(watched, new ProcessBuilder(Kubectl.command("get", "wp", "web", "-w")));
        try {
            edit("1.1.0");
            kubectl("wait", "--for=jsonpath={.status.version}=1.1.0", "wp/web", "--timeout=60s");
            awaitIn(watched, "web +1.1.0 +1.0.0 .* RollingOut +Closed");
            awaitIn(watched, "web +1.1.0 +1.1.0 .* UpToDate +Closed");
        } finally {
            watch.destroy();
        }

        kubectl("patch", "wp", "web", "--type", "merge", "-p", "{\"spec\":{\"version\":\"1.2.0-crash\"}}");
        kubectl("wait", "--for=jsonpath={.status.failedResult}=RolledBack", "wp/web", "--timeout=60s");
        Awaitility.await("the last event is written")
                .until(() -> kubectl("describe", "wp", "web").contains("RollbackSucceeded"));
        assertThat(kubectl("describe", "wp", "web"))
                .containsPattern("Reason: +RolledBack")
                .containsPattern("Exit Code: +3")
                .containsPattern("Warning +RolloutFailed")
                .containsPattern("RollbackSucceeded");
        kubectl("annotate", "wp", "web", "workerpool.dev/retry=1", "--overwrite");
        kubectl("wait", "--for=jsonpath={.status.observedRetry}=1", "wp/web", "--timeout=60s");
        kubectl("wait", "--for=jsonpath={.status.circuitBreaker.consecutiveFailures}=1", "wp/web", "--timeout=60s");

        assertThat(kubectl("scale", "wp", "web", "--replicas", "6"))
                .isEqualTo("workerpool.workerpool.dev/web scaled\n");
        kubectl("wait", "--for=jsonpath={.status.availableReplicas}=6", "wp/web", "--timeout=60s");
        assertThat(kubectl("explain", "wp.spec.version")).contains("FIELD: version");

        assertThat(kubectl("delete", "wp", "web")).contains("\"web\" deleted");
        kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s");
        assertThat(kubectl("get", "wp,pods")).contains("No resources found");
    }

    @Test
    void whenItIsEndedNothingIsLeftBehind() throws Exception {
        assertThat(kubeconfig).exists();
        demo.destroy();
        assertThat(demo.waitFor(20, TimeUnit.SECONDS)).as("it ends").isTrue();
        assertThat(kubeconfig.getParent()).doesNotExist();
    }

    /** As a person does in an editor. */
    private void edit(String version) {
        String editor = "sed -i 's/^  version: .*/  version: %s/'".formatted(version);
        assertThat(Kubectl.run(Map.of("KUBECONFIG", kubeconfig.toString(), "KUBE_EDITOR", editor), "edit", "wp", "web"))
                .isEqualTo("workerpool.workerpool.dev/web edited\n");
    }

    private String kubectl(String... arguments) {
        return Kubectl.run(Map.of("KUBECONFIG", kubeconfig.toString()), arguments);
    }

    private Process start(Path output, ProcessBuilder process) throws IOException {
        if (kubeconfig != null) {
            process.environment().put("KUBECONFIG", kubeconfig.toString());
        }
        return process.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    }

    /** What stands there in a line that it prints. */
    private String printed(String pattern) {
        return awaitIn(printed, pattern).group(1);
    }

    private static Matcher awaitIn(Path file, String pattern) {
        return Awaitility.await(pattern + " in " + file)
                .atMost(Duration.ofMinutes(1))
                .until(
                        () -> {
                            Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(file));
                            return matcher.find() ? matcher : null;
                        },
                        matcher -> matcher != null);
    }
}
