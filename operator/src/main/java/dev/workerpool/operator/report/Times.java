package dev.workerpool.operator.report;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Times as status has them: RFC 3339 in UTC. */
final class Times {
    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss'Z'").withZone(ZoneOffset.UTC);

    private Times() {}

    /** With milliseconds; what is finer is dropped. */
    static String write(Instant time) {
        return MILLIS.format(time);
    }

    /** To the second, as Kubernetes writes the times of conditions. */
    static String seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** The time of day, for messages: never before {@code time}. */
    static String clock(Instant time) {
        return CLOCK.format(time.plusMillis(999));
    }

    /** Empty if the text is null or no time. */
    static Optional<Instant> read(String text) {
        if (text == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(Instant.parse(text));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
