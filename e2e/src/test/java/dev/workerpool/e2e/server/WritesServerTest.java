package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the operator costs the API server. */
class WritesServerTest extends Stage {
    /** The operator has no timers but those that a plan names, and the pool's are over: 5 s say what 60 s would. */
    private static final Duration AT_REST = Duration.ofSeconds(5);

    private final long started = System.nanoTime();

    /**
     * A third of the real speed: status may lag by 1 s and is written in the middle of a step that takes longer, which on a
     * busy machine the steps of these quick workers do.
     */
    @Override
    long tick() {
        return started + (System.nanoTime() - started) / 3;
    }

    @Test
    void aRolloutOfTenWorkersIsCheapAndAPoolAtRestCostsNothing() {
        create("{replicas: 10}");
        awaitUpToDate("v1");
        awaitThat("the record of v1 is numbered", x -> records().equals(List.of(1L)));
        server.forgetRequests();

        edit("{version: v2}");
        awaitUpToDate("v2");
        awaitEvent("RolloutSucceeded", 1);
        awaitThat("the record of v2 is numbered", x -> records().equals(List.of(1L, 2L)));
        // Counters may lag by 1 s: their write counts too.
        await("the last counters", s -> s.terminatingReplicas() == 0 && s.replicas() == 10);
        long edits = 1;
        long writes = server.writes() - edits;
        long events = server.eventWrites();
        System.out.printf(
                "FIGURES a rollout of 10 workers: %d API writes and %d events: %s%n",
                writes,
                events,
                server.requests().stream()
                        .filter(r -> r.write() && !r.event())
                        .collect(Collectors.groupingBy(
                                r -> r.method() + " "
                                        + r.path()
                                                .replaceAll("/web-\\d+-\\d+", "/<pod>")
                                                .replaceAll("/web-[0-9a-f-]+", "/<record>"),
                                Collectors.counting())));
        assertThat(writes).isLessThanOrEqualTo(35);
        assertThat(events).isLessThanOrEqualTo(12);

        server.forgetRequests();
        remains(AT_REST, "no write at rest", x -> server.writes() + server.eventWrites() == 0);
        System.out.printf(
                "FIGURES at rest for %d s: %d writes, %d requests by the operator%n",
                AT_REST.toSeconds(),
                server.writes() + server.eventWrites(),
                server.requests().stream().filter(r -> r.method().equals("GET")).count());
    }

    private List<Long> records() {
        return client.apps().controllerRevisions().inNamespace("default").list().getItems().stream()
                .map(ControllerRevision::getRevision)
                .sorted()
                .toList();
    }
}
