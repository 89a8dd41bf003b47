package dev.workerpool.operator.decide;

/** Decides what one pass does. */
public final class Planner {
    private Planner() {}

    /** The plan for what is observed; total: every observation has one. */
    public static Plan plan(Observation o) {
        return new Plan.Rest(java.util.Optional.empty(), "", java.util.Optional.empty());
    }
}
