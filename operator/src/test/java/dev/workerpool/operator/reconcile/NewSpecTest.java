package dev.workerpool.operator.reconcile;

import static dev.workerpool.operator.reconcile.Seen.seen;
import static dev.workerpool.operator.reconcile.Seen.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Event;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Planner;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.decide.Worker;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A new spec costs one record, together with the rollout that it starts. */
class NewSpecTest {
    private static final Map<String, Long> RECORDS = Map.of("rA", 1L);
    private static final Worker[] AT_REST = {worker(1, 0, "A", 60), worker(2, 0, "A", 60)};

    @Test
    void asksAdmissionBeforeAnythingIsRecorded() {
        Observation o = idle("B", RECORDS);
        Observation notAsked = seen("B", o.state(), new Verdict.Unknown(), RECORDS, AT_REST);

        assertThat(NewSpec.plan(notAsked)).isInstanceOfSatisfying(Plan.Act.class, act -> assertThat(act.actions())
                .containsExactly(new Action.DryRun(1, 1)));
    }

    @Test
    void keepsTheSpecBeforeAnythingIsRecorded() {
        assertThat(NewSpec.plan(idle("B", RECORDS)))
                .isInstanceOfSatisfying(Plan.Act.class, act -> assertThat(act.actions())
                        .containsExactly(new Action.KeepRevision("rB")));
    }

    @Test
    void recordsItTogetherWithTheRollout() {
        Plan plan = NewSpec.plan(idle("B", Map.of("rA", 1L, "rB", 0L)));

        assertThat(plan).isInstanceOfSatisfying(Plan.Record.class, record -> {
            assertThat(record.next().wanted()).contains("rB");
            assertThat(record.next().rollout()).isInstanceOf(Rollout.RollingOut.class);
            assertThat(record.events()).extracting(Event::kind).containsExactly(Event.Kind.RolloutStarted);
        });
    }

    @Test
    void recordsItAloneBeforeAWorkerIsTouched() {
        Observation o = seen("B", new Rollout.Idle(), RECORDS, worker(1, 0, "A", 60));
        Observation refused =
                seen("B", o.state(), new Verdict.Refused("InvalidTemplate", "no", Seen.NOW.plusSeconds(9)), RECORDS);

        assertThat(NewSpec.plan(refused)).isEqualTo(Planner.plan(refused)).isInstanceOf(Plan.Record.class);
    }

    @Test
    void recordsItAloneWhenNothingFollows() {
        Observation o = idle("B", RECORDS);
        Observation refused = seen(
                "B",
                o.state(),
                new Verdict.Refused("InvalidTemplate", "no", Seen.NOW.plusSeconds(9)),
                RECORDS,
                AT_REST);

        assertThat(NewSpec.plan(refused)).isInstanceOfSatisfying(Plan.Record.class, record -> assertThat(record.next())
                .isEqualTo(refused.state().withWanted("rB")));
    }

    @Test
    void doesNotRunAheadOfARecordThatSaysMore() {
        Observation rolling = seen("C", Seen.rollingOut("A", "B"), Map.of("rA", 1L, "rB", 0L, "rC", 0L), AT_REST);
        State unseen = new State(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                new Rollout.Idle(),
                rolling.state().breaker(),
                Optional.empty(),
                List.of());
        Observation first = seen("A", unseen, new Verdict.Accepted(), Map.of());

        for (Observation o : List.of(rolling, first)) {
            assertThat(NewSpec.plan(o)).isEqualTo(Planner.plan(o)).isInstanceOf(Plan.Record.class);
        }
    }

    private static Observation idle(String version, Map<String, Long> records) {
        return seen(version, new Rollout.Idle(), records, AT_REST);
    }
}
