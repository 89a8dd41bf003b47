package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.e2e.cluster.Load.Figures;
import dev.workerpool.e2e.cluster.Load.Mode;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No request is lost, whatever happens to the workers behind a Service: 0 of more than 100,000 in all, with the settings
 * that a pool has when none are given. Where a Deployment can be asked for the same, one goes through it at the same
 * time under the same load, with Kubernetes' defaults. What that one loses is printed, and not asserted: it is luck.
 *
 * <p>What counts as lost: see {@link Load}. {@code -Dtraffic.only='scaled from 3 to 1' -Dtraffic.times=50} runs one scenario so
 * often, to find what is rare.
 *
 * <p>Isolated, since it takes the API server away, and since figures that are compared should not depend on what other tests
 * do.
 */
@Isolated("takes the API server away")
class TrafficE2E extends ClusterTest {
    private static final int NEW_CONNECTIONS_PER_SECOND = 350;
    private static final int KEPT_CONNECTIONS_PER_SECOND = 100;

    /** {@link Pool#PLAIN} with what it sets taken back. */
    private static final String DEFAULTS = """
            spec:
              replicas: %d
              rollout: {maxSurge: %s, minReadySeconds: null, pauseSeconds: null, readyTimeoutSeconds: null, progressDeadlineSeconds: null}
              drain: null
              circuitBreaker: null
              template: {spec: {containers: [{%s}]}}
            """;

    /**
     * Something that happens to workers under load.
     *
     * @param maxSurge of both; {@code null}: the default
     * @param begins what is done to each
     * @param meanwhile what is done then, to the pool or around it
     * @param ends returns when all is over for one, and its load with it
     * @param compared whether a Deployment can go through the same
     */
    record Scenario(
            String name,
            int replicas,
            String maxSurge,
            Consumer<Served> begins,
            BiConsumer<Pool, Run> meanwhile,
            Consumer<Served> ends,
            boolean compared) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** What came of the load on one of them. */
    private record Outcome(Duration took, Figures fresh, Figures kept) {
        static final String HEAD =
                "%6s %16s %16s %6s %7s".formatted("s", "lost of new", "lost of kept", "resent", "slowest");

        @Override
        public String toString() {
            return "%6.1f %7d of %5d %7d of %5d %6d %4d ms"
                    .formatted(
                            took.toMillis() / 1000.0,
                            fresh.failed(),
                            fresh.requests(),
                            kept.failed(),
                            kept.requests(),
                            kept.resent(),
                            Math.max(fresh.slowest().toMillis(), kept.slowest().toMillis()));
        }
    }

    /** One load, of both modes. */
    private static final class Run implements AutoCloseable {
        private final long began = System.nanoTime();
        private final Load fresh;
        private final Load kept;

        Run(int port) {
            fresh = Load.begin(port, Mode.NEW_CONNECTIONS, NEW_CONNECTIONS_PER_SECOND);
            kept = Load.begin(port, Mode.KEEP_ALIVE, KEPT_CONNECTIONS_PER_SECOND);
        }

        int failed() {
            return fresh.failed() + kept.failed();
        }

        Outcome end() {
            close();
            return new Outcome(Duration.ofNanos(System.nanoTime() - began), fresh.end(), kept.end());
        }

        @Override
        public void close() {
            fresh.close();
            kept.close();
        }
    }

    private static final int AT_LEAST = 100_000;

    private final List<String> table = new ArrayList<>();
    private int requests;

    Stream<Scenario> scenarios() {
        return Collections.nCopies(Integer.getInteger("traffic.times", 1), everything()).stream()
                .flatMap(List::stream)
                .filter(scenario -> scenario.name().contains(System.getProperty("traffic.only", "")));
    }

