package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a new worker needs is not there: named and waited for (FailureE2E has a ConfigMap in env, and no node at all). */
@Execution(ExecutionMode.CONCURRENT)
class MissingE2E extends ClusterTest {

    /**
     * A worker that waits.
     *
     * @param pool its name
     * @param container what its container has beside the worker's
     * @param spec what the pod has beside that
     * @param missing what it waits for
     * @param said of it by the kubelet
     */
    record Row(String pool, String container, String spec, String missing, String said) {
        @Override
        public String toString() {
            return pool;
        }
    }

    static Stream<Row> rows() {
        return Stream.of(
                new Row(
                        "map-mounted",
                        "volumeMounts: [{name: settings, mountPath: /settings}]",
                        "volumes: [{name: settings, configMap: {name: app-settings}}]",
                        "kind: ConfigMap\nmetadata: {name: app-settings}",
                        "configmap \"app-settings\" not found"),
                new Row(
                        "secret-mounted",
                        "volumeMounts: [{name: keys, mountPath: /keys}]",
                        "volumes: [{name: keys, secret: {secretName: app-keys}}]",
                        "kind: Secret\nmetadata: {name: app-keys}",
                        "secret \"app-keys\" not found"),
                new Row(
                        "secret-env",
                        "env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: app-token, key: token}}}]",
                        "enableServiceLinks: false",
                        "kind: Secret\nmetadata: {name: app-token}\nstringData: {token: t}",
                        "secret \"app-token\" not found"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void isWaitedForAndNamed(Row row) {
        Pool pool = create(row.pool(), "{}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.edit("""
                    version: 1.1.0
                    template:
                      spec:
                        containers:
                        - name: worker
                          image: workerpool.dev/worker:e2e
                          imagePullPolicy: Never
                          readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                          %s
                        %s
                    """.formatted(row.container(), row.spec()));
            pool.awaitBlocked("worker 1 of 2: " + row.pool() + "-1-1 waits: ", row.said(), "and fails at ");
            client.resource("apiVersion: v1\n" + row.missing())
                    .inNamespace(namespace)
                    .create();
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.0");
            assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            // The same workers that waited: none was made a second time.
            assertThat(pods.names())
                    .containsExactly(
                            row.pool() + "-1-0", row.pool() + "-1-1", row.pool() + "-2-0", row.pool() + "-2-1");
        }
    }

    @Test
    void aSpecWithoutTheFaultSupersedesTheOneThatWaits() {
        Pool pool = create("huge", "{}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            String spec = """
                    version: %s
                    template:
                      spec:
                        containers:
                        - name: worker
                          image: workerpool.dev/worker:e2e
                          imagePullPolicy: Never
                          readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                          resources: {requests: {cpu: %s}}
                    """;
            pool.edit(spec.formatted("1.1.0", "4000"));
            pool.awaitBlocked("huge-1-1 waits: no node takes the pod", "Insufficient cpu");
            pool.edit(spec.formatted("1.1.1", "1m"));
            WorkerPoolStatus status = pool.awaitUpToDate("1.1.1");
            assertThat(status.history())
                    .extracting(h -> h.version() + " " + h.result())
                    .containsExactly("1.1.1 Succeeded", "1.1.0 Superseded");
            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(2);
            assertThat(pods.mostLive()).as("live pods: %s", pods.lines()).isEqualTo(3);
            pool.awaitEvents("RolloutSuperseded", 1);
        }
    }
}
