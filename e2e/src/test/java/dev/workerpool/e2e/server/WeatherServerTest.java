package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.e2e.proxy.ApiProxy;
import dev.workerpool.e2e.proxy.Call;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A rollout, and one that fails and is rolled back, whatever the way to the API server is like. The film is of the server
 * itself: it sees every pod event and shares nothing with the operator.
 */
class WeatherServerTest extends Stage {
    private static final int REPLICAS = 2;
    private static final long SEED = Long.getLong("weather.seed", 1);

    private ApiProxy proxy;

    @Override
    KubernetesClient operatorClient() {
        Config direct = server.client().getConfiguration();
        proxy = ApiProxy.before(direct);
        Config config = new ConfigBuilder(direct)
                .withMasterUrl(proxy.url())
                .withHttp2Disable(true)
                .withConnectionTimeout(5_000)
                .withRequestTimeout(10_000)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    @AfterEach
    void closeProxy() {
        proxy.close();
    }

    @ParameterizedTest
    @EnumSource
    void rollsOut(Weather weather) {
        serve();

        WorkerPoolStatus status;
        int before = proxy.calls().size();
        try (Storm storm = new Storm(weather, SEED, proxy)) {
            storm.begin();
            edit("{version: v2}");
            status = awaitUpToDate("v2");
        }

        awaitThat("the old workers are gone", x -> pods().size() == REPLICAS);
        assertThat(versions()).isEqualTo(Map.of("v2", (long) REPLICAS));
        assertThat(status.history()).hasSize(1);
        assertThat(status.history().getFirst().result()).isEqualTo(Result.Succeeded);
        assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
        assertThat(made()).containsExactlyInAnyOrder("web-1-1", "web-2-1");
        serves(weather, "rollout", REPLICAS, before);
    }

    @ParameterizedTest
    @EnumSource
    void rollsBack(Weather weather) {
        serve();

        WorkerPoolStatus status;
        int before = proxy.calls().size();
        try (Storm storm = new Storm(weather, SEED, proxy)) {
            storm.begin();
            edit("{version: v2-never}");
            status = awaitReason("RolledBack");
        }

        awaitThat("the broken worker is gone", x -> pods().size() == REPLICAS);
        assertThat(workers()).containsExactly("web-1-0", "web-2-0");
        assertThat(status.history()).hasSize(1);
        assertThat(status.history().getFirst().result()).isEqualTo(Result.RolledBack);
        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
        assertThat(made()).containsExactly("web-1-1");
        serves(weather, "rollback", 1, before);
    }

    private void serve() {
        patience = Duration.ofSeconds(240); // a cut of 1.5 s may be an outage, which is waited out for 125 s at most
        create("{replicas: %d, rollout: {readyTimeoutSeconds: 2}}".formatted(REPLICAS));
        awaitUpToDate("v1");
        server.nodes().readyDelay(Duration.ofMillis(400));
        film.cut();
    }

    private List<String> made() {
        return film.scenes().stream()
                .filter(scene -> scene.startsWith("make "))
                .map(scene -> scene.substring("make ".length()))
                .toList();
    }

    /** No request was without a worker, no worker too many, nothing told twice, and the API server not worn out. */
    private void serves(Weather weather, String what, int workersMade, int before) {
        List<Call> calls = proxy.calls().subList(before, proxy.calls().size());
        long writes = calls.stream().filter(c -> c.write() && !c.event()).count();
        Duration took = Duration.between(calls.getFirst().at(), calls.getLast().at());
        System.out.printf(
                "FIGURES %s in weather %s: %.1f s, %d writes (%s), %d events, %d reads, %d watches opened%n",
                what,
                weather,
                took.toMillis() / 1000.0,
                writes,
                calls.stream()
                        .filter(c -> c.write() && !c.event())
                        .collect(Collectors.groupingBy(Call::status, TreeMap::new, Collectors.counting())),
                calls.stream().filter(Call::event).count(),
                calls.stream()
                        .filter(c -> c.method().equals("GET") && !c.watch())
                        .count(),
                calls.stream().filter(Call::watch).count());
        assertThat(writes).isLessThanOrEqualTo(most(weather, workersMade));
        assertThat(film.fewestReady()).isGreaterThanOrEqualTo(REPLICAS);
        assertThat(film.mostLive()).isLessThanOrEqualTo(REPLICAS + 1);
        assertThat(events().entrySet())
                .filteredOn(e -> List.of(
                                "RolloutStarted",
                                "RolloutSucceeded",
                                "RolloutFailed",
                                "RollbackStarted",
                                "RollbackSucceeded",
                                "CircuitBreakerOpened")
                        .contains(e.getKey()))
                .allMatch(e -> e.getValue() == 1L);
    }

    /**
     * In good weather a worker costs two calls and at most three records (made, counted, lagging counters), and a rollout 5
     * more (begun, failed or promoted, ended, old records). While everything goes wrong, two kinds of write are tried at a
     * time, status and one other: a refused one after 1, 2, 4 ... s, one that met a conflict or whose fate nobody knows once
     * a second at most. When one call in three goes wrong, or has to be looked at again, a write is not made thrice.
     */
    private static long most(Weather weather, int workersMade) {
        long calm = 5L * workersMade + 5;
        return switch (weather) {
            case CALM, SLOW, HUNG, GONE -> calm;
            case CUT -> 2 * calm;
            case CONFLICTS, THROTTLED, ERRORS, UNAVAILABLE -> 2 * calm + 2 * Storm.RAGES.toSeconds();
        };
    }
}
