package dev.workerpool.operator.pods;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a worker's pod, {@code <pool>-<slot>-<generation>} (contract, section 2). It is made from what is
 * observed alone, so that a repeated create is a 409 and never a second pod.
 *
 * @param pool name of the pool
 * @param slot from 1
 * @param generation from 0
 */
public record PodName(String pool, int slot, int generation) {
    // Nine digits fit an int; no leading zeros, so that every name has one reading.
    private static final Pattern NUMBERS = Pattern.compile("([1-9]\\d{0,8})-(0|[1-9]\\d{0,8})");

    /** The name as Kubernetes has it. */
    public String format() {
        return pool + "-" + slot + "-" + generation;
    }

    /** Same as {@link #format()}. */
    @Override
    public String toString() {
        return format();
    }

    /** Reads a name; empty if no worker of that pool would be named so. */
    public static Optional<PodName> parse(String pool, String podName) {
        if (podName == null || !podName.startsWith(pool + "-")) {
            return Optional.empty();
        }
        Matcher numbers = NUMBERS.matcher(podName.substring(pool.length() + 1));
        return numbers.matches()
                ? Optional.of(new PodName(pool, Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2))))
                : Optional.empty();
    }
}
