package dev.workerpool.operator.reconcile;

import static dev.workerpool.operator.reconcile.Seen.rollingOut;
import static dev.workerpool.operator.reconcile.Seen.seen;
import static dev.workerpool.operator.reconcile.Seen.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Worker;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code workerpool_invariant_violations_total} counts. */
class InvariantsTest {
    private static final Map<String, Long> RECORDS = Map.of("rA", 1L, "rB", 0L);
    private static final Worker OLD = worker(1, 0, "A", 60);
    private static final Worker OTHER = worker(2, 0, "A", 60);

    @Test
    void surgeWorkersAreOfTheOneTarget() {
        Observation rolling = rolling(OLD, OTHER);
        assertThat(broken(rolling, new Action.Create(1, 1, "rB"))).isEmpty();
        assertThat(broken(rolling, new Action.Create(1, 1, "rA"))).containsExactly("I3");
        Observation idle = seen("B", new Rollout.Idle(), RECORDS, OLD, OTHER);
        assertThat(broken(idle, new Action.Create(1, 1, "rB"))).containsExactly("I3");
    }

    @Test
    void missingWorkersAndThoseHealedBesideTheirSurgeWorkerMayBeOfAnother() {
        assertThat(broken(rolling(OLD), new Action.Create(2, 1, "rA"))).isEmpty();
        assertThat(broken(rolling(worker(1, 1, "B", -1), OTHER), new Action.Create(1, 2, "rA")))
                .isEmpty();
    }

    @Test
    void anOldWorkerGoesOnlyAfterItsReplacementHasSoaked() {
        assertThat(evictOldBeside(worker(1, 1, "B", 10))).isEmpty();
        assertThat(evictOldBeside(worker(1, 1, "B", 9))).containsExactly("I4");
        assertThat(evictOldBeside(worker(1, 1, "B", -1))).containsExactly("I1", "I4");
        assertThat(evictOldBeside(worker(3, 0, "B", 10))).as("in another slot").containsExactly("I4");
    }

    @Test
    void ofTwoThatATargetLeftOneGoesAtOnce() {
        assertThat(evictOldBeside(worker(1, 1, "C", 0))).isEmpty();
        Observation rolling = rolling(worker(1, 0, "B", 0), worker(1, 1, "A", 60), OTHER);
        assertThat(broken(rolling, new Action.Evict(worker(1, 1, "A", 60).pod())))
                .isEmpty();
    }

    @Test
    void scalingDownAndBrokenWorkersAskNoReplacement() {
        Observation rolling = rolling(OLD, OTHER, worker(3, 0, "A", 60));
        assertThat(broken(rolling, new Action.Delete(OLD.pod(), false))).isEmpty();
        assertThat(broken(rolling, new Action.Delete(OLD.pod(), true))).containsExactly("I4");
        Worker unready = worker(1, 0, "A", -1);
        assertThat(broken(rolling(unready, OTHER), new Action.Delete(unready.pod(), true)))
                .isEmpty();
    }

    private static List<String> evictOldBeside(Worker replacement) {
        return broken(rolling(OLD, replacement, OTHER), new Action.Evict(OLD.pod()));
    }

    private static Observation rolling(Worker... workers) {
        return seen("B", rollingOut("A", "B"), RECORDS, workers);
    }

    private static List<String> broken(Observation o, Action... actions) {
        return Invariants.brokenBy(o, List.of(actions)).stream().sorted().toList();
    }
}