    private List<Scenario> everything() {
        return List.of(
                rollout("rollout", 3, null),
                rollout("rollout, maxSurge 50%", 4, "50%"),
                rollout("rollout, replicas 1", 1, null),
                new Scenario(
                        "rollout, operator killed",
                        3,
                        null,
                        served -> served.version("1.1.0-slow"),
                        (pool, run) -> killTheOperator(pool),
                        served -> served.awaitOnly("1.1.0-slow"),
                        false),
                scenario("scaled from 3 to 1", served -> served.scale(1), served -> served.awaitOnly("1.0.0")),
                scenario("drain with a budget", TrafficE2E::makeBudget, TrafficE2E::drain),
                rollback("crash", "version: 2.0.0-crash"),
                rollback("never ready", "version: 2.0.0-never"),
                rollback("verification", """
                        version: 2.0.0-verify
                        rollout: {verification: {path: /ready, port: 8000}}
                        """),
                rollback("missing tag", "template: {spec: {containers: [{%s}]}}".formatted(container("worker:9.9.9"))),
                rollback("invalid image", "template: {spec: {containers: [{%s}]}}".formatted(container("Worker::e2e"))),
                rollback("init container", """
                        template:
                          spec:
                            initContainers:
                            - name: migrate
                              image: workerpool.dev/worker:e2e
                              imagePullPolicy: Never
                              env: [{name: APP_VERSION, value: 1-crash}]
                        """),
                rollback("sidecar", """
                        template:
                          spec:
                            initContainers:
                            - name: proxy
                              image: workerpool.dev/worker:e2e
                              imagePullPolicy: Never
                              restartPolicy: Always
                              env: [{name: APP_VERSION, value: 1-crash}]
                        """),
                rollback(
                        "no such command",
                        "template: {spec: {containers: [{%s, command: [/nothing]}]}}"
                                .formatted(container("worker:e2e"))),
                rollback("waits until its deadline", """
                        template: {spec: {containers: [{%s, envFrom: [{configMapRef: {name: missing}}]}]}}
                        rollout: {progressDeadlineSeconds: 5}
                        """.formatted(container("worker:e2e"))));
    }

    private static String container(String image) {
        return """
                name: worker, image: 'workerpool.dev/%s', imagePullPolicy: Never,\
                 readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}""".formatted(image);
    }

    private static Scenario rollout(String name, int replicas, String maxSurge) {
        return new Scenario(
                name,
                replicas,
                maxSurge,
                served -> served.version("1.1.0"),
                (pool, run) -> {},
                served -> served.awaitOnly("1.1.0"),
                true);
    }

    private static Scenario scenario(String name, Consumer<Served> begins, Consumer<Served> ends) {
        return new Scenario(name, 3, null, begins, (pool, run) -> {}, ends, true);
    }

