package dev.workerpool.operator.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The circuit breaker as a value: counts failed rollouts in a row and lives in status, so that it survives the operator
 * (contract, section 5). Moves:
 *
 * <pre>
 * Closed   => Closed    a rollout failed, below the threshold
 * Closed   => Open      a rollout failed, at the threshold
 * Open     => HalfOpen  resetTimeout has passed since the last failure
 * HalfOpen => Open      the trial failed
 * any      => Closed    a rollout succeeded; the user asked for a retry
 * Open     => Open      a rollout that ran when it opened failed too; the reset timeout was changed
 * </pre>
 */
public sealed interface Breaker {
    int failures();

    Optional<Instant> lastFailure();

    record Closed(int failures, Optional<Instant> lastFailure) implements Breaker {}

    /** No rollout starts before {@code retryAt}. */
    record Open(int failures, Optional<Instant> lastFailure, Instant retryAt) implements Breaker {}

    /** One trial is let through. */
    record HalfOpen(int failures, Optional<Instant> lastFailure) implements Breaker {}

    /** After a rollout failed; {@code threshold} is 1 or more. */
    default Breaker failed(Instant now, int threshold, Duration resetTimeout) {
        int count = failures() + 1;
        boolean opens = !(this instanceof Closed) || count >= threshold;
        return opens ? new Open(count, Optional.of(now), now.plus(resetTimeout)) : new Closed(count, Optional.of(now));
    }

    /** After a rollout succeeded, or the user asked for a retry. */
    default Breaker closed() {
        return new Closed(0, lastFailure());
    }

    /**
     * As time passes, or the reset timeout is changed: the same value if nothing moves. A failure that has yet to come was
     * told by a clock that was ahead, and is taken as one of now.
     */
    default Breaker at(Instant now, Duration resetTimeout) {
        if (!(this instanceof Open open)) {
            return this;
        }
        Optional<Instant> failedAt = open.lastFailure().map(t -> t.isAfter(now) ? now : t);
        Instant retryAt = failedAt.map(t -> t.plus(resetTimeout)).orElse(open.retryAt());
        if (!now.isBefore(retryAt)) {
            return new HalfOpen(open.failures(), failedAt);
        }
        return retryAt.equals(open.retryAt()) ? this : new Open(open.failures(), failedAt, retryAt);
    }
}
