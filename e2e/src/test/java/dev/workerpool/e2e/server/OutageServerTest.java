package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.e2e.embedded.RecordedRequest;
import dev.workerpool.e2e.proxy.Call;
import dev.workerpool.e2e.proxy.Fault;
import dev.workerpool.e2e.proxy.Faults;
import dev.workerpool.operator.Options;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * When the API server was away, no worker that serves is removed before those who send it requests have had the time to
 * hear of it: they sleep on for twice as long as it was away, and then once more for twice as long as that.
 */
class OutageServerTest extends ProxiedStage {
    private static final Duration AWAY = Duration.ofSeconds(4);
    /** The operator may see the outage begin a little later than it did. */
    private static final Duration UNHEARD = AWAY.multipliedBy(6).minusSeconds(6);

    @BeforeEach
    void bePatient() {
        patience = Duration.ofSeconds(150); // the operator's own watches sleep on, too
    }

    @Override
    Options options() {
        return new Options(Set.of(), 0, Optional.of("default"));
    }

    @Test
    void aRolloutEvictsNobodyBeforeNodesHaveHeard() {
        beginRollout();
        cutFor(AWAY, call -> true);
        Instant back = Instant.now();

        WorkerPoolStatus told = await(
                "why it waits",
                s -> s.rollout() != null && s.rollout().message().contains("was not heard"));
        assertThat(told.rollout().message())
                .matches(
                        "web-1-0 goes at \\d\\d:\\d\\d:\\d\\dZ at the earliest: the API server was not heard for \\d+ s,"
                                + " and nodes may not have heard it yet either");

        awaitUpToDate("v2");
        assertThat(Duration.between(back, evictions().getFirst().at())).isGreaterThan(UNHEARD);
        assertThat(film.fewestReady()).isEqualTo(2);
    }

    /** It starts, or has no etcd: whoever watches is still refused. */
    @Test
    void anApiServerThatAnswersButIsNotReadyIsNotBack() {
        beginRollout();
        cutFor(Duration.ofSeconds(2), call -> true);
        cutFor(AWAY, call -> call.watch() || call.path().startsWith("/readyz"));
        Instant back = Instant.now();

        awaitUpToDate("v2");
        assertThat(Duration.between(back, evictions().getFirst().at())).isGreaterThan(UNHEARD);
    }

    @Test
    void scalingDownTakesNobodyBeforeNodesHaveHeard() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        cutFor(AWAY, call -> true);
        Instant back = Instant.now();
        edit("{replicas: 1}");

        await("why it waits", s -> message(s, "Progressing").contains("web-2-0 goes at "));
        awaitThat("one is gone", x -> workers().equals(List.of("web-1-0")));
        assertThat(Duration.between(back, Instant.now())).isGreaterThan(UNHEARD);
        awaitUpToDate("v1");
    }

    /** One that lost its lease with the API server, and was started again when that was back: its lease says since when. */
    @Test
    void anOperatorThatStartsAfterItDoesNotEither() {
        beginRollout();
        stopOperator();
        elapse(AWAY);
        Instant started = Instant.now();
        startOperator();

        awaitUpToDate("v2");
        assertThat(Duration.between(started, evictions().getFirst().at())).isGreaterThan(UNHEARD);
        assertThat(film.fewestReady()).isEqualTo(2);
    }

    @Test
    void anOperatorThatIsStartedAtOnceWaitsForNobody() {
        beginRollout();
        stopOperator();
        startOperator();

        awaitUpToDate("v2");
        assertThat(film.fewestReady()).isEqualTo(2);
    }

    /** Its first new worker becomes ready while what happens then goes on. */
    private void beginRollout() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        server.nodes().readyDelay(Duration.ofSeconds(1));
        film.cut();
        edit("{version: v2}");
        awaitThat("the first new worker", x -> film.scenes().contains("make web-1-1"));
        server.nodes().readyDelay(Duration.ofMillis(10));
    }

    private void cutFor(Duration time, Predicate<Call> which) {
        proxy.faults(new Faults() {
            @Override
            public Fault before(Call call) {
                return which.test(call) ? Fault.CUT : Fault.PASS;
            }
        });
        proxy.cut(Call::watch);
        elapse(time);
        proxy.faults(Faults.NONE);
    }

    /** It is the fault itself that lasts so long; nothing is waited for. */
    private static void elapse(Duration time) {
        Awaitility.await().pollDelay(time).atMost(time.plusSeconds(30)).until(() -> true);
    }

    private List<RecordedRequest> evictions() {
        return server.requests().stream()
                .filter(r -> r.path().endsWith("/eviction"))
                .toList();
    }
}
