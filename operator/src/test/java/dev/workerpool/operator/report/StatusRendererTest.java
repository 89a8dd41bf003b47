package dev.workerpool.operator.report;

import static dev.workerpool.operator.report.World.NOW;
import static dev.workerpool.operator.report.World.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.decide.Breaker;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.State.Ending;
import dev.workerpool.operator.decide.State.Result;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatusRendererTest {

    @Test
    void atRestTheStatusIsTheSameAnHourLater() {
        World pool = aPool();
        WorkerPoolStatus first = pool.render();
        assertThat(pool.later(Duration.ofHours(1)).render()).isEqualTo(first);
    }

    @Test
    void countsLiveWorkersSurgeIncluded() {
        WorkerPoolStatus s = aPool().spec("2.0")
                .rollingOut("2.0")
                .worker(1, "2.0", Sample.Health.STARTING)
                .render();
        assertThat(List.of(s.replicas(), s.readyReplicas(), s.availableReplicas(), s.updatedReplicas()))
                .containsExactly(4, 3, 3, 1);
        assertThat(s.terminatingReplicas()).isZero();
        assertThat(s.selector()).isEqualTo("workerpool.dev/pool=web");
    }

    @Test
    void theRolloutSaysHowFarItIsAndWhatItWaitsFor() {
        WorkerPoolStatus.RolloutStatus r = aPool().spec("2.0")
                .rollingOut("2.0")
                .waiting("worker 2 of 3: web-2-1 has until 12:00:30Z to become ready")
                .render()
                .rollout();
        assertThat(r.progress()).isEqualTo("1/3");
        assertThat(r.message()).isEqualTo("worker 2 of 3: web-2-1 has until 12:00:30Z to become ready");
        assertThat(r.attempt()).isEqualTo(1);
    }

    @Test
    void whatItWaitedForIsSaidUntilWhatFollowsIsDone() {
        World pool = aPool().spec("2.0").rollingOut("2.0").waiting("web-2-1 starts, then web-2-0 is evicted");
        pool.render();
        pool.waiting("");
        assertThat(pool.renderActing().rollout().message()).isEqualTo("web-2-1 starts, then web-2-0 is evicted");
        assertThat(pool.render().rollout().message()).isNull();
    }

    @Test
    void theWayBackHasNoAttempt() {
        assertThat(aPool().rollingBack("2.0", Optional.empty())
                        .render()
                        .rollout()
                        .attempt())
                .isNull();
    }

    @Test
    void statisticsLeaveSupersededRolloutsOut() {
        assertThat(Statistics.over(List.of(
                        ending(Result.Superseded, 900_000),
                        ending(Result.RolledBack, 20_000),
                        ending(Result.Succeeded, 10_000),
                        ending(Result.Succeeded, 10_001))))
                .isEqualTo(new WorkerPoolStatus.Statistics(3, 1, 33.3, 13.334, 10.0, 20.0));
    }

    @Test
    void statisticsAreAbsentWhenThereIsNothingToCount() {
        assertThat(Statistics.over(List.of())).isNull();
        assertThat(Statistics.over(List.of(ending(Result.Superseded, 1)))).isNull();
        assertThat(aPool().render().statistics()).isNull();
    }

    @Test
    void keepsAsMuchHistoryAsTheSpecSaysNow() {
        World pool = aPool().history(ending(Result.Succeeded, 10_000), ending(Result.RolledBack, 20_000));
        assertThat(pool.render().history()).hasSize(2);
        WorkerPoolStatus one = pool.rolloutHistoryLimit(1).render();
        assertThat(one.history())
                .extracting(WorkerPoolStatus.HistoryEntry::result)
                .containsExactly(WorkerPoolStatus.Result.Succeeded);
        assertThat(one.statistics().rollouts()).isEqualTo(1);
        assertThat(pool.rolloutHistoryLimit(0).render().history()).isNull();
    }

    @Test
    void anUnreadableSpecKeepsWhatIsStoredAndStallsThePool() {
        World pool = aPool();
        WorkerPoolStatus stored = pool.render();
        WorkerPoolStatus s = StatusRenderer.renderUnreadable(pool.pool(), "spec.template is missing", NOW);
        assertThat(StatusMapper.state(s)).isEqualTo(StatusMapper.state(stored));
        assertThat(s.conditions())
                .filteredOn(c -> c.getReason().equals("InvalidSpec"))
                .extracting(c -> c.getType() + "=" + c.getStatus() + " " + c.getMessage())
                .containsExactly("Ready=False spec.template is missing", "Stalled=True spec.template is missing");
        assertThat(s.conditions()).hasSize(5);
    }

    @Test
    void anUnreadablePoolThatNeverHadAStatusGetsOne() {
        assertThat(StatusRenderer.renderUnreadable(aPool().pool(), "no", NOW).conditions())
                .hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "\"", "é", "世", "\uD83D\uDE00", "\n."})
    void ahundredRolloutsWithTheLongestTextsStayBelow48Kilobytes(String letter) {
        String version = "v".repeat(63);
        String text = letter.repeat(5_000);
        World pool = aPool();
        pool.state = new State(
                Optional.of(version),
                Optional.of(new State.Snapshot("0123456789abcdef", version)),
                Optional.of("0123456789abcdef"),
                Optional.of(
                        new State.Failed("0123456789abcdef", 99, Optional.of(NOW), Optional.of(Result.RollbackFailed))),
                Optional.of(NOW),
                new Rollout.RollingOut(
                        new Rollout.Course(
                                version,
                                Optional.of("0123456789abcdef"),
                                version,
                                "0123456789abcdef",
                                NOW,
                                NOW,
                                Optional.of(NOW),
                                Duration.ofDays(9),
                                1_000),
                        99,
                        true),
                new Breaker.Open(99, Optional.of(NOW), NOW),
                Optional.of(new State.Failure(
                        version, "0123456789abcdef", version, "Error", text, Optional.of(137), Optional.of(text), NOW)),
                Collections.nCopies(
                        100,
                        new Ending(
                                version,
                                version,
                                "0123456789abcdef",
                                NOW,
                                9_999_999,
                                1_000,
                                Result.RollbackFailed,
                                text)));
        WorkerPoolStatus status = pool.spec("1.0")
                .refused("InvalidTemplate", text)
                .waiting(text)
                .blocked(text)
                .render();
        assertThat(status.history()).hasSize(100).allSatisfy(e -> assertThat(e.message())
                .hasSizeLessThanOrEqualTo(160));
        assertThat(Serialization.asJson(status).getBytes(StandardCharsets.UTF_8).length)
                .isLessThan(48 * 1024);
    }

    @Test
    void textsAreCutOnceAndForAll() {
        String once = Text.line("a \"b\"\n\u0007 世".repeat(99), 160);
        assertThat(once).endsWith("...").doesNotContain("\n").isEqualTo(Text.line(once, 160));
        assertThat(Text.line("short", 160)).isEqualTo("short");
        String log = Text.log("line\n".repeat(999) + "last", 100);
        assertThat(log).startsWith("...").endsWith("line\nlast").isEqualTo(Text.log(log, 100));
    }

    private static Ending ending(Result result, long millis) {
        return new Ending("1.0", "2.0", "r2.0", NOW, millis, 3, result, "");
    }
}
