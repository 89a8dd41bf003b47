package dev.workerpool.operator.decide;

/**
 * Decides what one pass does. The method {@link #plan()} is the table of contents: the first rung that has something to do
 * is the plan, and one rung is done a pass, so that each decision is made on what the former one led to.
 */
public final class Planner {
    private final Observation o;
    private final Agenda agenda;
    private final Workforce force;
    private final Staffing staffing;
    private final Aim aim;
    private final Advance advance;
    private final Records records;

    private Planner(Observation o) {
        this.o = o;
        this.agenda = new Agenda(o.now());
        this.force = new Workforce(o);
        this.staffing = new Staffing(o, force, agenda);
        this.aim = new Aim(o, force, staffing, agenda);
        this.advance = new Advance(o, force, staffing, agenda);
        this.records = new Records(o, aim, agenda);
    }

    /** The plan for what is observed; total: every observation has one, and the same one has the same. */
    public static Plan plan(Observation o) {
        return new Planner(o).plan();
    }

    private Plan plan() {
        return Bookkeeping.plan(o, agenda)
                .or(staffing::clearEnded)
                .or(aim::follow)
                .or(staffing::scaleDown)
                .or(staffing::clearDoubles)
                .or(staffing::makeMissing)
                .or(advance::step)
                .or(records::keep)
                .orElseGet(this::rest);
    }

    private Plan rest() {
        if (o.state().breaker() instanceof Breaker.Open open) {
            agenda.wakeAt(open.retryAt());
        }
        o.state().failed().flatMap(State.Failed::nextRetry).ifPresent(agenda::wakeAt);
        Wish.refusal(o).ifPresent(refused -> agenda.wakeAt(refused.askAgainAt()));
        return agenda.rest();
    }
}
