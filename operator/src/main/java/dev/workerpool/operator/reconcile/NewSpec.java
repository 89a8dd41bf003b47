package dev.workerpool.operator.reconcile;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.Plan;
import dev.workerpool.operator.decide.Planner;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.State;

/**
 * That a new spec was seen is recorded together with the rollout that it starts: two records with nothing between them
 * but calls that touch no worker are one, which saves each rollout a status write.
 */
final class NewSpec {
    private NewSpec() {}

    /** The plan for what is observed, or, if that only records a new spec as seen, what follows from it. */
    static Plan plan(Observation o) {
        Plan plan = Planner.plan(o);
        if (!(plan instanceof Plan.Record record) || !onlySeen(o, record)) {
            return plan;
        }
        Plan next = Planner.plan(o.with(record.next()));
        return switch (next) {
            case Plan.Record merged -> merged;
            case Plan.Act act when act.actions().stream().allMatch(NewSpec::prepares) -> act;
            case Plan.Act act -> plan;
            case Plan.Rest rest -> plan;
        };
    }

    private static boolean onlySeen(Observation o, Plan.Record record) {
        State seen = o.state().withWanted(o.settings().revision());
        return o.state().rollout() instanceof Rollout.Idle
                && o.state().snapshot().isPresent()
                && record.events().isEmpty()
                && record.next().equals(seen);
    }

    /** Whether it touches no worker. */
    static boolean prepares(Action action) {
        return action instanceof Action.DryRun || action instanceof Action.KeepRevision;
    }
}
