package dev.workerpool.operator.report;

import java.nio.charset.StandardCharsets;

/**
 * Texts of others (pods, admission) made fit for status, which must stay small: printable, and bounded in JSON bytes.
 */
final class Text {
    /** Bytes of a message in a condition or of a rollout. */
    static final int MESSAGE = 500;

    private static final String CUT = "...";

    private Text() {}

    /**
     * One printable line of at most {@code bytes} bytes in JSON; what is cut ends with dots. Twice is the same as once.
     */
    static String line(String text, int bytes) {
        return cut(text.replaceAll("[\\p{Cntrl}\\s]+", " ").strip(), bytes);
    }

    /** Like {@link #line}, but keeps line breaks and, since what matters comes last in a log, the end. */
    static String log(String text, int bytes) {
        String printable = text.replaceAll("[\\p{Cntrl}&&[^\n]]", " ");
        return reverse(cut(reverse(printable), bytes));
    }

    private static String reverse(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    private static String cut(String text, int bytes) {
        if (size(text) <= bytes) {
            return text;
        }
        int room = bytes - CUT.length();
        int end = 0;
        while (end < text.length()) {
            int next = end + Character.charCount(text.codePointAt(end));
            room -= size(text.substring(end, next));
            if (room < 0) {
                break;
            }
            end = next;
        }
        return text.substring(0, end).stripTrailing() + CUT;
    }

    /** As it stands in JSON, where quotes, backslashes and line breaks take two bytes. */
    private static int size(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length
                + (int) text.chars()
                        .filter(c -> c == '"' || c == '\\' || c == '\n')
                        .count();
    }
}
