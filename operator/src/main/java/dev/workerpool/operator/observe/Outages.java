package dev.workerpool.operator.observe;

import dev.workerpool.operator.decide.Obstacle;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * When the API server was away, and how long after its return others may not have heard what changed. The endpoint
 * controller, kube-proxy and all that watch with client-go's reflector try again after 0.8 to 1.6 s, twice that the next
 * time, and at last every 30 to 60 s. So when an outage of T ends, one may have begun a sleep of 2 T + 1.6 s; and if the API
 * server is another process then, to which the watch that is asked for is too old (410), it sleeps once more, for twice
 * as long, before it lists everything anew. A worker that leaves meanwhile stops serving while requests are still sent to
 * it. Their delays shrink again only 2 minutes after they began to grow: until then another outage begins with the
 * delay that those before it have led to. Thread-safe.
 */
public final class Outages {
    /**
     * In a shorter one, the first for a while, nobody comes to wait longer than a draining worker serves by default; and no
     * API server ends, starts and is ready in less.
     */
    private static final Duration SHORTEST = Duration.ofMillis(1500);

    private static final Duration FIRST_SLEEP = Duration.ofMillis(800);
    private static final Duration LONGEST_SLEEP = Duration.ofSeconds(60);
    /** For what the API server and those who watch it need to be themselves again. */
    private static final Duration RECOVERY = Duration.ofSeconds(5);

    private static final Duration LONGEST_UNHEARD =
            LONGEST_SLEEP.multipliedBy(2).plus(RECOVERY);
    private static final Duration APART = Duration.ofMinutes(2);

    private Optional<Instant> cutSince = Optional.empty();
    private boolean away;
    private Instant began = Instant.MIN;
    private Instant ended = Instant.MIN;
    /** By how much those shortly before make the last one count for longer than it was. */
    private Duration before = Duration.ZERO;

    /** How it is at that time; told often, since it is believed until the next one. */
    public synchronized void seen(boolean cut, Instant now) {
        if (!cut) {
            cutSince = Optional.empty();
            away = false;
            return;
        }
        Instant since = cutSince.orElse(now);
        cutSince = Optional.of(since);
        outage(since, now);
        away = true;
    }

    /** In that time there was no operator to see how it was: it may have been away all along. */
    public synchronized void nobodyListened(Instant from, Instant until) {
        if (!until.isBefore(from.plus(SHORTEST))) {
            outage(from, until);
        }
    }

    private void outage(Instant from, Instant until) {
        if (!from.equals(began)) {
            before = isSoonAfterAnother(from) ? reached() : Duration.ZERO;
            began = from;
        }
        ended = until;
    }

    /** Then even a short one sends those who watch to sleep for as long as the one before it made them. */
    private boolean isSoonAfterAnother(Instant from) {
        return !ended.isBefore(from.minus(APART).minus(LONGEST_UNHEARD));
    }

    /** For how long the next one counts from its beginning. */
    private Duration reached() {
        Duration grown = grown(ended);
        return mayBeAnotherProcess(ended) ? doubled(grown) : grown.multipliedBy(2);
    }

    /** How long the last one counts for, had it ended then. */
    private Duration grown(Instant end) {
        return atMost(before.plus(Duration.between(began, end)));
    }

    /** Why others may not hear yet that a worker leaves, and until when; empty if they do. */
    public synchronized Optional<Obstacle> current(Instant now) {
        Instant end = away ? now : ended;
        Duration counted = grown(end);
        if (counted.compareTo(SHORTEST) < 0 || !now.isBefore(end.plus(LONGEST_UNHEARD))) {
            return Optional.empty();
        }
        Instant heard = end.plus(atMost(counted.multipliedBy(2)))
                .plus(mayBeAnotherProcess(end) ? atMost(doubled(counted)) : Duration.ZERO)
                .plus(RECOVERY);
        String message = away
                ? "the API server is not heard, and nodes may not hear it either"
                : "the API server was not heard for "
                        + Duration.between(began, end).toSeconds() + " s, and nodes may not have heard it yet either";
        return Optional.of(new Obstacle(message, heard)).filter(o -> now.isBefore(o.retryAt()));
    }

    private boolean mayBeAnotherProcess(Instant end) {
        return Duration.between(began, end).compareTo(SHORTEST) >= 0;
    }

    /** The sleep after the one in which the return of the API server finds those who slept for so long in all. */
    private static Duration doubled(Duration slept) {
        return slept.plus(FIRST_SLEEP).multipliedBy(4);
    }

    private static Duration atMost(Duration sleep) {
        return sleep.compareTo(LONGEST_SLEEP) < 0 ? sleep : LONGEST_SLEEP;
    }
}
