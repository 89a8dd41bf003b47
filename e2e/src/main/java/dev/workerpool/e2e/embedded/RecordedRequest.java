package dev.workerpool.e2e.embedded;

import java.time.Instant;

/**
 * A request as the server saw it.
 *
 * @param method GET, POST, PUT, PATCH or DELETE
 * @param path with its query, as sent
 * @param status the answer's code; 0 while a fault is being chosen, and where no answer was sent
 * @param userAgent as sent, or empty
 * @param at when it came in
 */
public record RecordedRequest(String method, String path, int status, String userAgent, Instant at) {

    /** Whether it asks for a change: anything but a GET or a review of one's own rights, dry runs included. */
    public boolean write() {
        return !method.equals("GET") && !path.contains("/selfsubject");
    }

    /** Whether it writes an event, of either group. */
    public boolean event() {
        return write() && path.contains("/events");
    }

    /** Whether it writes a lease, as leader election does every few seconds. */
    public boolean lease() {
        return write() && path.contains("/leases");
    }

    RecordedRequest answered(int code) {
        return new RecordedRequest(method, path, code, userAgent, at);
    }
}
