package dev.workerpool.e2e.cluster;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;

/**
 * A seeded mix of all that users, versions, nodes and the operator's own death do to pools, on five pools at once, judged
 * by the {@link Referee}. After each minute of it, and at the end, each pool is given a good version and has to become as
 * its spec says: what is stuck shows before something else sets it free.
 *
 * <p>{@code -Drandom.seconds=3600} for an hour, {@code -Drandom.seed=N} for the operations of another run; when each comes
 * to its turn depends on the machine.
 */
class RandomE2E extends ClusterTest {
    private static final Duration TIME = Duration.ofSeconds(Long.getLong("random.seconds", 300));
    private static final long SEED = Long.getLong("random.seed", System.currentTimeMillis());
    private static final int LONGEST_PAUSE_MILLIS = 2000;
    /** Of operations, before all pools have to come to rest. */
    private static final Duration ROUND = Duration.ofMinutes(1);
    /** How long events may take to arrive before what they tell is judged. */
    private static final Duration SETTLED = Duration.ofSeconds(10);

    private static final Optional<Path> AUDIT_LOG =
            Optional.ofNullable(System.getenv("AUDIT_LOG")).map(Path::of);

    /** Short times, so that much happens. */
    private static final String QUICK_ROLLOUT = "{readyTimeoutSeconds: 8, progressDeadlineSeconds: 20}";

    private static final String QUICK = "spec: {replicas: 3, rollout: " + QUICK_ROLLOUT
            + ", circuitBreaker: {resetTimeoutSeconds: 10}, drain: {delaySeconds: 1, timeoutSeconds: 3}}";

    private static final Map<String, String> POOLS = new TreeMap<>(Map.of(
            "ant", "spec: {rollout: {pauseSeconds: 1}}",
            "bee", "spec: {rollout: {maxSurge: 2, minReadySeconds: 1}}",
            "cat",
                    "spec: {rollout: {maxSurge: 50%, podReplacementPolicy: TerminationStarted}, drain: {delaySeconds: 0}}",
            "dog", "spec: {rollout: {minReadySeconds: 2, retryLimit: 1}, circuitBreaker: {failureThreshold: 2}}",
            "elk", "spec: {rollout: {verification: {path: /ready, port: 8000, attempts: 2}}}"));

    /** A stack trace, or a line of level ERROR. */
    private static final Pattern FAULT =
            Pattern.compile("^\\S+ ERROR .*|^\\s+at [\\w.$/]+\\(.*|^(Caused by: )?[\\w.]+(Exception|Error)\\b.*");

    private final Random random = new Random(SEED);
    private final Map<String, Integer> done = new TreeMap<>();
    private final Set<String> removed = ConcurrentHashMap.newKeySet();
    private final Map<String, List<String>> versions = new HashMap<>();
    private final List<String> faults = new ArrayList<>();
    private CompletableFuture<Void> starting = CompletableFuture.completedFuture(null);
    private List<Pool> pools;
    private Instant began;
    private volatile Instant unanswered = Instant.MIN;
    private int edits;
    private int rounds;
    private Duration longestMend = Duration.ZERO;

    /** What may be done, and how often it is done in proportion to the others. */
    private enum Operation {
        GOOD(14),
        SLOW(5),
        NEVER(4),
        CRASH(8),
        DIES(4),
        FLAP(2),
        VERIFY(2),
        DEAF(2),
        BACK(6),
        RESTARTED_AT(4),
        SCALE(12),
        PAUSE(8),
        MAX_SURGE(4),
        POLICY(2),
        ON_FAILURE(2),
        RETRY(5),
        DELETE(7),
        DELETE_NOW(4),
        EVICT(6),
        RELABEL(2),
        KILL(7),
        TERMINATE(3);

        final int weight;

        Operation(int weight) {
            this.weight = weight;
        }
    }

    @Test
    void keepsItsPromisesWhateverHappens() {
        began = Instant.now();
        System.out.printf("random operations for %d s, seed %d (-Drandom.seed=%d)%n", TIME.toSeconds(), SEED, SEED);
        try (Recorder recorder = new Recorder(client, namespace)) {
            pools = POOLS.entrySet().stream()
                    .map(e -> create(
                            e.getKey(), Serialization.asYaml(Pool.merge(Pool.map(QUICK), Pool.map(e.getValue())))))
                    .toList();
            pools.forEach(pool -> pool.awaitUpToDate("1.0.0"));
            Instant end = Instant.now().plus(TIME);
            Referee.Verdict verdict;
            do {
                operate(recorder, earlier(end, Instant.now().plus(ROUND)));
                verdict = comeToRest(recorder);
            } while (Instant.now().isBefore(end));
            figures(recorder, verdict);
            assertThat(faults)
                    .as("errors and stack traces in the operator's log")
                    .isEmpty();
            agreesWithAuditLog(recorder, verdict);
        } finally {
            starting.join();
        }
    }

