package dev.workerpool.operator.observe;

import dev.workerpool.operator.decide.Obstacle;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * When the API server was away, and how long after its return others may not have heard what changed. The endpoint
 * controller, kube-proxy and all that watch with client-go's reflector try again after a delay of 0.8 s, twice that the
 * next time, and at last 30 s, each up to doubled by jitter. So an outage of T finds them at its end in a delay of T + 0.8 s
 * at most; and if the API server is another process then, to which the watch that is asked for is too old (410), they
 * sleep once more, for the next delay, before they list everything anew. A worker that leaves meanwhile stops serving
 * while requests are still sent to it. Delays are short again 2 minutes after they last grew, or last were short (both are
 * in use): until then another outage begins with the delay to which those before it have led. Short ones do not draw that
 * out: an API server that fails a single call now and then must not keep workers for good. Thread-safe.
 */
public final class Outages {
    /**
     * In a shorter one, the first for a while, nobody comes to wait longer than a draining worker serves by default; and no
     * API server ends, starts and is ready in less.
     */
    private static final Duration SHORTEST = Duration.ofMillis(1500);

    private static final Duration FIRST_DELAY = Duration.ofMillis(800);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);
    private static final int JITTER = 2;
    /** For what the API server and those who watch it need to be themselves again. */
    private static final Duration RECOVERY = Duration.ofSeconds(5);

    private static final Duration LONGEST_UNHEARD =
            LONGEST_DELAY.multipliedBy(2 * JITTER).plus(RECOVERY);
    private static final Duration APART = Duration.ofMinutes(2);

    private Optional<Instant> lastThere = Optional.empty();
    private boolean away;
    private boolean unattended;
    private Instant began = Instant.MIN;
    private Instant ended = Instant.MIN;
    private Duration delayAtBegin = FIRST_DELAY;
    /** Until then delays may be longer than the first. */
    private Instant shakenUntil = Instant.MIN;
    /** When all have heard that those before the last one are over. */
    private Instant earlierHeard = Instant.MIN;

    /** How it is at that time; told often: it was away from when it was last there until it is there again. */
    public synchronized void seen(boolean cut, Instant now) {
        if (cut) {
            outage(away ? began : lastThere.orElse(now), now);
            away = true;
            unattended = false;
            return;
        }
        if (away) {
            outage(began, now);
        }
        away = false;
        lastThere = Optional.of(now);
    }

    /** In that time there was no operator to see how it was: it may have been away all along. */
    public synchronized void nobodyListened(Instant from, Instant until) {
        if (!until.isBefore(from.plus(SHORTEST))) {
            outage(from, until);
            unattended = true;
        }
    }

    private void outage(Instant from, Instant until) {
        boolean first = from.isAfter(shakenUntil);
        if (!from.equals(began)) {
            Instant heard = heard(ended);
            earlierHeard = heard.isAfter(earlierHeard) ? heard : earlierHeard;
            delayAtBegin = first ? FIRST_DELAY : atMost(delay(ended).multipliedBy(isShort(ended) ? 2 : 4));
            began = from;
        }
        ended = until;
        if (first || !isShort(ended)) {
            shakenUntil = ended.plus(LONGEST_UNHEARD).plus(APART);
        }
    }

    /** Why others may not hear yet that a worker leaves, and until when; empty if they do. */
    public synchronized Optional<Obstacle> current(Instant now) {
        Instant end = away ? now : ended;
        Instant heard = heard(end).isAfter(earlierHeard) ? heard(end) : earlierHeard;
        return Optional.of(new Obstacle(message(end), heard)).filter(o -> now.isBefore(o.retryAt()));
    }

    private String message(Instant end) {
        if (away) {
            return "the API server is not heard, and nodes may not hear it either";
        }
        long seconds = Duration.between(began, end).toSeconds();
        return unattended
                ? "no operator was there for " + seconds + " s; if the API server was away in that time, nodes may not"
                        + " have heard it yet"
                : "the API server was not heard for " + seconds + " s, and nodes may not have heard it yet either";
    }

    /** When all have heard that the last one is over, had it ended then. */
    private Instant heard(Instant end) {
        if (isShort(end) && delayAtBegin.equals(FIRST_DELAY)) {
            return end;
        }
        Instant tried = end.plus(delay(end).multipliedBy(JITTER));
        Instant listed = isShort(end)
                ? tried
                : tried.plus(atMost(delay(end).multipliedBy(2)).multipliedBy(JITTER));
        return listed.plus(RECOVERY);
    }

    /** The longest in which somebody may sleep, had the last one ended then. */
    private Duration delay(Instant end) {
        return atMost(delayAtBegin.plus(Duration.between(began, end)));
    }

    private boolean isShort(Instant end) {
        return Duration.between(began, end).compareTo(SHORTEST) < 0;
    }

    private static Duration atMost(Duration delay) {
        return delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY;
    }
}
