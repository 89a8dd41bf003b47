package dev.workerpool.e2e.demo;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.e2e.embedded.EmbeddedServer;
import dev.workerpool.operator.Options;
import dev.workerpool.operator.RunningOperator;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** Runs the real operator against the embedded server: tells the {@link Story}, or serves both to {@code kubectl}. */
public final class Demo {
    private Demo() {}

    /** Takes {@code --serve}, or nothing. */
    public static void main(String[] arguments) throws InterruptedException {
        boolean asExpected = false;
        try (EmbeddedServer server = EmbeddedServer.start();
                KubernetesClient client = server.client();
                RunningOperator operator =
                        RunningOperator.start(client, Options.local(), Clock.systemUTC(), Demo::halt)) {
            // Slow enough to be watched; a real worker takes longer still.
            server.nodes()
                    .startDelay(Duration.ofMillis(300))
                    .readyDelay(Duration.ofMillis(600))
                    .terminationDelay(Duration.ofMillis(300));
            if (arguments.length > 0) {
                serve(server, operator);
            }
            asExpected = tell(client);
        } catch (IOException | RuntimeException e) {
            e.printStackTrace();
        }
        System.exit(asExpected ? 0 : 1); // whatever thread still runs
    }

    private static boolean tell(KubernetesClient client) throws IOException, InterruptedException {
        String manifest = manifest();
        Screen screen = System.getProperty("demo.view", "plain").equals("live")
                ? new LiveScreen(System.out)
                : new PlainScreen(System.out);
        screen.say(manifest);
        try (Stage stage = new Stage(client, screen)) {
            new Story(stage, Serialization.unmarshal(manifest, WorkerPool.class)).tell();
            return true;
        } catch (Stage.Unexpected e) {
            screen.say(e.getMessage());
            return false;
        }
    }

    /** Returns never; Ctrl-C ends it. */
    private static void serve(EmbeddedServer server, RunningOperator operator)
            throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("workerpool-demo");
        Path kubeconfig = server.writeKubeconfig(directory.resolve("kubeconfig"));
        Path pool = Files.writeString(directory.resolve("pool.yaml"), manifest());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            operator.close();
            server.close();
            try {
                Files.deleteIfExists(kubeconfig);
                Files.deleteIfExists(pool);
                Files.deleteIfExists(directory);
            } catch (IOException e) {
                System.err.println("demo: " + directory + " is left behind: " + e.getMessage());
            }
        }));
        System.out.printf("""
                An API server at %s and the operator run until Ctrl-C. In another terminal:

                  export KUBECONFIG=%s
                  kubectl apply -f %s
                  kubectl wait --for=condition=Ready wp/web --timeout=60s
                  kubectl get wp,pods
                  kubectl patch wp web --type merge -p '{"spec":{"version":"1.1.0"}}'        # a good version
                  kubectl get wp web -w
                  kubectl edit wp web       # spec.version; these break: x-crash, x-dies, x-never, x-badimage,
                                            # and x-slow, ready after 5 s where the pool allows 3
                  kubectl describe wp web
                  kubectl annotate wp web workerpool.dev/retry=1 --overwrite                 # try a failed one again
                  kubectl scale wp web --replicas 6
                  kubectl delete wp web

                """, server.url(), kubeconfig, pool);
        new CountDownLatch(1).await();
    }

    private static String manifest() throws IOException {
        try (InputStream file = Demo.class.getResourceAsStream("pool.yaml")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void halt(String sentence) {
        System.err.println("demo: the operator cannot go on: " + sentence);
        Runtime.getRuntime().halt(1);
    }
}
