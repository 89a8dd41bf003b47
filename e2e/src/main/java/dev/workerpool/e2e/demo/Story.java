package dev.workerpool.e2e.demo;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.LastFailure;
import dev.workerpool.api.WorkerPoolStatus.Result;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The main job, act by act; each says what must come of it, and by when. */
final class Story {
    private static final String FIRST = "1.0.0";
    private static final String GOOD = "1.1.0";
    private static final String MENDED = "1.3.0";

    private final Stage stage;
    private final WorkerPool pool;
    private final Instant began = Instant.now();

    Story(Stage stage, WorkerPool pool) {
        this.stage = stage;
        this.pool = pool;
    }

    void tell() throws InterruptedException {
        fills();
        rolls();
        rollsBack("1.2.0-dies", "it exits 3 s after it became ready", 1);
        rollsBack("1.2.1-never", "it never becomes ready", 2);
        rollsBack("1.2.2-badimage", "there is no such image", 3);
        holds();
        recovers();
        curtain();
    }

    private void fills() throws InterruptedException {
        act("1. A pool of %d workers fills".formatted(pool.getSpec().replicas()));
        stage.say("$ kubectl apply -f pool.yaml");
        stage.create(pool);
        stage.await("all workers run " + FIRST, Duration.ofSeconds(15), scene -> upToDate(scene, FIRST));
        done("all workers are ready");
    }

    private void rolls() throws InterruptedException {
        act("2. A good version rolls, one worker at a time");
        stage.deploy(GOOD);
        Scene scene = stage.await(
                "all workers run " + GOOD, Duration.ofSeconds(40), s -> upToDate(s, GOOD) && ended(s, GOOD));
        neverFewer();
        HistoryEntry rollout = scene.lastRollout().orElseThrow();
        expect(rollout.result() == Result.Succeeded, "the rollout succeeded", rollout.toString());
        done("%s succeeded in %.1f s, %d workers replaced, never fewer than %d served"
                .formatted(GOOD, rollout.durationSeconds(), rollout.workersReplaced(), stage.fewestAvailable()));
    }

    /** @param failures how many have failed in a row by then; the threshold is 3 */
    private void rollsBack(String version, String why, int failures) throws InterruptedException {
        act("%d. A bad version, %d of 3 in a row: %s".formatted(failures + 2, failures, why));
        stage.deploy(version);
        BreakerState breaker = failures < 3 ? BreakerState.Closed : BreakerState.Open;
        Scene scene = stage.await(
                "%s is rolled back, every worker runs %s, %d failures in a row, breaker %s"
                        .formatted(version, GOOD, failures, breaker),
                Duration.ofSeconds(40),
                s -> s.reason().equals("RolledBack")
                        && ended(s, version)
                        && s.runningVersion().equals(GOOD)
                        && s.allRun(GOOD)
                        && s.failures() == failures
                        && s.breaker() == breaker);
        HistoryEntry rollout = scene.lastRollout().orElseThrow();
        expect(rollout.result() == Result.RolledBack, "the rollout was rolled back", rollout.toString());
        done("rolled back after %.1f s: %s".formatted(rollout.durationSeconds(), scene.message()));
        scene.status()
                .map(s -> s.lastFailure())
                .map(LastFailure::log)
                .ifPresent(log -> stage.say("   its log:\n" + log.indent(5).stripTrailing()));
        if (breaker == BreakerState.Open) {
            stage.say("   the circuit breaker opened: " + message(scene, "CircuitBreakerOpen"));
        }
    }

    private void holds() throws InterruptedException {
        act("6. A good version now, but the circuit breaker is open");
        stage.deploy(MENDED);
        Scene scene = stage.await(
                MENDED + " is held",
                Duration.ofSeconds(5),
                s -> s.reason().equals("CircuitBreakerOpen") && s.breaker() == BreakerState.Open);
        done("held: " + scene.message());
        scene = stage.await(
                "the breaker turns half-open by itself",
                Duration.ofSeconds(20),
                s -> s.breaker() != BreakerState.Open || s.anyRuns(MENDED));
        expect(
                scene.breaker() == BreakerState.HalfOpen,
                "no worker of " + MENDED + " before the breaker is half-open",
                scene.line());
        done("the breaker is half-open: one rollout may be tried");
    }

    private void recovers() throws InterruptedException {
        act("7. The trial succeeds and closes it");
        Scene scene = stage.await(
                "all workers run " + MENDED + ", breaker Closed",
                Duration.ofSeconds(40),
                s -> upToDate(s, MENDED) && ended(s, MENDED) && s.breaker() == BreakerState.Closed);
        neverFewer();
        expect(scene.failures() == 0, "no failure is counted any more", scene.line());
        done("%s runs, the breaker is closed".formatted(MENDED));
    }

    private void curtain() {
        Scene scene = stage.scene();
        StringBuilder text =
                new StringBuilder("\n$ kubectl get wp web -o yaml    # conditions and history, in columns\n");
        text.append("%-20s %-7s %-24s %s%n".formatted("CONDITION", "STATUS", "REASON", "MESSAGE"));
        scene.conditions()
                .forEach(c -> text.append(
                        "%-20s %-7s %-24s %s%n".formatted(c.getType(), c.getStatus(), c.getReason(), c.getMessage())));
        text.append("%n%-12s %-16s %-12s %7s  %s%n".formatted("FROM", "VERSION", "RESULT", "SECONDS", "MESSAGE"));
        scene.status()
                .orElseThrow()
                .history()
                .forEach(h -> text.append("%-12s %-16s %-12s %7.1f  %s%n"
                        .formatted(
                                h.fromVersion(),
                                h.version(),
                                h.result(),
                                h.durationSeconds(),
                                Optional.ofNullable(h.message()).orElse(""))));
        text.append("%nThe story went as it should, in %d s."
                .formatted(Duration.between(began, Instant.now()).toSeconds()));
        stage.say(text.toString());
    }

    private boolean upToDate(Scene scene, String version) {
        return scene.reason().equals("UpToDate") && scene.runningVersion().equals(version) && scene.allRun(version);
    }

    /** The newest finished rollout is the one of this version. */
    private static boolean ended(Scene scene, String version) {
        return scene.lastRollout().map(h -> h.version().equals(version)).orElse(false);
    }

    private static String message(Scene scene, String condition) {
        return scene.conditions()
                .filter(c -> c.getType().equals(condition))
                .map(Condition::getMessage)
                .findFirst()
                .orElse("");
    }

    private void neverFewer() {
        expect(
                stage.fewestAvailable() >= pool.getSpec().replicas(),
                "never fewer than " + pool.getSpec().replicas() + " workers available",
                stage.fewestAvailable() + " at one time");
    }

    private static void expect(boolean so, String expected, String seen) {
        if (!so) {
            throw new Stage.Unexpected("FAILED\n  expected: " + expected + "\n  seen: " + seen);
        }
    }

    private void act(String title) {
        stage.say("\n== " + title);
    }

    private void done(String what) {
        stage.say("   " + what);
    }
}
