package dev.workerpool.operator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.function.LongSupplier;

/**
 * Time that passes evenly, whoever sets the machine's clock meanwhile. It begins with that clock and goes on by the
 * machine's tick; a difference to the clock is made up for by going a tenth faster or slower. So no deadline is ever off
 * by more than a tenth: a clock set ahead fails no rollout, and nothing waits for one set back to catch up.
 */
final class SteadyClock extends Clock {
    private static final long MADE_UP_IN = 10;

    private final Clock clock;
    private final LongSupplier tick;
    private long last;
    private Instant now;

    /**
     * @param tick nanoseconds that pass evenly, as {@code System.nanoTime} counts them
     */
    SteadyClock(Clock clock, LongSupplier tick) {
        this.clock = clock;
        this.tick = tick;
        this.last = tick.getAsLong();
        this.now = clock.instant();
    }

    @Override
    public synchronized Instant instant() {
        long ticked = tick.getAsLong();
        Duration passed = Duration.ofNanos(ticked - last);
        last = ticked;
        now = now.plus(passed);
        Duration most = passed.dividedBy(MADE_UP_IN);
        Duration off = Duration.between(now, clock.instant());
        if (off.compareTo(most) > 0) {
            off = most;
        } else if (off.compareTo(most.negated()) < 0) {
            off = most.negated();
        }
        now = now.plus(off);
        return now;
    }

    @Override
    public ZoneId getZone() {
        return clock.getZone();
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return new SteadyClock(clock.withZone(zone), tick);
    }
}
