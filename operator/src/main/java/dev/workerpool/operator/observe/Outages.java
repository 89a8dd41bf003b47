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
 * while requests are still sent to it. Delays are short again only 2 minutes after they began to grow: until then another
 * outage begins with the delay to which those before it have led. Thread-safe.
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

    private Optional<Instant> cutSince = Optional.empty();
    private boolean away;
    private Instant began = Instant.MIN;
    private Instant ended = Instant.MIN;
    private Duration delayAtBegin = FIRST_DELAY;
    /** When all have heard that those before the last one are over. */
    private Instant earlierHeard = Instant.MIN;

    /** How it is at that time; told often, since it is believed until the next one. Said once alone, a cut is no outage. */
    public synchronized void seen(boolean cut, Instant now) {
        if (!cut) {
            cutSince = Optional.empty();
            away = false;
            return;
        }
        Instant since = cutSince.orElse(now);
        cutSince = Optional.of(since);
        if (now.isAfter(since)) {
            outage(since, now);
            away = true;
        }
    }

    /** In that time there was no operator to see how it was: it may have been away all along. */
    public synchronized void nobodyListened(Instant from, Instant until) {
        if (!until.isBefore(from.plus(SHORTEST))) {
            outage(from, until);
        }
    }

    private void outage(Instant from, Instant until) {
        if (!from.equals(began)) {
            boolean soon = !ended.isBefore(from.minus(APART).minus(LONGEST_UNHEARD));
            Instant heard = heard(ended);
            earlierHeard = heard.isAfter(earlierHeard) ? heard : earlierHeard;
            delayAtBegin = soon ? atMost(delay(ended).multipliedBy(isShort(ended) ? 2 : 4)) : FIRST_DELAY;
            began = from;
        }
        ended = until;
    }

    /** Why others may not hear yet that a worker leaves, and until when; empty if they do. */
    public synchronized Optional<Obstacle> current(Instant now) {
        Instant end = away ? now : ended;
        Instant heard = heard(end).isAfter(earlierHeard) ? heard(end) : earlierHeard;
        String message = away
                ? "the API server is not heard, and nodes may not hear it either"
                : "the API server was not heard for "
                        + Duration.between(began, end).toSeconds() + " s, and nodes may not have heard it yet either";
        return Optional.of(new Obstacle(message, heard)).filter(o -> now.isBefore(o.retryAt()));
    }

    /** When all have heard that the last one is over, had it ended then. */
    private Instant heard(Instant end) {
        if (isShort(end) && delayAtBegin.equals(FIRST_DELAY)) {
            return end;
        }
        Instant tried = end.plus(delay(end).multipliedBy(JITTER));
        Instant listed =
                isShort(end) ? tried : tried.plus(atMost(delay(end).multipliedBy(2)).multipliedBy(JITTER));
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
