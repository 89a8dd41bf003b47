package dev.workerpool.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;

class WarningsTest {
    private static final Event MOUNT = event(
            "FailedMount", "MountVolume.SetUp failed for volume \"c\" : configmap \"conf\" not found", "12:00:05");

    @Test
    void aPodThatWaitsForAVolumeSaysForWhich() {
        assertThat(Warnings.message(List.of(event("Scheduled", "assigned", "12:00:00"), MOUNT)))
                .hasValueSatisfying(m -> assertThat(m).contains("FailedMount", "configmap \"conf\" not found"));
    }

    @Test
    void afterAnythingNewerTheWaitIsOver() {
        assertThat(Warnings.message(List.of(MOUNT, event("Pulling", "Pulling image", "12:00:09"))))
                .isEmpty();
    }

    private static Event event(String reason, String message, String time) {
        return new EventBuilder()
                .withReason(reason)
                .withMessage(message)
                .withLastTimestamp("2026-01-01T" + time + "Z")
                .build();
    }
}
