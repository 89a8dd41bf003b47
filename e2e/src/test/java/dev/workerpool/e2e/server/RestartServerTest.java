package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.Result;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the operator does must not depend on how long it lives. */
class RestartServerTest extends Stage {

    @ParameterizedTest
    @ValueSource(strings = {"make", "ready", "leave", "gone"})
    void goesOnInTheMiddleOfAStep(String moment) {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();
        server.nodes().readyDelay(Duration.ofMillis(150)).terminationDelay(Duration.ofSeconds(10));
        edit("{version: v2}");

        for (int step = 1; step <= 2; step++) {
            int times = step;
            awaitThat(
                    moment + " " + step,
                    x -> film.scenes().stream()
                                    .filter(s -> s.startsWith(moment))
                                    .count()
                            >= times);
            stopOperator();
            startOperator();
        }

        WorkerPoolStatus status = awaitUpToDate("v2");
        awaitThat("the old workers are gone", x -> pods().size() == 2);
        assertThat(versions()).isEqualTo(Map.of("v2", 2L));
        assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(2);
        assertThat(film.fewestReady()).isEqualTo(2);
        assertThat(film.mostLive()).isEqualTo(3);
        assertThat(status.history()).hasSize(1);
        assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
        assertThat(status.history().getFirst().workersReplaced()).isEqualTo(2);
        assertThat(events().getOrDefault("RolloutStarted", 0L)).isLessThanOrEqualTo(1);
        assertThat(events().getOrDefault("RolloutSucceeded", 0L)).isLessThanOrEqualTo(1);
    }

    @Test
    void countsAFailureOnce() {
        create("{replicas: 2, rollout: {readyTimeoutSeconds: 1}}");
        awaitUpToDate("v1");
        edit("{version: v2-never}");
        await("a rollout", s -> s.rollout() != null);
        stopOperator();
        startOperator();
        await("the failure", s -> s.failedRevision() != null);
        stopOperator();
        startOperator();

        WorkerPoolStatus status = awaitReason("RolledBack");

        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
        assertThat(status.history()).hasSize(1);
        awaitThat("only v1 is left", x -> versions().equals(Map.of("v1", 2L)));
    }

    @Test
    void doesNotTryAFailedVersionAgainAndKeepsTheBreakerOpen() {
        create("{replicas: 1, circuitBreaker: {failureThreshold: 1, resetTimeoutSeconds: 600}}");
        awaitUpToDate("v1");
        edit("{version: v2-crash}");
        await("an open breaker", s -> s.circuitBreaker().state() == BreakerState.Open && s.rollout() == null);
        awaitThat("only v1 is left", x -> pods().size() == 1);
        film.cut();

        stopOperator();
        startOperator();

        remains(Duration.ofSeconds(1), "nothing is tried", x -> film.scenes().isEmpty());
        assertThat(status().circuitBreaker().state()).isEqualTo(BreakerState.Open);
        edit("{version: v3}");
        awaitReason("CircuitBreakerOpen");
        assertThat(film.scenes()).isEmpty();
    }

    @Test
    void healsWhatWasLostMeanwhile() {
        create("{replicas: 2}");
        awaitUpToDate("v1");

        stopOperator();
        client.pods().inNamespace("default").withName("web-1-0").delete();
        awaitThat("it is gone", x -> pods().size() == 1);
        edit("{version: v2}");
        startOperator();

        WorkerPoolStatus status = awaitUpToDate("v2");
        assertThat(versions()).isEqualTo(Map.of("v2", 2L));
        assertThat(status.history()).hasSize(1);
    }
}
