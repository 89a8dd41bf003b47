package dev.workerpool.operator.reconcile;

import dev.workerpool.operator.act.Expectations;
import dev.workerpool.operator.observe.PoolMemory;

/** What is kept of one pool, by UID, between passes. */
record Keeping(PoolMemory memory, Expectations expectations, StepClock steps, Untold untold) {
    Keeping() {
        this(new PoolMemory(), new Expectations(), new StepClock(), new Untold());
    }
}
