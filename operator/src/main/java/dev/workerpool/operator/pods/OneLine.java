package dev.workerpool.operator.pods;

import java.util.regex.Pattern;

/** Text of others (a container, a registry, the scheduler) made fit for a status: one printable line, not too long. */
public final class OneLine {
    static final int LIMIT = 256;
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\p{Z}\\s]+");

    private OneLine() {}

    /** White space and unprintable characters become one blank each run; cut after {@link #LIMIT} characters. */
    static String of(String text) {
        return of(text, LIMIT);
    }

    /** The same, cut after {@code limit} characters, and never between the halves of one. */
    public static String of(String text, int limit) {
        String line =
                UNPRINTABLE.matcher(text == null ? "" : text).replaceAll(" ").strip();
        if (line.length() <= limit) {
            return line;
        }
        int end = limit - 1;
        if (Character.isHighSurrogate(line.charAt(end - 1))) {
            end--;
        }
        return line.substring(0, end) + "…";
    }
}
