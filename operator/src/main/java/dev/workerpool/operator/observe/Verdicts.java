package dev.workerpool.operator.observe;

import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.pods.TemplateCheck.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What admission last said of the spec (contract, section 1). Lost with the process, and asked for anew whenever the pool's
 * generation or retry annotation changes; a refusal is asked about again after 10 s, 20 s ... 5 min.
 */
public final class Verdicts {
    static final Duration FIRST_DELAY = Duration.ofSeconds(10);
    static final Duration LONGEST_DELAY = Duration.ofMinutes(5);

    private String asked = "";
    private int refusals;
    private Verdict verdict = new Verdict.Unknown();

    /** The verdict on this state of the pool. */
    public Verdict of(String key) {
        return key.equals(asked) ? verdict : new Verdict.Unknown();
    }

    /** Admission has answered; empty: it has nothing against it, or could not be asked. */
    public void answered(String key, Optional<Refusal> refusal, Instant now) {
        refusals = refusal.isEmpty() ? 0 : key.equals(asked) ? refusals + 1 : 1;
        asked = key;
        verdict = refusal.<Verdict>map(r -> new Verdict.Refused(r.reason(), r.message(), now.plus(delay(refusals))))
                .orElseGet(Verdict.Accepted::new);
    }

    private static Duration delay(int refusals) {
        Duration delay = FIRST_DELAY.multipliedBy(1L << Math.min(refusals - 1, 5));
        return delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY;
    }
}
