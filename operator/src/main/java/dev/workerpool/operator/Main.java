package dev.workerpool.operator;

import dev.workerpool.operator.health.ApiFailure;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code java -jar workerpool-operator.jar}: works with the current kubeconfig, or in a pod, until SIGTERM. A start that
 * cannot succeed ends with one line on standard error and exit code 1. {@link Options} has what can be set.
 */
public final class Main {
    private static final Set<String> LOG_LEVELS = Set.of("trace", "debug", "info", "warn", "error", "off");
    /** A last request may hang; the process must not. SIGTERM has 5 s in all. */
    private static final Duration CLOSES_WITHIN = Duration.ofMillis(4500);

    /** Where the kubelet reads why a container ended. */
    private static final Path TERMINATION_LOG = Path.of("/dev/termination-log");

    private Main() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
        Footprint.keepSmall();
        try {
            setLogLevel(System.getenv());
            start(Options.from(System.getenv()));
        } catch (RuntimeException e) {
            fail(ApiFailure.oneLine(e.getMessage()));
        }
    }

    private static void start(Options options) {
        Kubeconfig.missing(System.getenv()).ifPresent(Main::fail);
        Optional<Leadership> leadership = RunningOperator.leadership(options, Main::halt);
        KubernetesSerialization format = WireFormat.preparing(leadership.map(Leadership::leases));
        Config config = config();
        Kubeconfig.pointless(System.getenv(), config).ifPresent(Main::fail);
        KubernetesClient client = new KubernetesClientBuilder()
                .withConfig(config)
                .withKubernetesSerialization(format)
                .withHttpClientBuilderConsumer(http -> {
                    http.addOrReplaceInterceptor("answers-end", new AnswerTimeout());
                    leadership.ifPresent(lease -> http.addOrReplaceInterceptor("lease", lease));
                })
                .build();
        SteadyClock clock = new SteadyClock(Clock.systemUTC(), System::nanoTime);
        if (leadership.isPresent()) {
            Preflight.awaitReady(client, Preflight.LEADERS_WAIT, clock);
        }
        Preflight.problem(client, options).ifPresent(Main::fail);
        RunningOperator operator = RunningOperator.start(client, options, leadership, clock, Main::halt);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(operator, client), "shutdown"));
    }

    private static Config config() {
        Config config = Config.autoConfigure(null);
        config.setUserAgent("workerpool-operator/" + version());
        // A refused write goes back to the planner, which may think otherwise by then.
        config.setRequestRetryBackoffLimit(0);
        // One connection that stalls then stalls one watch, not all of them.
        config.setHttp2Disable(true);
        // Doubled five times: a watch that was lost is asked for again at least every 8 s, not every 32.
        config.setWatchReconnectInterval(250);
        config.setConnectionTimeout(5_000);
        config.setRequestTimeout(10_000);
        return config;
    }

    private static void close(RunningOperator operator, KubernetesClient client) {
        Thread closing = Thread.ofPlatform().daemon().name("closing").start(() -> {
            operator.close();
            client.close();
        });
        try {
            closing.join(CLOSES_WITHIN);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void setLogLevel(Map<String, String> environment) {
        if (!environment.containsKey("LOG_LEVEL")) {
            return; // simplelogger.properties has it: info, libraries less
        }
        String level = environment.get("LOG_LEVEL").strip().toLowerCase(Locale.ROOT);
        if (!LOG_LEVELS.contains(level)) {
            throw new IllegalArgumentException("LOG_LEVEL must be one of trace, debug, info, warn, error, off; not "
                    + environment.get("LOG_LEVEL"));
        }
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", level);
        System.setProperty("org.slf4j.simpleLogger.log.io.javaoperatorsdk", level);
    }

    private static String version() {
        return Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
                .orElse("development");
    }

    private static void fail(String sentence) {
        say(sentence);
        System.exit(1);
    }

    /** At once: whoever took over must not find this one still writing. A new process starts from what is recorded. */
    private static synchronized void halt(String sentence) {
        say(sentence);
        Runtime.getRuntime().halt(1);
    }

    /** On stderr, and in a pod where {@code kubectl describe} looks: other lines may follow this one in the log. */
    private static void say(String sentence) {
        String line = "workerpool-operator: " + sentence;
        System.err.println(line);
        if (Files.isWritable(TERMINATION_LOG)) {
            try {
                Files.writeString(TERMINATION_LOG, line);
            } catch (IOException e) {
                System.err.println("workerpool-operator: " + TERMINATION_LOG + " cannot be written: " + e);
            }
        }
    }
}
