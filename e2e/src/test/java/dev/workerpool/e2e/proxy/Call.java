package dev.workerpool.e2e.proxy;

import java.time.Instant;

/**
 * A call that came to an {@link ApiProxy}.
 *
 * @param method GET, POST, PUT, PATCH or DELETE
 * @param path with its query, as sent
 * @param userAgent as sent, or empty
 * @param body as sent
 * @param at when it came in
 * @param status the answer's code; 0 where there is none (yet)
 */
public record Call(String method, String path, String userAgent, String body, Instant at, int status) {

    /** Whether it asks for something to be stored: no GET, no dry run, no review of one's own rights. */
    public boolean write() {
        return !method.equals("GET") && !dryRun() && !path.contains("/selfsubject");
    }

    /** A dry run of a DELETE says so in its body. */
    public boolean dryRun() {
        return path.contains("dryRun=All") || method.equals("DELETE") && body.contains("\"dryRun\":[\"All\"]");
    }

    /** Whether it writes an Event, of either group. */
    public boolean event() {
        return write() && path.contains("/events");
    }

    /** Whether it writes a Lease, as leader election does every few seconds. */
    public boolean lease() {
        return write() && path.contains("/leases");
    }

    public boolean watch() {
        return method.equals("GET") && (path.contains("watch=true") || path.contains("watch=1"));
    }

    /** Whether it is about that kind: {@code pods}, {@code workerpools/status}, {@code pods/eviction}. */
    public boolean of(String resource) {
        String[] names = resource.split("/");
        String file = path.split("\\?")[0];
        return names.length == 1
                ? file.matches(".*/" + names[0] + "(/[^/]+)?")
                : file.matches(".*/" + names[0] + "/[^/]+/" + names[1]);
    }

    Call answered(int code) {
        return new Call(method, path, userAgent, body, at, code);
    }

    @Override
    public String toString() {
        return method + " " + path + " " + status;
    }
}
