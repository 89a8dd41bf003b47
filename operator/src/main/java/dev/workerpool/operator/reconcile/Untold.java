package dev.workerpool.operator.reconcile;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;

/**
 * The last status write whose answer was lost, with what it would have told of: told after all once the pool shows that
 * status, and forgotten if it shows another. Not thread-safe: a pool is reconciled by one thread at a time.
 */
final class Untold {
    private String writtenOn = "";
    private WorkerPoolStatus status;
    private Runnable telling;

    /** This status was perhaps written on top of this version of the pool. */
    void keep(WorkerPool before, WorkerPoolStatus perhaps, Runnable tell) {
        writtenOn = before.getMetadata().getResourceVersion();
        status = perhaps;
        telling = tell;
    }

    /** The pool as it is now: a write that is still on its way could only be written on the version that it names. */
    void look(WorkerPool now) {
        if (telling == null || now.getMetadata().getResourceVersion().equals(writtenOn)) {
            return;
        }
        Runnable tell = telling;
        telling = null;
        if (status.equals(now.getStatus())) {
            tell.run();
        }
    }

    /** Another write was answered, so that one was not carried out. */
    void drop() {
        telling = null;
    }
}
