package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.e2e.Metrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The operator's jar at work for one namespace, in a process of its own that a test may end in any way. */
final class OperatorProcess implements AutoCloseable {
    private static final Pattern STARTED = Pattern.compile("WorkerPool operator works on .* on port (\\d+)");

    /** The JVM's options in the image (operator/pom.xml), with what its share of the memory limit comes to. */
    private static final List<String> AS_DEPLOYED = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx77m");

    private final Process process;
    private final Path log;

    /** Starts it with the present kubeconfig; returns once it works. */
    static OperatorProcess start(String namespace) {
        return start(namespace, Map.of());
    }

    /** Starts it where that kubeconfig leads; returns once it works. */
    static OperatorProcess start(String namespace, Path kubeconfig) {
        return start(namespace, Map.of("KUBECONFIG", kubeconfig.toString()));
    }

    private static OperatorProcess start(String namespace, Map<String, String> environment) {
        Path jar = Path.of(System.getProperty("basedir", "."), "../operator/target/workerpool-operator.jar")
                .normalize();
        assertThat(jar)
                .as("the operator, built by mvn package -pl operator -am")
                .exists();
        OperatorProcess operator = new OperatorProcess(jar, namespace, environment);
        try {
            await("the operator's start").atMost(Duration.ofSeconds(180)).until(operator::worksOrEnded);
            assertThat(operator.process.isAlive())
                    .as("the operator runs, its log being:%n%s", operator.log())
                    .isTrue();
            return operator;
        } catch (RuntimeException | Error e) {
            operator.close();
            throw e;
        }
    }

    private OperatorProcess(Path jar, String namespace, Map<String, String> environment) {
        try {
            log = Files.createTempFile("workerpool-operator-", ".log");
            List<String> command = new ArrayList<>(
                    List.of(ProcessHandle.current().info().command().orElseThrow()));
            command.addAll(AS_DEPLOYED);
            command.addAll(List.of("-jar", jar.toString()));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            builder.environment().put("WATCH_NAMESPACES", namespace);
            builder.environment().put("MANAGEMENT_PORT", "0");
            builder.environment().put("LEADER_ELECTION", "false");
            process = builder.redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean worksOrEnded() {
        return !process.isAlive() || STARTED.matcher(log()).find();
    }

    /** Empty once it is closed. */
    String log() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What {@code /metrics} says. */
    String metrics() {
        Matcher started = STARTED.matcher(log());
        assertThat(started.find()).isTrue();
        return Metrics.of(Integer.parseInt(started.group(1)));
    }

    /** The invariants that it saw broken, as {@code /metrics} has them: it counts on every pass, and 0 is the only good value. */
    List<String> violations() {
        return metrics()
                .lines()
                .filter(line -> line.startsWith("workerpool_invariant_violations_total"))
                .filter(line -> !line.endsWith(" 0.0"))
                .toList();
    }

    /** What it has used so far: unlike time, it says something on a busy machine too. */
    Duration cpu() {
        return process.info().totalCpuDuration().orElseThrow();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
        ended(10);
    }

    /** SIGTERM; how long it took to end. */
    Duration terminate() {
        long began = System.nanoTime();
        process.destroy();
        ended(30);
        return Duration.ofNanos(System.nanoTime() - began);
    }

    private void ended(int withinSeconds) {
        try {
            assertThat(process.waitFor(withinSeconds, TimeUnit.SECONDS))
                    .as("the operator has ended")
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        kill();
        try {
            Files.deleteIfExists(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
