package dev.workerpool.operator.report;

import static dev.workerpool.operator.report.Said.of;
import static dev.workerpool.operator.report.Said.ready;
import static dev.workerpool.operator.report.Said.says;
import static dev.workerpool.operator.report.World.NOW;
import static dev.workerpool.operator.report.World.aPool;
import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.State.Result;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Ready's reasons while a rollout runs, is wanted, or has failed (contract, section 6), with Progressing and Stalled.
 */
class RolloutReasonTest {
    private static final String RETRY = "annotate with workerpool.dev/retry=<any new value> to try again";

    @Test
    void rollingBackNamesWhatFailed() {
        World pool = aPool().spec("2.0").failed("2.0", null, null).rollingBack("2.0", Optional.of(1));
        says(pool, "False RollingBack", "True RollingBack", "False Moving");
        assertThat(ready(pool))
                .isEqualTo("the rollback to version 1.0 (web-1-3: container app exited with code 3)"
                        + " runs; status.rollout.message says what it waits for");
    }

    @Test
    void theWayBackIsARollbackWithoutAFailure() {
        World pool = aPool().rollingBack("2.0", Optional.empty());
        says(pool, "False RollingBack", "True RollingBack", "False Moving");
        assertThat(ready(pool))
                .isEqualTo("the way back to version 1.0 runs; status.rollout.message says what it waits for");
    }

    @Test
    void invalidTemplateSaysWhatAdmissionSaid() {
        World pool = aPool().spec("2.0").refused("InvalidTemplate", "spec.containers[0].image: Required value");
        says(pool, "False InvalidTemplate", "False Failed", "True InvalidTemplate");
        assertThat(ready(pool)).isEqualTo("spec.containers[0].image: Required value");
    }

    @Test
    void aRefusedSpecStallsARunningRolloutButNotARollback() {
        says(
                aPool().spec("3.0").rollingOut("2.0").refused("InvalidTemplate", "no"),
                "False InvalidTemplate",
                "False Failed",
                "True InvalidTemplate");
        says(
                aPool().spec("3.0").rollingBack("2.0", Optional.of(1)).refused("InvalidTemplate", "no"),
                "False RollingBack",
                "True RollingBack",
                "False Moving");
    }

    @Test
    void noReadinessProbeHasAReasonOfItsOwn() {
        says(
                aPool().spec("2.0").refused("NoReadinessProbe", "add one"),
                "False NoReadinessProbe",
                "False Failed",
                "True NoReadinessProbe");
    }

    @Test
    void rollingOutWhileARolloutRunsOrIsNext() {
        says(aPool().spec("2.0").rollingOut("2.0"), "False RollingOut", "True RollingOut", "False Moving");
        says(aPool().spec("2.0"), "False RollingOut", "True RollingOut", "False Moving");
    }

    @Test
    void aRetryThatAnOpenBreakerHoldsIsStalled() {
        World moves = aPool().spec("2.0").failed("2.0", Result.RolledBack, NOW.plusSeconds(10));
        says(moves, "False RolledBack", "False Failed", "False Moving");
        assertThat(ready(moves)).endsWith("; it is tried again at 12:00:10Z");

        says(moves.open(), "False RolledBack", "False Failed", "True RolledBack");
        assertThat(ready(moves)).endsWith("; it is tried again at 12:00:30Z");
    }

    @Test
    void blockedNamesWhomTheRolloutWaitsFor() {
        World pool = aPool().spec("2.0").rollingOut("2.0").blocked("web-1-1: no node has enough memory");
        says(pool, "False RollingOut", "True Blocked", "False Moving");
        assertThat(of(pool, "Progressing").getMessage()).isEqualTo("web-1-1: no node has enough memory");
    }

    @Test
    void circuitBreakerOpenWhenAWantedRolloutIsHeld() {
        World pool = aPool().spec("2.0").open();
        says(pool, "False CircuitBreakerOpen", "False Held", "True CircuitBreakerOpen");
        assertThat(ready(pool))
                .contains("version 2.0", "3 rollouts in a row failed; next trial at 12:00:30Z", "workerpool.dev/retry");
    }

    @Test
    void rolledBackRatherThanBreakerOpenWhileNothingIsWanted() {
        says(
                aPool().spec("2.0").failed("2.0", Result.RolledBack, null).open(),
                "False RolledBack",
                "False Failed",
                "True RolledBack");
    }

    @Test
    void rollbackFailedKeepsWhatServes() {
        World pool = aPool().spec("2.0").failed("2.0", Result.RollbackFailed, null);
        says(pool, "False RollbackFailed", "False Failed", "True RollbackFailed");
        assertThat(ready(pool)).contains("could not be brought back to 1.0", "every serving worker is kept", RETRY);
    }

    @Test
    void rolloutFailedRemovesNothing() {
        World pool = aPool().spec("2.0").pauseOnFailure().failed("2.0", Result.Failed, null);
        says(pool, "False RolloutFailed", "False Failed", "True RolloutFailed");
        assertThat(ready(pool))
                .contains("version 2.0 failed: web-1-3", "nothing was removed (rollout.onFailure", RETRY);
    }

    @Test
    void rolloutFailedSaysWhyThereWasNoRollback() {
        World pool = aPool().spec("2.0").failed("2.0", Result.Failed, null);
        assertThat(ready(pool)).as("scaled to 0 in its rollback").doesNotContain("nothing was removed");
        assertThat(ready(pool.noRecords())).contains("the ControllerRevision of the last good version is gone");
    }

    @Test
    void rolloutFailedIsNotStalledWhileARetryIsDueLater() {
        World pool = aPool().spec("2.0").pauseOnFailure().failed("2.0", Result.Failed, NOW.plusSeconds(20));
        says(pool, "False RolloutFailed", "False Failed", "False Moving");
        assertThat(ready(pool)).endsWith("it is tried again at 12:00:20Z");
    }

    @Test
    void anOpenBreakerHoldsARetry() {
        World pool = aPool().spec("2.0").failed("2.0", Result.RolledBack, NOW.plusSeconds(20));
        assertThat(ready(pool.open())).endsWith("it is tried again at 12:00:30Z");
    }

    @Test
    void rolledBackSaysWhatFailedWhereTheWorkersAreAndWhatToDo() {
        World pool = aPool().spec("2.0").failed("2.0", Result.RolledBack, null);
        says(pool, "False RolledBack", "False Failed", "True RolledBack");
        assertThat(ready(pool))
                .isEqualTo(
                        "version 2.0 failed (web-1-3: container app exited with code 3) and the workers are back at 1.0; "
                                + "apply a new spec.version, or " + RETRY);
    }

    @Test
    void rolledBackIsNotStalledWhileARetryIsDueLater() {
        World pool = aPool().spec("2.0").failed("2.0", Result.RolledBack, NOW.plusSeconds(20));
        says(pool, "False RolledBack", "False Failed", "False Moving");
        assertThat(ready(pool)).endsWith("it is tried again at 12:00:20Z");
    }

    @Test
    void aRetryThatIsDueIsARolloutAgain() {
        says(
                aPool().spec("2.0").failed("2.0", Result.RolledBack, NOW),
                "False RollingOut",
                "True RollingOut",
                "False Moving");
    }
}