    private void operate(Recorder recorder, Instant end) {
        Instant judgeAt = Instant.now();
        while (Instant.now().isBefore(end)) {
            operate();
            pause();
            if (Instant.now().isAfter(judgeAt)) {
                judge(recorder, Instant.now().minus(SETTLED));
                judgeAt = Instant.now().plusSeconds(10);
            }
        }
        starting.join();
    }

    private Referee.Verdict comeToRest(Recorder recorder) {
        rounds++;
        Instant from = Instant.now();
        pools.forEach(this::mend);
        pools.forEach(this::awaitMended);
        Duration took = Duration.between(from, Instant.now());
        longestMend = longestMend.compareTo(took) < 0 ? took : longestMend;
        endedProperly();
        checkLog();
        Referee.Verdict verdict = settled(recorder);
        pools.forEach(pool -> edit(pool, "rollout: " + QUICK_ROLLOUT));
        return verdict;
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    // ---- the operations

    private void operate() {
        Pool pool = pools.get(random.nextInt(pools.size()));
        Operation operation = chosen();
        int number = random.nextInt(1 << 20);
        try {
            String what = run(operation, pool, number);
            say(pool.name() + " " + what);
            done.merge(operation.name(), 1, Integer::sum);
        } catch (KubernetesClientException e) {
            // A pod that changed meanwhile; or the API server was away.
            say(pool.name() + " " + operation + " refused: " + e.getCode() + " " + e.getMessage());
            unanswered = e.getCode() <= 0 ? Instant.now() : unanswered;
            done.merge("refused", 1, Integer::sum);
        }
    }

    private Operation chosen() {
        int all = Stream.of(Operation.values()).mapToInt(o -> o.weight).sum();
        int at = random.nextInt(all);
        for (Operation operation : Operation.values()) {
            at -= operation.weight;
            if (at < 0) {
                return operation;
            }
        }
        throw new IllegalStateException();
    }

    private String run(Operation operation, Pool pool, int number) {
        return switch (operation) {
            case GOOD -> version(pool, "");
            case SLOW, NEVER, CRASH, DIES, FLAP, VERIFY, DEAF ->
                version(pool, "-" + operation.name().toLowerCase());
            case BACK -> {
                List<String> earlier = versions.computeIfAbsent(pool.name(), n -> new ArrayList<>(List.of("1.0.0")));
                yield edit(pool, "version: " + earlier.get(Math.max(0, earlier.size() - 1 - number % 3)));
            }
            case RESTARTED_AT -> edit(pool, "restartedAt: at-" + number);
            case SCALE ->
                edit(pool, "replicas: " + List.of(0, 1, 1, 2, 2, 3, 3, 4, 4, 4).get(number % 10));
            case PAUSE -> edit(pool, "paused: " + !pool.get().getSpec().paused());
            case MAX_SURGE ->
                edit(
                        pool,
                        "rollout: {maxSurge: " + List.of(1, 2, 3, "50%", "100%").get(number % 5) + "}");
            case POLICY ->
                edit(
                        pool,
                        "rollout: {podReplacementPolicy: Termination" + (number % 2 == 0 ? "Complete" : "Started")
                                + "}");
            case ON_FAILURE -> edit(pool, "rollout: {onFailure: " + (number % 2 == 0 ? "Rollback" : "Pause") + "}");
            case RETRY -> {
                pool.annotate("workerpool.dev/retry", "r" + number);
                yield "retry r" + number;
            }
            case DELETE ->
                remove(pool, number, "delete", pod -> delete(pod, pod.getSpec().getTerminationGracePeriodSeconds()));
            case DELETE_NOW -> remove(pool, number, "delete without grace", pod -> delete(pod, 0));
            case EVICT -> remove(pool, number, "evict", this::evict);
            case RELABEL ->
                remove(pool, number, "take the label from", pod -> client.resource(pod)
                        .edit(p -> {
                            p.getMetadata().getLabels().remove("workerpool.dev/pool");
                            return p;
                        }));
            case KILL -> {
                if (!starting.isDone()) {
                    yield "SIGKILL of no operator: one is starting";
                }
                checkLog();
                operator.close(); // SIGKILL
                yield "SIGKILL of the operator; " + start(number);
            }
            case TERMINATE -> {
                if (!starting.isDone()) {
                    yield "SIGTERM to no operator: one is starting";
                }
                checkViolations();
                operator.terminate();
                checkLog();
                operator.close();
                yield "SIGTERM to the operator; " + start(number);
            }
        };
    }

    private String version(Pool pool, String suffix) {
        List<String> earlier = versions.computeIfAbsent(pool.name(), n -> new ArrayList<>(List.of("1.0.0")));
        String version = "1." + (++edits) + ".0" + suffix;
        earlier.add(version);
        return edit(pool, "version: " + version);
    }

    private static String edit(Pool pool, String spec) {
        pool.edit(spec);
        return spec;
    }

    private interface Removal {
        void of(Pod pod);
    }

    /** The pod is announced as the test's doing first; what is refused was not. */
    private String remove(Pool pool, int number, String what, Removal removal) {
        List<Pod> live = pool.pods().stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .sorted(Comparator.comparing(p -> p.getMetadata().getName()))
                .toList();
        if (live.isEmpty()) {
            return what + " nothing: there is no pod";
        }
        Pod pod = live.get(number % live.size());
        String uid = pod.getMetadata().getUid();
        boolean goes = !what.contains("label");
        if (goes) {
            removed.add(uid);
        }
        try {
            removal.of(pod);
        } catch (KubernetesClientException e) {
            if (e.getCode() == 404 || e.getCode() == 409 || e.getCode() == 429) {
                removed.remove(uid);
            }
            throw e;
        }
        return what + " " + pod.getMetadata().getName();
    }

    /** Only if it is as it was read: not if the operator was faster. */
    private void delete(Pod pod, long grace) {
        raw(
                "DELETE",
                pod,
                "",
                Map.of(
                        "gracePeriodSeconds",
                        grace,
                        "preconditions",
                        Map.of(
                                "uid", pod.getMetadata().getUid(),
                                "resourceVersion", pod.getMetadata().getResourceVersion())));
    }

    private void evict(Pod pod) {
        raw(
                "POST",
                pod,
                "/eviction",
                Map.of(
                        "apiVersion",
                        "policy/v1",
                        "kind",
                        "Eviction",
                        "metadata",
                        Map.of("name", pod.getMetadata().getName()),
                        "deleteOptions",
                        Map.of(
                                "preconditions",
                                Map.of(
                                        "uid", pod.getMetadata().getUid(),
                                        "resourceVersion", pod.getMetadata().getResourceVersion()))));
    }

    private void raw(String method, Pod pod, String subresource, Object body) {
        client.raw(
                "/api/v1/namespaces/" + namespace + "/pods/" + pod.getMetadata().getName() + subresource, method, body);
    }

    /** Later, so that pods and specs change while no operator is there. */
    private String start(int number) {
        long downMillis = number % 4000;
        starting = CompletableFuture.runAsync(() -> {
            sleep(downMillis);
            operator = started();
        });
        return "another starts " + downMillis + " ms later";
    }

    /** While the API server is away another one is started, as a Deployment does. */
    private OperatorProcess started() {
        Instant from = Instant.now();
        try {
            return OperatorProcess.start(namespace);
        } catch (ConditionTimeoutException | AssertionError e) {
            if (unanswered.isBefore(from)) {
                throw e;
            }
            say("the operator did not start while the API server was away; another starts");
            return started();
        }
    }

    private void pause() {
        sleep(random.nextInt(LONGEST_PAUSE_MILLIS));
    }

    /** The rhythm of the operations; nothing is waited for. */
    private static void sleep(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void say(String what) {
        System.out.printf(
                "%8.3f s  %s%n", Duration.between(began, Instant.now()).toMillis() / 1000.0, what.replace('\n', ' '));
    }

    // ---- the end

    /** Its deadlines are then those of a busy machine. */
    private void mend(Pool pool) {
        int replicas = 1 + random.nextInt(4);
        say(pool.name() + " " + edit(pool, "version: " + mended() + "\nreplicas: " + replicas + """

                paused: false
                rollout: {readyTimeoutSeconds: 60, progressDeadlineSeconds: 300, onFailure: Rollback}"""));
    }

    private void awaitMended(Pool pool) {
        pool.awaitUpToDate(mended());
        say(pool.name() + " is as its spec says");
    }

    private String mended() {
        return "9." + rounds + ".0";
    }

    /** Nothing is left over, and what is remembered makes sense. */
    private void endedProperly() {
        List<ControllerRevision> records = client.apps()
                .controllerRevisions()
                .inNamespace(namespace)
                .list()
                .getItems();
        for (Pool pool : pools) {
            WorkerPoolStatus status = pool.status();
            assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(status.failedRevision()).isNull();
            assertThat(status.currentRevision()).isEqualTo(status.updateRevision());
            assertThat(status.history()).isNotEmpty().allSatisfy(entry -> {
                assertThat(entry.result()).isNotNull();
                assertThat(entry.durationSeconds()).isNotNegative();
            });
            assertThat(status.history().stream().map(HistoryEntry::startedAt))
                    .isSortedAccordingTo(Comparator.reverseOrder());
            assertThat(pool.pods().stream().map(p -> p.getMetadata().getLabels().get("workerpool.dev/worker")))
                    .doesNotHaveDuplicates();
            String uid = pool.get().getMetadata().getUid();
            assertThat(records.stream().filter(r -> r.getMetadata()
                            .getOwnerReferences()
                            .getFirst()
                            .getUid()
                            .equals(uid)))
                    .as("records of %s: the limit, the snapshot and the target", pool.name())
                    .hasSizeBetween(1, 12);
        }
        // Workers let go stay, whatever becomes of the pool; nothing else may be there.
        Set<String> workers = new HashSet<>();
        pools.forEach(
                pool -> pool.pods().forEach(p -> workers.add(p.getMetadata().getName())));
        assertThat(client.pods().inNamespace(namespace).list().getItems().stream()
                        .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                        .filter(p -> p.getMetadata().getLabels().containsKey("workerpool.dev/pool"))
                        .map(p -> p.getMetadata().getName()))
                .containsExactlyInAnyOrderElementsOf(workers);
    }

    private void checkLog() {
        operator.log().lines().filter(FAULT.asMatchPredicate()).forEach(faults::add);
        operator.log().lines().filter(line -> line.contains(" WARN ")).forEach(System.out::println);
    }

    private void checkViolations() {
        assertThat(operator.metrics().lines().filter(l -> l.startsWith("workerpool_invariant_violations_total")))
                .as("what the operator counted itself")
                .allMatch(line -> line.endsWith(" 0.0"));
    }

    // ---- the judgement

    private Referee.Verdict judge(Recorder recorder, Instant until) {
        Referee.Verdict verdict = Referee.judge(
                recorder.seen().stream().filter(s -> s.at().isBefore(until)).toList(), removed);
        assertThat(verdict.violations()).as("violations, seed %d", SEED).isEmpty();
        assertThat(recorder.gaps()).isEmpty();
        return verdict;
    }

    private Referee.Verdict settled(Recorder recorder) {
        Instant until = Instant.now();
        Awaitility.await("the events of the end").until(() -> Instant.now().isAfter(until.plusSeconds(2)));
        return judge(recorder, Instant.MAX);
    }

    private void figures(Recorder recorder, Referee.Verdict v) {
        System.out.printf(
                "FIGURES random: seed %d, %d s, %d operations %s%n",
                SEED,
                Duration.between(began, Instant.now()).toSeconds(),
                done.values().stream().mapToInt(i -> i).sum(),
                done);
        System.out.printf(
                "FIGURES random: %d rollouts, %d rollbacks and ways back, %d breaker openings; %d pods made, %d removed by"
                        + " the operator, %d by the test; %d pod events, %d pool events, %d violations%n",
                v.rollouts(),
                v.rollbacks(),
                v.openings(),
                v.created(),
                v.removed().size(),
                removed.size(),
                v.podEvents(),
                v.poolEvents(),
                v.violations().size());
        System.out.printf(
                "FIGURES random: %d times all pools were given a good version, and all ran it %d s later at most%n",
                rounds, longestMend.toSeconds());
        System.out.printf(
                "FIGURES random: results %s%n",
                pools.stream()
                        .flatMap(p -> p.status().history().stream())
                        .collect(groupingBy(HistoryEntry::result, TreeMap::new, counting())));
    }

    /** Where there is an audit log, the removals that were put down to the operator are those that it asked for. */
    private void agreesWithAuditLog(Recorder recorder, Referee.Verdict verdict) {
        if (AUDIT_LOG.isEmpty()) {
            return;
        }
        Set<String> asked = new HashSet<>();
        try (Stream<String> lines = Files.lines(AUDIT_LOG.get())) {
            lines.filter(l -> l.contains("\"namespace\":\"" + namespace + "\"") && l.contains("\"resource\":\"pods\""))
                    .filter(l -> l.contains("\"userAgent\":\"workerpool-operator/"))
                    .filter(l -> l.contains("\"verb\":\"delete\"") || l.contains("\"subresource\":\"eviction\""))
                    .filter(l -> l.contains("\"code\":20"))
                    .map(l -> l.replaceFirst(".*\"objectRef\":\\{[^}]*\"name\":\"([^\"]*)\".*", "$1"))
                    .forEach(asked::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Set<String> judged = new HashSet<>();
        recorder.seen().forEach(s -> {
            if (s instanceof Seen.PodSeen pod && verdict.removed().contains(pod.uid())) {
                judged.add(pod.name());
            }
        });
        System.out.printf(
                "FIGURES random: %d names of pods in the audit log, %d judged%n", asked.size(), judged.size());
        assertThat(asked)
                .as("pods that the operator asked to remove, by the audit log")
                .containsAll(judged);
    }
}
