package dev.workerpool.operator.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** Reads the conditions of a pool. */
final class Said {
    private Said() {}

    static void says(World pool, String ready, String progressing, String stalled) {
        assertThat(List.of(text(pool, "Ready"), text(pool, "Progressing"), text(pool, "Stalled")))
                .isEqualTo(List.of(ready, progressing, stalled));
    }

    static String ready(World pool) {
        return of(pool, "Ready").getMessage();
    }

    static String text(World pool, String type) {
        Condition c = of(pool, type);
        return c.getStatus() + " " + c.getReason();
    }

    static Condition of(World pool, String type) {
        return pool.render().conditions().stream()
                .filter(c -> c.getType().equals(type))
                .findFirst()
                .orElseThrow();
    }
}
