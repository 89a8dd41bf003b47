package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.operator.Options;
import dev.workerpool.operator.RunningOperator;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** By mistake two operators work on the same pool, and neither asks who leads. */
class TwoOperatorsServerTest extends Stage {

    @Test
    void makeNoPodTwiceAndCountNothingTwice() {
        patience = Duration.ofSeconds(90);
        try (KubernetesClient second = server.client();
                RunningOperator other = RunningOperator.start(second, Options.local(), clock(), why -> {})) {
            assertThat(other.managementPort()).isPositive();
            create("{replicas: 3, rollout: {readyTimeoutSeconds: 1}}");
            awaitUpToDate("v1");
            awaitThat("three workers", x -> pods().size() == 3);
            server.nodes().readyDelay(Duration.ofMillis(200)).terminationDelay(Duration.ofMillis(200));
            film.cut();
            server.forgetRequests();

            edit("{version: v2}");
            WorkerPoolStatus rolledOut = awaitUpToDate("v2");
            assertThat(rolledOut.history()).hasSize(1);
            awaitThat("the old workers are gone", x -> pods().size() == 3);
            assertThat(versions()).isEqualTo(Map.of("v2", 3L));
            assertThat(film.scenes())
                    .filteredOn(s -> s.startsWith("make"))
                    .containsExactly("make web-1-1", "make web-2-1", "make web-3-1");

            edit("{version: v3-never}");
            WorkerPoolStatus rolledBack = awaitReason("RolledBack");
            awaitThat("the broken worker is gone", x -> pods().size() == 3);
            assertThat(rolledBack.history()).hasSize(2);
            assertThat(rolledBack.history().getFirst().result()).isEqualTo(Result.RolledBack);
            assertThat(rolledBack.circuitBreaker().consecutiveFailures()).isEqualTo(1);
            assertThat(film.scenes()).filteredOn(s -> s.startsWith("make")).hasSize(4);
            assertThat(film.fewestReady()).isEqualTo(3);
            assertThat(film.mostLive()).isEqualTo(4);
        }
        for (String once : List.of("RolloutSucceeded", "RolloutFailed", "RollbackStarted", "RollbackSucceeded")) {
            assertThat(events()).containsEntry(once, 1L);
        }
        assertThat(events()).containsEntry("RolloutStarted", 2L);
        // One operator alone writes at most 20 times for 3 workers that are made, and 10 for one; two do it twice.
        assertThat(server.writes()).isLessThanOrEqualTo(60);
        System.out.printf(
                "FIGURES two operators, a rollout and a rollback of 3 workers: %d writes, %d of them refused%n",
                server.writes(),
                server.requests().stream()
                        .filter(r -> r.write() && !r.event() && r.status() >= 400)
                        .count());
    }
}
