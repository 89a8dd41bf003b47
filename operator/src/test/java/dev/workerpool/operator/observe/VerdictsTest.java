package dev.workerpool.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.pods.TemplateCheck.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VerdictsTest {
    private static final Optional<Refusal> REFUSAL = Optional.of(new Refusal("InvalidTemplate", "no"));

    private final Verdicts verdicts = new Verdicts();
    private Instant now = Instant.parse("2026-01-01T12:00:00Z");

    @Test
    void isUnknownUntilAskedAndAgainAfterAnyChange() {
        assertThat(verdicts.of("1 ")).isEqualTo(new Verdict.Unknown());
        verdicts.answered("1 ", Optional.empty(), now);
        assertThat(verdicts.of("1 ")).isEqualTo(new Verdict.Accepted());
        assertThat(verdicts.of("2 ")).isEqualTo(new Verdict.Unknown());
    }

    @Test
    void aRefusalIsAskedAboutAgainEverMoreSeldom() {
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            verdicts.answered("1 ", REFUSAL, now);
            Instant again = ((Verdict.Refused) verdicts.of("1 ")).askAgainAt();
            waits.add(Duration.between(now, again).toSeconds());
            now = again;
        }
        assertThat(waits).containsExactly(10L, 20L, 40L, 80L, 160L, 300L, 300L);
    }

    @Test
    void aChangeStartsTheDelaysAnew() {
        verdicts.answered("1 ", REFUSAL, now);
        verdicts.answered("1 ", REFUSAL, now);
        verdicts.answered("2 ", REFUSAL, now);
        assertThat(((Verdict.Refused) verdicts.of("2 ")).askAgainAt()).isEqualTo(now.plusSeconds(10));
    }
}
