package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.Phase;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.e2e.cluster.Seen.PodSeen;
import dev.workerpool.e2e.cluster.Seen.PoolSeen;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A referee that sees no fault proves nothing unless it can see one. Two workers of revision a, on the way to b. */
class RefereeTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final List<Seen> events = new ArrayList<>();
    private final Set<String> removedByTest = new HashSet<>();
    private Instant now = START;

    @BeforeEach
    void twoWorkersOfRevisionA() {
        pool(idle());
        after(10, ready("web-1-0", "a"));
        after(0, ready("web-2-0", "a"));
    }

    @Test
    void aProperRolloutAndItsRollbackBreakNothing() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(5, evicted("web-1-0", "a"));
        after(5, gone("web-1-0", "a"));
        after(1, starting("web-2-1", "b"));
        pool(rollingBack());
        after(1, deleted("web-2-1", "b", false));
        after(5, gone("web-2-1", "b"));
        after(1, ready("web-1-2", "a"));
        after(5, evicted("web-1-1", "b"));
        assertThat(violations()).isEmpty();
    }

    @Test
    void i1AnAvailableWorkerRemovedWithTooFewOthers() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(1, unready("web-1-1", "b"));
        after(5, evicted("web-2-0", "a"));
        assertThat(violations()).contains("I1");
    }

    @Test
    void i1IsNotBrokenByWhatTheTestRemoves() {
        after(5, removed("web-1-0", "a"));
        after(1, removed("web-2-0", "a"));
        assertThat(violations()).isEmpty();
    }

    @Test
    void i1IsNotBrokenWhenTheOtherWasLostInTheSameMoment() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(5, removed("web-2-0", "a"));
        after(1, evicted("web-1-0", "a"));
        assertThat(violations()).isEmpty();
    }

    @Test
    void i1IsBrokenWhenTheOtherWasLostLongBefore() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(5, removed("web-2-0", "a"));
        after(5, evicted("web-1-0", "a"));
        assertThat(violations()).containsExactly("I1");
    }

    @Test
    void i1IsBrokenByTheSecondOfTwoRemovalsInTheSameMoment() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(5, evicted("web-1-0", "a"));
        after(0, evicted("web-1-1", "b"));
        assertThat(violations()).contains("I1");
    }

    @Test
    void i1AsksForTheNewReplicasWhenScalingDown() {
        after(0, ready("web-3-0", "a"));
        pool(idle().replicas(1));
        after(5, deleted("web-3-0", "a", true));
        after(0, deleted("web-2-0", "a", true));
        assertThat(violations()).isEmpty();
        after(0, deleted("web-1-0", "a", true));
        assertThat(violations()).contains("I1");
    }

    @Test
    void i2TooManyLivePods() {
        pool(rollingOut("b"));
        after(1, starting("web-1-1", "b"));
        assertThat(violations()).isEmpty();
        after(1, starting("web-2-1", "b"));
        assertThat(violations()).containsExactly("I2");
    }

    @Test
    void i2CountsWhatARolloutRemovedUntilItIsGone() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(5, evicted("web-1-0", "a"));
        after(1, starting("web-2-1", "b"));
        assertThat(violations()).containsExactly("I2");
    }

    @Test
    void i2DoesNotCountItForAWorkerThatIsMissing() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(5, evicted("web-1-0", "a"));
        after(1, removed("web-2-0", "a"));
        after(1, starting("web-2-1", "a"));
        assertThat(violations()).isEmpty();
    }

    @Test
    void i3AWorkerOfARevisionThatIsNotTheTarget() {
        pool(rollingOut("b"));
        after(1, starting("web-1-1", "c"));
        assertThat(violations()).containsExactly("I3");
    }

    @Test
    void i3AWorkerBesideAnotherAtRest() {
        after(1, starting("web-1-1", "b"));
        assertThat(violations()).containsExactly("I3");
    }

    @Test
    void i3IsNotBrokenByWhatIsHealedBesideAWorkerThatFailedAndWasKept() {
        pool(rollingOut("b"));
        after(1, starting("web-1-1", "b"));
        pool(idle().failed("b").failures(1).history(entry("now")));
        after(5, removed("web-1-0", "a"));
        after(1, starting("web-1-2", "a"));
        assertThat(violations()).isEmpty();
    }

    @Test
    void i3ARolloutThatGivesWayToAnotherUnrecorded() {
        pool(rollingOut("b"));
        pool(rollingOut("c").startedAt("later"));
        assertThat(violations()).containsExactly("I3");
    }

    @Test
    void i4AnOldWorkerEvictedBeforeItsReplacementIsReady() {
        pool(idle().replicas(3));
        after(1, ready("web-3-0", "a"));
        pool(rollingOut("b").replicas(3));
        after(1, starting("web-1-1", "b"));
        pool(rollingOut("b").replicas(2));
        after(5, evicted("web-1-0", "a"));
        assertThat(violations()).containsExactly("I4");
    }

    @Test
    void i4AnOldWorkerEvictedBeforeItsReplacementHasSoaked() {
        pool(rollingOut("b").minReadySeconds(4));
        after(5, ready("web-1-1", "b"));
        after(3, evicted("web-1-0", "a"));
        assertThat(violations()).containsExactly("I4");
    }

    @Test
    void i4IsNotBrokenByWhatGoesAtOnceWhenATargetIsLeft() {
        pool(rollingOut("b"));
        after(5, ready("web-1-1", "b"));
        pool(rollingBack().minReadySeconds(4));
        after(5, removed("web-1-0", "a"));
        after(5, ready("web-1-2", "a"));
        pool(rollingOut("c").failures(1).minReadySeconds(4));
        after(1, evicted("web-1-1", "b"));
        assertThat(violations()).isEmpty();
    }

    @Test
    void i4AnAvailableWorkerDeletedThoughNothingIsScaledDown() {
        pool(rollingOut("b"));
        after(1, ready("web-1-1", "b"));
        after(5, deleted("web-1-0", "a", true));
        assertThat(violations()).containsExactly("I4");
    }

    @Test
    void i5AWorkerOfAnotherRevisionWhileTheBreakerIsOpen() {
        breakerOpens();
        after(1, removed("web-1-0", "a"));
        after(1, starting("web-1-1", "a"));
        assertThat(violations()).isEmpty();
        after(1, removed("web-2-0", "a"));
        after(1, starting("web-2-1", "b"));
        assertThat(violations()).containsExactly("I5");
    }

    @Test
    void i5ARolloutBegunWhileTheBreakerIsOpen() {
        breakerOpens();
        pool(rollingOut("c")
                .startedAt("later")
                .failures(1)
                .breaker(BreakerState.Open)
                .history(entry("now")));
        assertThat(violations()).containsExactly("I5");
    }

    @Test
    void aWorkerMadeWhileThePoolIsPaused() {
        pool(rollingOut("b").paused());
        after(5, starting("web-1-1", "b"));
        assertThat(violations()).containsExactly("paused");
    }

    @Test
    void aRolloutRecordedTwiceAndAFailureCountedTwice() {
        HistoryEntry entry = entry("earlier");
        pool(idle().history(entry).failures(1));
        pool(idle().history(entry, entry).failures(3));
        assertThat(violations()).containsExactly("breaker", "history", "breaker");
    }

    /** The names of what was violated, in order. */
    private List<String> violations() {
        return Referee.judge(events, removedByTest).violations().stream()
                .map(v -> v.substring(0, v.indexOf(':')))
                .toList();
    }

    // ---- what is seen

    private void pool(PoolFacts facts) {
        events.add(facts.seen(now, events.size()));
    }

    private void after(int seconds, PodFacts pod) {
        now = now.plusSeconds(seconds);
        events.add(pod.seen(now, events.size()));
    }

    private interface PodFacts {
        PodSeen seen(Instant at, long version);
    }

    private static PodFacts starting(String name, String revision) {
        return (at, v) -> pod(at, v, name, revision, false, false, false, false);
    }

    private static PodFacts unready(String name, String revision) {
        return starting(name, revision);
    }

    private static PodFacts ready(String name, String revision) {
        return (at, v) -> pod(at, v, name, revision, true, false, false, false);
    }

    private static PodFacts evicted(String name, String revision) {
        return (at, v) -> pod(at, v, name, revision, true, true, true, false);
    }

    private static PodFacts deleted(String name, String revision, boolean ready) {
        return (at, v) -> pod(at, v, name, revision, ready, true, false, false);
    }

    private static PodFacts gone(String name, String revision) {
        return (at, v) -> pod(at, v, name, revision, false, true, false, true);
    }

    /** By the test. */
    private PodFacts removed(String name, String revision) {
        removedByTest.add(name);
        return deleted(name, revision, true);
    }

    private static PodSeen pod(
            Instant at,
            long version,
            String name,
            String revision,
            boolean ready,
            boolean terminating,
            boolean evicted,
            boolean gone) {
        String[] part = name.split("-");
        return new PodSeen(
                at,
                version,
                gone,
                name,
                name,
                "web",
                Integer.parseInt(part[1]),
                Integer.parseInt(part[2]),
                revision,
                ready,
                at,
                terminating,
                false,
                evicted,
                6);
    }

    private static PoolFacts idle() {
        return new PoolFacts();
    }

    private static PoolFacts rollingOut(String target) {
        PoolFacts facts = new PoolFacts();
        facts.phase = Phase.RollingOut;
        facts.target = target;
        facts.startedAt = "now";
        return facts;
    }

    private static PoolFacts rollingBack() {
        PoolFacts facts = rollingOut("a").failures(1);
        facts.phase = Phase.RollingBack;
        return facts;
    }

    private void breakerOpens() {
        pool(rollingOut("b"));
        pool(rollingBack().breaker(BreakerState.Open));
        pool(idle().failures(1).breaker(BreakerState.Open).history(entry("now")));
    }

    private static HistoryEntry entry(String startedAt) {
        return new HistoryEntry("1", "2", "b", startedAt, 1.0, 2, Result.Succeeded, "");
    }

    /** A pool of two workers whose snapshot is a. */
    private static final class PoolFacts {
        private int replicas = 2;
        private int minReadySeconds;
        private boolean paused;
        private String target = "";
        private String failed = "";
        private Phase phase;
        private String startedAt = "";
        private BreakerState breaker = BreakerState.Closed;
        private int failures;
        private List<HistoryEntry> history = List.of();

        PoolFacts replicas(int to) {
            replicas = to;
            return this;
        }

        PoolFacts minReadySeconds(int to) {
            minReadySeconds = to;
            return this;
        }

        PoolFacts failed(String to) {
            failed = to;
            return this;
        }

        PoolFacts paused() {
            paused = true;
            return this;
        }

        PoolFacts startedAt(String to) {
            startedAt = to;
            return this;
        }

        PoolFacts failures(int to) {
            failures = to;
            return this;
        }

        PoolFacts breaker(BreakerState to) {
            breaker = to;
            return this;
        }

        PoolFacts history(HistoryEntry... entries) {
            history = List.of(entries);
            return this;
        }

        PoolSeen seen(Instant at, long version) {
            return new PoolSeen(
                    at,
                    version,
                    "web",
                    "web",
                    replicas,
                    1,
                    minReadySeconds,
                    true,
                    paused,
                    "a",
                    target,
                    failed,
                    phase,
                    startedAt,
                    phase != null,
                    breaker,
                    failures,
                    history);
        }
    }
}
