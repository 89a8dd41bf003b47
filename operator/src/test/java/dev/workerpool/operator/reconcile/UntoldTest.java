package dev.workerpool.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolStatus;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;

class UntoldTest {
    private final Untold untold = new Untold();
    private int told;

    @Test
    void isToldOnceWhenThePoolShowsIt() {
        untold.keep(pool("1", "old"), status("new"), () -> told++);
        untold.look(pool("1", "old"));
        assertThat(told).isZero();
        untold.look(pool("2", "new"));
        untold.look(pool("3", "new"));
        assertThat(told).isEqualTo(1);
    }

    @Test
    void isForgottenWhenThePoolShowsAnother() {
        untold.keep(pool("1", "old"), status("new"), () -> told++);
        untold.look(pool("2", "old"));
        untold.look(pool("3", "new"));
        assertThat(told).isZero();
    }

    /** It is written again, with the same content: that was told of then. */
    @Test
    void isForgottenWhenAnotherWriteWasAnswered() {
        untold.keep(pool("1", "old"), status("new"), () -> told++);
        untold.drop();
        untold.look(pool("2", "new"));
        assertThat(told).isZero();
    }

    private static WorkerPool pool(String version, String revision) {
        WorkerPool pool = new WorkerPool();
        pool.getMetadata().setResourceVersion(version);
        pool.setStatus(status(revision));
        return pool;
    }

    private static WorkerPoolStatus status(String revision) {
        return Serialization.unmarshal("currentRevision: " + revision, WorkerPoolStatus.class);
    }
}
