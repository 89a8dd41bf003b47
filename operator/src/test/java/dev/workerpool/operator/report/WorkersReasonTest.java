package dev.workerpool.operator.report;

import static dev.workerpool.operator.report.Said.ready;
import static dev.workerpool.operator.report.Said.says;
import static dev.workerpool.operator.report.World.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.report.Sample.Health;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Ready's reasons at rest, paused, and for what the workers themselves do (contract, section 6). */
class WorkersReasonTest {
    @Test
    void upToDateWhenAllRunWhatIsAskedAndAreAvailable() {
        says(aPool(), "True UpToDate", "False Complete", "False Moving");
    }

    @Test
    void upToDateAtNoReplicas() {
        says(aPool().replicas(0).noWorkers(), "True UpToDate", "False Complete", "False Moving");
    }

    @Test
    void pausedWhileARolloutRuns() {
        World pool = aPool().spec("2.0").rollingOut("2.0").paused();
        says(pool, "False Paused", "False Paused", "False Moving");
        assertThat(ready(pool)).contains("the rollout of version 2.0", "set spec.paused to false");
    }

    @Test
    void pausedBeforeARollbackARefusalAndTheBreaker() {
        says(
                aPool().spec("2.0").rollingBack("2.0", Optional.of(1)).paused(),
                "False Paused",
                "False Paused",
                "False Moving");
        says(aPool().spec("2.0").open().paused(), "False Paused", "False Paused", "False Moving");
        says(
                aPool().spec("2.0").refused("InvalidTemplate", "no").paused(),
                "False Paused",
                "False Paused",
                "False Moving");
    }

    @Test
    void pausedWithNothingToRollIsUpToDate() {
        says(aPool().paused(), "True UpToDate", "False Complete", "False Moving");
    }

    @Test
    void pausedWhileAChangedFirstFillWouldReplaceWorkers() {
        says(aPool().spec("2.0").filling(Duration.ZERO).paused(), "False Paused", "False Paused", "False Moving");
    }

    @Test
    void fillingUntilProgressDeadlineThenNoSnapshot() {
        World pool = aPool().noWorkers().worker(1, "1.0", Health.STARTING).filling(Duration.ofSeconds(599));
        says(pool, "False Filling", "True Filling", "False Moving");
        says(pool.later(Duration.ofSeconds(1)), "False NoSnapshot", "False Failed", "True NoSnapshot");
        assertThat(ready(pool)).contains("version 1.0", "within 600 s", "apply a spec that works");
    }

    @Test
    void aFirstFillThatWasChangedSaysNoSnapshotToo() {
        World pool = aPool().noWorkers()
                .worker(1, "1.0", Health.STARTING)
                .spec("2.0")
                .filling(Duration.ofSeconds(600));
        says(pool, "False NoSnapshot", "False Failed", "True NoSnapshot");
        assertThat(ready(pool)).contains("version 2.0");
    }

    @Test
    void noSnapshotNamesWhomItWaitedFor() {
        World pool = aPool().noWorkers().filling(Duration.ofSeconds(600)).blocked("quota pods: 0 of 0 left");
        assertThat(ready(pool)).contains("(quota pods: 0 of 0 left)");
        says(pool, "False NoSnapshot", "False Failed", "True NoSnapshot");
    }

    @Test
    void fillingCanBeBlocked() {
        says(
                aPool().noWorkers().filling(Duration.ZERO).blocked("no quota"),
                "False Filling",
                "True Blocked",
                "False Moving");
    }

    @Test
    void scalingUpUntilTheNewWorkersAreAvailable() {
        World pool = aPool().replicas(4);
        says(pool, "False Scaling", "False Complete", "False Moving");
        says(pool.worker(4, "1.0", Health.STARTING), "False Scaling", "False Complete", "False Moving");
    }

    @Test
    void scalingDownUntilTheOthersAreGone() {
        says(aPool().replicas(2), "False Scaling", "False Complete", "False Moving");
    }

    @Test
    void healingWhenAWorkerIsLostAndUntilItsSuccessorIsAvailable() {
        World pool = aPool().noWorkers().workers("1.0", 1, 2).lost(3);
        says(pool, "False Healing", "False Complete", "False Moving");
        says(pool.worker(3, "1.0", Health.STARTING), "False Healing", "False Complete", "False Moving");
        World made = aPool().noWorkers().workers("1.0", 1, 2).worker(3, "1.0", Health.STARTING);
        made.stored = pool.stored;
        says(made, "False Healing", "False Complete", "False Moving");
    }

    @Test
    void healingWhileOneThatWasLetGoIsBackBesideTheOneMadeForIt() {
        World pool = aPool().worker(3, "1.0", Health.AVAILABLE);
        says(pool, "False Healing", "False Complete", "False Moving");
        assertThat(ready(pool)).contains("is back");
    }

    @Test
    void healingNamesWhoIsNotAvailable() {
        World pool = aPool().noWorkers().workers("1.0", 1, 2).worker(3, "1.0", Health.BROKEN);
        says(pool, "False Healing", "False Complete", "False Moving");
        assertThat(ready(pool)).isEqualTo("not available: web-3-0");
        says(pool.blocked("no quota"), "False Healing", "True Blocked", "False Moving");
    }
}