    private static Scenario rollback(String name, String change) {
        BiConsumer<Pool, Run> failure = (pool, run) -> {
            Set<String> before = uids(pool);
            pool.edit(change);
            pool.await(Reason.RolledBack);
            pool.await("the failed worker is gone", s -> uids(pool).equals(before));
        };
        return new Scenario("rollback: " + name, 3, null, served -> {}, failure, served -> {}, false);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void losesNoRequest(Scenario scenario) throws Exception {
        assertNoneLost(run(scenario));
    }

    /**
     * While it is gone nothing changes, and once it is back a node that was not heard for so long may be called not ready,
     * and its workers with it: no serving worker is removed until all who route can have heard of that.
     */
    @Test
    void losesNoRequestWhileTheApiServerIsGone() throws Exception {
        LocalCluster cluster = LocalCluster.assumed("the API server is stopped");
        assertNoneLost(run(new Scenario(
                "rollout, API server gone 60 s",
                3,
                null,
                served -> served.version("1.1.0-slow"),
                (pool, run) -> takeTheApiServerAway(cluster, pool, run),
                TrafficE2E::awaitRolloutWithoutALostWorker,
                true)));
    }

    /** A worker that is lost is made again, with a generation of its own. */
    private static void awaitRolloutWithoutALostWorker(Served served) {
        served.awaitOnly("1.1.0-slow");
        if (served instanceof Pool pool) {
            assertThat(pool.pods().stream().map(pod -> pod.getMetadata().getName()))
                    .containsExactlyInAnyOrder(pool.name() + "-1-1", pool.name() + "-2-1", pool.name() + "-3-1");
        }
    }

    private static void assertNoneLost(Outcome outcome) {
        assertThat(outcome.fresh().failures())
                .as("new connections: %s", outcome.fresh().told())
                .isEmpty();
        assertThat(outcome.kept().failures())
                .as("keep-alive: %s", outcome.kept().told())
                .isEmpty();
    }

    private Outcome run(Scenario scenario) throws Exception {
        String name = "s" + table.size();
        String container = container("worker:e2e");
        Pool pool = create(name, DEFAULTS.formatted(scenario.replicas(), scenario.maxSurge(), container));
        List<Served> all = new ArrayList<>(List.of(pool));
        if (scenario.compared()) {
            String strategy = scenario.maxSurge() == null
                    ? "null"
                    : "{rollingUpdate: {maxSurge: %s, maxUnavailable: 0}}".formatted(scenario.maxSurge());
            all.add(Deployed.create(client, namespace, name + "-d", scenario.replicas(), container, strategy));
        }
        List<Run> runs = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            all.forEach(served -> served.awaitOnly("1.0.0"));
            for (Served served : all) {
                runs.add(new Run(served.expose()));
            }
            all.forEach(scenario.begins());
            scenario.meanwhile().accept(pool, runs.getFirst());
            List<Future<Outcome>> ends = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                Served served = all.get(i);
                Run run = runs.get(i);
                ends.add(threads.submit(() -> {
                    scenario.ends().accept(served);
                    return run.end();
                }));
            }
            for (Future<Outcome> end : ends) {
                outcomes.add(end.get(5, TimeUnit.MINUTES));
            }
        } finally {
            runs.forEach(Run::close);
            all.forEach(Served::delete);
        }
        table.add("%-30s | %s | %s"
                .formatted(scenario.name(), outcomes.getFirst(), outcomes.size() > 1 ? outcomes.getLast() : ""));
        Outcome outcome = outcomes.getFirst();
        requests += outcome.fresh().requests() + outcome.kept().requests();
        return outcome;
    }

    private void killTheOperator(Pool pool) {
        pool.await("the second new worker starts", s -> pool.pods("1.1.0-slow").size() == 2);
        operator.close(); // SIGKILL
        operator = OperatorProcess.start(namespace);
    }

    private static void takeTheApiServerAway(LocalCluster cluster, Pool pool, Run run) {
        pool.await("the second new worker starts", s -> pool.pods("1.1.0-slow").size() == 2);
        LocalCluster.Fault away = cluster.withoutApiServer();
        try {
            TimeUnit.SECONDS.sleep(60); // it is the fault itself that lasts so long; nothing is waited for
            assertThat(run.failed()).as("lost while it was gone").isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            away.close();
        }
    }

    private static void makeBudget(Served served) {
        served.client()
                .resource(new PodDisruptionBudgetBuilder()
                        .withNewMetadata()
                        .withName(served.name())
                        .endMetadata()
                        .withNewSpec()
                        .withMaxUnavailable(new IntOrString(1))
                        .withNewSelector()
                        .withMatchLabels(served.selector())
                        .endSelector()
                        .endSpec()
                        .build())
                .inNamespace(served.namespace())
                .create();
    }

    /** As {@code kubectl drain} does: every worker is evicted, again and again while a budget refuses. */
    private static void drain(Served served) {
        Set<String> old = uids(served);
        for (Pod pod : served.pods()) {
            Pool.eventually(
                    "the eviction of " + pod.getMetadata().getName(),
                    () -> served.client().pods().resource(pod).evict());
        }
        Pool.eventually("the evicted are gone", () -> uids(served).stream().noneMatch(old::contains));
        served.awaitOnly("1.0.0");
    }

    private static Set<String> uids(Served served) {
        return served.pods().stream().map(pod -> pod.getMetadata().getUid()).collect(Collectors.toSet());
    }

    @AfterAll
    void printTable() {
        System.out.printf(
                "FIGURES %-30s | %-55s | Deployment, with its defaults%n", "", "WorkerPool, with its defaults");
        System.out.printf("FIGURES %-30s | %s | %s%n", "", Outcome.HEAD, Outcome.HEAD);
        table.forEach(line -> System.out.println("FIGURES " + line));
        System.out.printf("FIGURES requests to WorkerPools in all: %d%n", requests);
        if (table.size() >= everything().size()) { // not where one of them alone is run
            assertThat(requests).isGreaterThanOrEqualTo(AT_LEAST);
        }
    }
}
