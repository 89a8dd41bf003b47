package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A pool at rest writes nothing (contract, section 3, I7). */
class RestE2E extends ClusterTest {
    @Test
    void writesNothingIn60Seconds() {
        Pool pool = create("web", "{}");
        pool.awaitUpToDate("1.0.0");
        pool.version("1.1.0");
        pool.awaitUpToDate("1.1.0");
        Pool.eventually(
                "the last event is written",
                () -> pool.events("RolloutSucceeded").size() == 1);
        if (AUDIT_LOG.isPresent()) {
            assertThat(writes())
                    .as("the operator's writes in %s", AUDIT_LOG.get())
                    .isNotEmpty();
        }
        List<String> versions = versions(pool);
        int writes = writes().size();
        await("60 s at rest")
                .during(Duration.ofSeconds(60))
                .atMost(Duration.ofMinutes(3)) // each look reads the whole audit log
                .pollInterval(Duration.ofSeconds(5))
                .untilAsserted(() -> {
                    assertThat(writes().stream().skip(writes))
                            .as("the operator's writes")
                            .isEmpty();
                    assertThat(versions(pool)).isEqualTo(versions);
                });
    }

    /** A write to the pool or its pods, whoever's, changes these. */
    private static List<String> versions(Pool pool) {
        return Stream.concat(
                        Stream.of(pool.get().getMetadata().getResourceVersion()),
                        pool.pods().stream().map(p -> p.getMetadata().getResourceVersion()))
                .toList();
    }
}
