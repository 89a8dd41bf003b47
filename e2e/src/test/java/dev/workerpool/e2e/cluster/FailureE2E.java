package dev.workerpool.e2e.cluster;

import static dev.workerpool.api.ConditionType.Progressing;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each row of the failure table (contract, section 4) that a container can cause. */
@Execution(ExecutionMode.CONCURRENT)
class FailureE2E extends ClusterTest {
    private static final String WORKER = """
            imagePullPolicy: Never, readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}""";
    private static final Set<String> CANNOT_START =
            Set.of("ErrImageNeverPull", "InvalidImageName", "RunContainerError", "CreateContainerError");

    /**
     * A deployment that fails.
     *
     * @param pool its name
     * @param base what the pool has beside {@link Pool#PLAIN}
     * @param change what is deployed
     * @param reason of {@code lastFailure}
     * @param message a part of its message
     * @param exitCode of the container, if it ended
     * @param atOnce whether the kubelet reports a crash or a broken image, which is rolled back at once
     */
    record Row(
            String pool,
            String base,
            String change,
            String reason,
            String message,
            Integer exitCode,
            String log,
            boolean atOnce) {
        @Override
        public String toString() {
            return pool;
        }
    }

    static Stream<Row> rows() {
        return Stream.of(
                new Row(
                        "crash",
                        "{}",
                        "version: 2.0.0-crash",
                        "ContainerExited",
                        "cannot open the order database: no such file",
                        3,
                        "opening the order database",
                        true),
                new Row(
                        "never",
                        "{}",
                        "version: 2.0.0-never\nrollout: {readyTimeoutSeconds: 8}",
                        "NotReady",
                        "within 8 s",
                        null,
                        "serving on",
                        false),
                new Row(
                        "dies",
                        "spec: {rollout: {minReadySeconds: 6}}",
                        "version: 2.0.0-dies",
                        "ContainerExited",
                        "the order queue hung up",
                        4,
                        "fatal: the order queue hung up",
                        true),
                new Row(
                        "flap",
                        "spec: {rollout: {minReadySeconds: 4, progressDeadlineSeconds: 14}}",
                        "version: 2.0.0-flap",
                        "ProgressDeadlineExceeded",
                        "14 s",
                        null,
                        "serving on",
                        false),
                new Row(
                        "verify",
                        "spec: {rollout: {verification: {path: /ready, port: 8000, attempts: 2}}}",
                        "version: 2.0.0-verify",
                        "VerificationFailed",
                        "500",
                        null,
                        "serving on",
                        false),
                new Row(
                        "tag",
                        "spec: {template: {spec: {containers: [{name: worker, image: 'workerpool.dev/worker:$(APP_VERSION)', %s}]}}}"
                                .formatted(WORKER),
                        "version: 9.9.9",
                        "ErrImageNeverPull",
                        "workerpool.dev/worker:9.9.9",
                        null,
                        null,
                        true),
                new Row(
                        "name",
                        "{}",
                        "template: {spec: {containers: [{name: worker, image: 'workerpool.dev/Worker::e2e', %s}]}}"
                                .formatted(WORKER),
                        "InvalidImageName",
                        "workerpool.dev/Worker::e2e",
                        null,
                        null,
                        true),
                new Row(
                        "command",
                        "{}",
                        "template: {spec: {containers: [{name: worker, image: 'workerpool.dev/worker:e2e', command: [/nowhere], %s}]}}"
                                .formatted(WORKER),
                        "RunContainerError",
                        "/nowhere",
                        128,
                        null,
                        true),
                new Row(
                        "create",
                        "{}",
                        """
                        template: {spec: {containers: [{name: worker, image: 'workerpool.dev/worker:e2e', %s,
                          securityContext: {seccompProfile: {type: Localhost, localhostProfile: nowhere.json}}}]}}
                        """.formatted(WORKER),
                        "CreateContainerError",
                        "nowhere.json",
                        null,
                        null,
                        true),
                new Row(
                        "init",
                        "{}",
                        """
                        template:
                          spec:
                            initContainers:
                            - name: migrate
                              image: workerpool.dev/worker:e2e
                              imagePullPolicy: Never
                              env: [{name: APP_VERSION, value: 1-crash}]
                        """,
                        "ContainerExited",
                        "init container migrate exited with code 3",
                        3,
                        "opening the order database",
                        true));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void rollsBackAndSaysWhy(Row row) {
        Pool pool = create(row.pool(), row.base());
        pool.awaitUpToDate("1.0.0");
        Set<String> before = uids(pool);
        try (PodRecord pods = PodRecord.of(pool);
                RollbackWatch rollback = new RollbackWatch(pool)) {
            pool.edit(row.change());
            WorkerPoolStatus status = pool.await(Reason.RolledBack);

            assertThat(status.lastFailure().reason()).isEqualTo(row.reason());
            assertThat(status.lastFailure().message()).contains(row.message());
            assertThat(status.lastFailure().exitCode()).isEqualTo(row.exitCode());
            assertThat(status.lastFailure().pod()).isEqualTo(row.pool() + "-1-1");
            assertThat(status.lastFailure().version())
                    .isEqualTo(pool.get().getSpec().version());
            if (row.log() != null) {
                assertThat(status.lastFailure().log()).contains(row.log());
            }
            assertThat(status.version()).isEqualTo("1.0.0");
            assertThat(status.failedRevision()).isEqualTo(status.updateRevision());
            assertThat(status.failedResult()).isEqualTo(Result.RolledBack);
            assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            assertThat(status.circuitBreaker().state()).isEqualTo(BreakerState.Closed);
            assertThat(status.history()).hasSize(1);
            assertThat(status.history().getFirst().result()).isEqualTo(Result.RolledBack);

            pool.await("the failed worker is gone", s -> uids(pool).equals(before));
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
            if (row.atOnce()) {
                Instant reported = pods.first(FailureE2E::reportsFault).orElseThrow();
                Instant gone = pods.first(p -> p.getMetadata().getDeletionTimestamp() != null)
                        .orElseThrow();
                // Printed, not asserted: how fast the machine is says nothing about the operator. That it waited for no
                // deadline, the reason says.
                System.out.printf(
                        "FIGURES %s: rollback recorded %d ms, worker removed %d ms after the kubelet reported it%n",
                        row.pool(),
                        Duration.between(reported, rollback.seen().orElseThrow())
                                .toMillis(),
                        Duration.between(reported, gone).toMillis());
            }
        }
    }

    /**
     * A worker that passed the gate and turns out to be broken while the rollout still runs.
     *
     * @param version that is deployed
     * @param reason of {@code lastFailure}
     * @param message a part of its message
     * @param exitCode of the container, if it ended
     */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "2.0.0-tires, ContainerExited, the order cache is full, 6",
        "2.0.0-fades, NotReady, within 8 s, ",
    })
    void rollsBackForAWorkerAlreadyReplaced(String version, String reason, String message, Integer exitCode) {
        Pool pool = create(
                version.replaceAll(".*-", ""),
                "spec: {rollout: {pauseSeconds: 90, readyTimeoutSeconds: 8}}"); // it stays good for 10 s only
        pool.awaitUpToDate("1.0.0");
        Set<String> before = uids(pool);
        pool.version(version);
        pool.await(
                "one worker is replaced",
                s -> s.rollout() != null && "1/2".equals(s.rollout().progress()));
        pool.await("its old pod is gone", s -> pool.pods().size() == 2);
        WorkerPoolStatus status = pool.await(Reason.RolledBack);

        assertThat(status.lastFailure().reason()).isEqualTo(reason);
        assertThat(status.lastFailure().message()).contains(message);
        assertThat(status.lastFailure().exitCode()).isEqualTo(exitCode);
        assertThat(status.lastFailure().pod()).isEqualTo(pool.name() + "-1-1");
        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
        assertThat(status.history()).singleElement().satisfies(rollout -> assertThat(rollout.result())
                .isEqualTo(Result.RolledBack));
        pool.await(
                "only old workers",
                x -> pool.pods("1.0.0").size() == 2 && pool.pods().size() == 2);
        assertThat(uids(pool)).as("the worker that had not been replaced").anyMatch(before::contains);
    }

    @Test
    void controlCharactersAndAMegabyteWithoutEndOfLineLeaveAStatusThatIsPrintableAndSmall() {
        Pool pool = create("garbage", "{}");
        pool.awaitUpToDate("1.0.0");
        pool.version("2.0.0-garbage");
        WorkerPoolStatus status = pool.await(Reason.RolledBack);

        assertThat(status.lastFailure().exitCode()).isEqualTo(5);
        assertThat(status.lastFailure().message()).contains("and found").hasSizeLessThanOrEqualTo(500);
        // What was logged last is kept, as of any log.
        assertThat(status.lastFailure().log()).contains("and found").hasSizeLessThanOrEqualTo(2048);
        assertThat(Serialization.asJson(pool.get().getStatus())).hasSizeLessThan(8 * 1024);
        assertThat(pool.awaitEvents("RolloutFailed", 1))
                .singleElement()
                .satisfies(event -> assertThat(event.getMessage()).hasSizeLessThan(1024));
        assertThat(Stream.concat(
                        Stream.of(Serialization.asYaml(pool.get().getStatus())),
                        pool.events("RolloutFailed").stream().map(Event::getMessage)))
                .allSatisfy(text -> assertThat(text.replaceAll("[\n\t]", "")).doesNotContainPattern("\\p{C}"));
    }

    @Test
    void aMissingConfigMapIsWaitedFor() {
        Pool pool = create("config", "{}");
        pool.awaitUpToDate("1.0.0");
        pool.edit("""
                version: 1.1.0
                template:
                  spec:
                    containers:
                    - name: worker
                      image: workerpool.dev/worker:e2e
                      imagePullPolicy: Never
                      readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                      envFrom: [{configMapRef: {name: settings}}]
                """);
        WorkerPoolStatus blocked = pool.await("is blocked", s -> Reason.Blocked.name()
                .equals(Pool.condition(s, Progressing).getReason()));
        assertThat(Pool.condition(blocked, Progressing).getStatus()).isEqualTo("True");
        assertThat(Pool.condition(blocked, Progressing).getMessage()).contains("config-1-1", "settings");
        client.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("settings")
                        .endMetadata()
                        .build())
                .inNamespace(namespace)
                .create();
        WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
    }

    @Test
    void whatNoNodeTakesIsWaitedForUntilTheDeadline() {
        Pool pool = create("nowhere", "spec: {rollout: {progressDeadlineSeconds: 12}}");
        pool.awaitUpToDate("1.0.0");
        pool.edit("template: {spec: {nodeSelector: {disk: made-of-gold}}}");
        WorkerPoolStatus blocked = pool.await("is blocked", s -> Reason.Blocked.name()
                .equals(Pool.condition(s, Progressing).getReason()));
        assertThat(Pool.condition(blocked, Progressing).getMessage()).contains("no node takes the pod");
        assertThat(blocked.circuitBreaker().consecutiveFailures()).isZero();
        WorkerPoolStatus status = pool.await(Reason.RolledBack);
        assertThat(status.lastFailure().reason()).isEqualTo("ProgressDeadlineExceeded");
        assertThat(status.lastFailure().message()).contains("no node takes the pod");
        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
    }

    private static Set<String> uids(Pool pool) {
        return Set.copyOf(
                pool.pods().stream().map(p -> p.getMetadata().getUid()).toList());
    }

    private static boolean reportsFault(Pod pod) {
        return Stream.of(
                        pod.getStatus().getInitContainerStatuses(),
                        pod.getStatus().getContainerStatuses())
                .flatMap(List::stream)
                .map(ContainerStatus::getState)
                .anyMatch(state -> state.getTerminated() != null
                                && state.getTerminated().getExitCode() != 0
                        || state.getWaiting() != null
                                && CANNOT_START.contains(state.getWaiting().getReason()));
    }

    /** Sees when the record of a rollback is written. */
    private static final class RollbackWatch implements AutoCloseable, Watcher<WorkerPool> {
        private final AtomicReference<Instant> seen = new AtomicReference<>();
        private final Watch watch;

        RollbackWatch(Pool pool) {
            watch = pool.resource().watch(this);
        }

        @Override
        public void eventReceived(Action action, WorkerPool pool) {
            WorkerPoolStatus status = pool.getStatus();
            if (status.rollout() != null && status.rollout().phase() == Phase.RollingBack) {
                seen.compareAndSet(null, Instant.now());
            }
        }

        Optional<Instant> seen() {
            return Optional.ofNullable(seen.get());
        }

        @Override
        public void onClose(WatcherException cause) {
            // A rollback that was not seen fails the test.
        }

        @Override
        public void close() {
            watch.close();
        }
    }
}
