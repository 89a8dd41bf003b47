package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.Settings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EffectiveSpecTest {
    private static final String V1 = "version: '1.4.0'\n" + Pools.TEMPLATE;

    @Test
    void everyDefaultIsTheContracts() {
        assertThat(settings(V1))
                .isEqualTo(new Settings(
                        "1.4.0",
                        RevisionContent.of(Pools.spec(V1)).revision(),
                        1,
                        false,
                        Optional.empty(),
                        1,
                        Duration.ofMillis(300), // 0, and the moment in which a kubelet may take readiness back
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(600),
                        Duration.ofSeconds(1),
                        true,
                        Optional.empty(),
                        false,
                        0,
                        3,
                        Duration.ofSeconds(60),
                        10,
                        100));
    }

    @Test
    void whatTheUserWroteCounts() {
        Settings s = settings(V1 + """
                replicas: 4
                paused: true
                rollout:
                  maxSurge: 2
                  minReadySeconds: 3
                  readyTimeoutSeconds: 4
                  progressDeadlineSeconds: 5
                  pauseSeconds: 0
                  podReplacementPolicy: TerminationStarted
                  verification: {path: /ready, port: web, attempts: 6, periodSeconds: 7}
                  onFailure: Pause
                  retryLimit: 8
                drain: {delaySeconds: 1, timeoutSeconds: 2}
                circuitBreaker: {failureThreshold: 9, resetTimeoutSeconds: 10}
                revisionHistoryLimit: 11
                rolloutHistoryLimit: 12
                """);

        assertThat(s.replicas()).isEqualTo(4);
        assertThat(s.paused()).isTrue();
        assertThat(s.maxSurge()).isEqualTo(2);
        assertThat(s.minReady()).isEqualTo(Duration.ofSeconds(3));
        assertThat(s.readyTimeout()).isEqualTo(Duration.ofSeconds(4));
        assertThat(s.progressDeadline()).isEqualTo(Duration.ofSeconds(5));
        assertThat(s.pause()).isEqualTo(Duration.ZERO);
        assertThat(s.terminationComplete()).isFalse();
        assertThat(s.verification()).contains(new Settings.Verification(6, Duration.ofSeconds(7)));
        assertThat(s.pauseOnFailure()).isTrue();
        assertThat(s.retryLimit()).isEqualTo(8);
        assertThat(s.failureThreshold()).isEqualTo(9);
        assertThat(s.resetTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(s.revisionHistoryLimit()).isEqualTo(11);
        assertThat(s.rolloutHistoryLimit()).isEqualTo(12);
    }

    @Test
    void aNewWorkerSettlesForAMomentInAnyCase() {
        assertThat(settings(V1).minReady()).isEqualTo(Duration.ofMillis(300));
        assertThat(settings(V1 + "rollout: {minReadySeconds: 0}").minReady()).isEqualTo(Duration.ofMillis(300));
        assertThat(settings(V1 + "rollout: {minReadySeconds: 1}").minReady()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void verificationTriesFiveTimesASecondApart() {
        assertThat(settings(V1 + "rollout: {verification: {path: /ready, port: 8000}}")
                        .verification())
                .contains(new Settings.Verification(5, Duration.ofSeconds(1)));
    }

    @ParameterizedTest
    @CsvSource({
        "25%, 4, 1",
        "25%, 5, 2",
        "1%, 100, 1",
        "1%, 1000, 10",
        "34%, 3, 2",
        "100%, 4, 4",
        "25%, 0, 1",
        "3, 0, 3",
        "'\"2\"', 1, 2"
    })
    void aPercentageOfReplicasIsRoundedUpAndNeverBelowOne(String maxSurge, int replicas, int workers) {
        String spec = V1 + "replicas: " + replicas + "\nrollout: {maxSurge: " + maxSurge + "}";
        assertThat(settings(spec).maxSurge()).isEqualTo(workers);
    }

    @Test
    void aMaxSurgeThatIsNoNumberIsNamed() {
        assertThatThrownBy(() -> settings(V1 + "rollout: {maxSurge: many}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("spec.rollout.maxSurge")
                .hasMessageContaining("many");
    }

    @Test
    void theReadyTimeoutIsAsLongAsTheSlowestContainerMayTake() {
        String slow = V1.replace("volumes:", """
                - name: sleepy
                      image: x
                      startupProbe: {initialDelaySeconds: 7, failureThreshold: 30, periodSeconds: 2, exec: {}}
                      readinessProbe: {exec: {command: [b]}, initialDelaySeconds: 1, periodSeconds: 0}
                    volumes:""");

        assertThat(settings(slow).readyTimeout())
                .as("7 + 30 x 2 until started, 1 + 3 x 10 until ready")
                .isEqualTo(Duration.ofSeconds(98));
    }

    @Test
    void quickProbesDoNotShortenTheReadyTimeout() {
        String quick = V1.replace("httpGet: {path: /ready", "periodSeconds: 1\n        httpGet: {path: /ready");

        assertThat(settings(quick).readyTimeout()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void theRetryAnnotationIsPassedOn() {
        WorkerPool pool = Pools.pool(V1);
        pool.getMetadata().setAnnotations(Map.of("workerpool.dev/retry", "now"));

        assertThat(EffectiveSpec.settings(pool).retry()).contains("now");
    }

    @Test
    void aPoolWithoutASpecIsToldSo() {
        WorkerPool pool = Pools.pool(V1);
        pool.setSpec(null);

        assertThatThrownBy(() -> EffectiveSpec.settings(pool)).isInstanceOf(IllegalArgumentException.class);
    }

    private static Settings settings(String spec) {
        return EffectiveSpec.settings(Pools.pool(spec));
    }
}
