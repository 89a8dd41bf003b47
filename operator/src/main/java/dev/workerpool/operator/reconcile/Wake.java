package dev.workerpool.operator.reconcile;

import dev.workerpool.operator.decide.Plan;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/** When to look again, if nothing happens before. */
final class Wake {
    /** A call that was not done: what it ran into shows in the caches very soon, or is passed over by the next plan. */
    private static final Duration SOON = Duration.ofSeconds(1);

    private static final Duration LONGEST = Duration.ofHours(1);

    private Wake() {}

    /** At rest: when the plan says so, status is due, or a stuck pod's Events are. */
    static Instant atRest(Plan.Rest rest, Optional<Instant> statusDue, Keeping keeping, Instant now) {
        return earliest(Stream.of(
                rest.wakeAt(),
                statusDue,
                keeping.memory().warnings().wakeAt(),
                awaited(keeping),
                keeping.memory().obstacles().wakeAt(now)));
    }

    /** After acting: when the writes are visible, or at once if there were none to wait for; soon after a refusal. */
    static Instant afterActing(boolean done, Optional<Instant> statusDue, Keeping keeping, Instant now) {
        if (!done) {
            return earliest(Stream.of(Optional.of(now.plus(SOON)), statusDue, awaited(keeping)));
        }
        return awaited(keeping).orElse(now);
    }

    private static Optional<Instant> awaited(Keeping keeping) {
        return Optional.of(keeping.expectations().limit()).filter(limit -> !limit.equals(Instant.MAX));
    }

    private static Instant earliest(Stream<Optional<Instant>> times) {
        return times.flatMap(Optional::stream).min(Instant::compareTo).orElse(Instant.MAX);
    }

    /** From now until then, never nothing, and at most an hour; rounded up to the millisecond, so that no deadline is looked at too early. */
    static Duration delay(Instant now, Instant wakeAt) {
        if (!wakeAt.isBefore(now.plus(LONGEST))) {
            return LONGEST;
        }
        Duration left = Duration.between(now, wakeAt);
        return left.isNegative() || left.isZero() ? Duration.ofMillis(1) : left.plusMillis(1);
    }
}
