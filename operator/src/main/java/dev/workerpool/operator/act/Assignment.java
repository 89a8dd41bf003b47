package dev.workerpool.operator.act;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.observe.PoolMemory;
import dev.workerpool.operator.observe.View;
import dev.workerpool.operator.pods.RevisionContent;
import java.util.Optional;

/**
 * The pool that actions are for, as it was seen when they were planned, and what is to be remembered of them.
 *
 * @param specRevision what the spec asks for
 */
public record Assignment(View view, String specRevision, PoolMemory memory, Expectations expectations) {
    WorkerPool pool() {
        return view.pool();
    }

    String namespace() {
        return pool().getMetadata().getNamespace();
    }

    String name() {
        return pool().getMetadata().getName();
    }

    /** What a pod of this revision is made from: the spec's, else the record's; empty if there is none, or it is unreadable. */
    Optional<RevisionContent> content(String revision) {
        if (revision.equals(specRevision)) {
            return Optional.of(RevisionContent.of(pool().getSpec()));
        }
        try {
            return view.record(revision).map(r -> RevisionContent.fromData(r.getData()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
