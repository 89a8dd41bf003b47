package dev.workerpool.operator.pods;

import java.util.regex.Pattern;

/** Text of others (a container, a registry, the scheduler) made fit for a status: one printable line, not too long. */
final class OneLine {
    static final int LIMIT = 256;
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\p{Z}\\s]+");

    private OneLine() {}

    /** White space and unprintable characters become one blank each run; cut after {@link #LIMIT} characters. */
    static String of(String text) {
        String line =
                UNPRINTABLE.matcher(text == null ? "" : text).replaceAll(" ").strip();
        if (line.length() <= LIMIT) {
            return line;
        }
        int end = LIMIT - 1;
        if (Character.isHighSurrogate(line.charAt(end - 1))) {
            end--;
        }
        return line.substring(0, end) + "…";
    }
}
