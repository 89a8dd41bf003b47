package dev.workerpool.operator.report;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.decide.Worker;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A pool at rest (version 1.0, three workers, all available), and what can be changed about it. Revisions are "r" +
 * version.
 */
final class World {
    static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    WorkerPoolStatus stored;
    State state = Sample.atRest();
    private String version = "1.0";
    private int replicas = 3;
    private boolean paused;
    private boolean pauseOnFailure;
    private int rolloutHistoryLimit = 100;
    private Map<String, Long> records = Map.of("r1.0", 1L);
    private Verdict verdict = new Verdict.Accepted();
    private Optional<String> blocked = Optional.empty();
    private String waiting = "";
    private final List<Worker> workers = new ArrayList<>();
    private final Map<Integer, String> lost = new HashMap<>();
    private Instant now = NOW;

    static World aPool() {
        return new World().workers("1.0", 1, 2, 3);
    }

    World spec(String next) {
        version = next;
        return with(state.snapshot(), state.failed(), state.fillStartedAt(), state.rollout(), state.breaker());
    }

    World replicas(int next) {
        replicas = next;
        return this;
    }

    World paused() {
        paused = true;
        return this;
    }

    World pauseOnFailure() {
        pauseOnFailure = true;
        return this;
    }

    World noRecords() {
        records = Map.of();
        return this;
    }

    World rolloutHistoryLimit(int next) {
        rolloutHistoryLimit = next;
        return this;
    }

    World history(State.Ending... newestFirst) {
        state = new State(
                state.seenRetry(),
                state.snapshot(),
                state.wanted(),
                state.failed(),
                state.fillStartedAt(),
                state.rollout(),
                state.breaker(),
                state.lastFailure(),
                List.of(newestFirst));
        return this;
    }

    World noWorkers() {
        workers.clear();
        return this;
    }

    World workers(String of, int... slots) {
        for (int slot : slots) {
            worker(slot, of, Sample.Health.AVAILABLE);
        }
        return this;
    }

    World worker(int slot, String of, Sample.Health health) {
        workers.add(Sample.worker(slot, of, health));
        return this;
    }

    World lost(int slot) {
        lost.put(slot, "r1.0");
        return this;
    }

    World filling(Duration since) {
        return with(Optional.empty(), state.failed(), Optional.of(NOW.minus(since)), state.rollout(), state.breaker());
    }

    World rollingOut(String to) {
        return running(new Rollout.RollingOut(course("1.0", to), 1, false));
    }

    World rollingBack(String from, Optional<Integer> afterAttempt) {
        return running(new Rollout.RollingBack(course(from, "1.0"), afterAttempt));
    }

    World running(Rollout rollout) {
        return with(state.snapshot(), state.failed(), state.fillStartedAt(), rollout, state.breaker());
    }

    World failed(String of, State.Result result, Instant nextRetry) {
        State.Failed failed =
                new State.Failed("r" + of, 1, Optional.ofNullable(nextRetry), Optional.ofNullable(result));
        with(state.snapshot(), Optional.of(failed), state.fillStartedAt(), state.rollout(), state.breaker());
        state = state.withLastFailure(new State.Failure(
                of,
                "r" + of,
                "web-1-3",
                "Error",
                "container app exited with code 3",
                Optional.of(3),
                Optional.empty(),
                NOW));
        return this;
    }

    World breaker(Breaker breaker) {
        return with(state.snapshot(), state.failed(), state.fillStartedAt(), state.rollout(), breaker);
    }

    World open() {
        return breaker(new Breaker.Open(3, Optional.of(NOW.minusSeconds(30)), NOW.plusSeconds(30)));
    }

    World refused(String reason, String message) {
        verdict = new Verdict.Refused(reason, message, NOW.plusSeconds(10));
        return this;
    }

    World waiting(String text) {
        waiting = text;
        return this;
    }

    World blocked(String text) {
        blocked = Optional.of(text);
        return this;
    }

    World notBlocked() {
        blocked = Optional.empty();
        return this;
    }

    World later(Duration by) {
        now = now.plus(by);
        return this;
    }

    private World with(
            Optional<State.Snapshot> snapshot,
            Optional<State.Failed> failed,
            Optional<Instant> fillStartedAt,
            Rollout rollout,
            Breaker breaker) {
        state = new State(
                state.seenRetry(),
                snapshot,
                Optional.of("r" + version),
                failed,
                fillStartedAt,
                rollout,
                breaker,
                state.lastFailure(),
                state.history());
        return this;
    }

    private static Rollout.Course course(String from, String to) {
        return new Rollout.Course(
                from, Optional.of("r" + from), to, "r" + to, NOW, NOW, Optional.empty(), Duration.ZERO, 1);
    }

    /** Renders, and keeps what was rendered as the stored status. */
    WorkerPoolStatus render() {
        return render(new Plan.Rest(Optional.empty(), waiting, blocked));
    }

    /** The same while calls are made. */
    WorkerPoolStatus renderActing() {
        return render(new Plan.Act(List.of(), List.of(), Optional.empty(), waiting, blocked));
    }

    private WorkerPoolStatus render(Plan plan) {
        stored = StatusRenderer.render(pool(), observation(), state, plan, now);
        return stored;
    }

    WorkerPool pool() {
        WorkerPool pool = new WorkerPool();
        pool.setMetadata(new ObjectMetaBuilder()
                .withName("web")
                .withNamespace("shop")
                .withUid("uid-pool")
                .withResourceVersion("41")
                .withGeneration(7L)
                .build());
        pool.setStatus(stored);
        return pool;
    }

    private Observation observation() {
        return new Observation(
                "web",
                Sample.settings(version, replicas, paused, pauseOnFailure, rolloutHistoryLimit),
                state,
                List.copyOf(workers),
                records,
                verdict,
                Map.of(),
                Map.copyOf(lost),
                Set.of(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                now);
    }
}
