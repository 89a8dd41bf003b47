package dev.workerpool.e2e.proxy;

import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.Map;

/** What becomes of a call, before it is passed on or once it was answered: {@link Faults} says which. */
public sealed interface Fault {
    Fault PASS = new Pass();
    Fault CUT = new Cut();
    Fault HANG = new Hang();
    /** Only once it was answered. */
    Fault STALL = new Stall();

    /** Nothing happens to it. */
    record Pass() implements Fault {}

    /** It is held up first. */
    record Delay(Duration time, Fault then) implements Fault {}

    /** The client gets this answer instead. */
    record Answer(int status, Map<String, String> headers, String body) implements Fault {}

    /** The client's connection is closed without an answer. */
    record Cut() implements Fault {}

    /** The client's connection stays open, and no answer comes. */
    record Hang() implements Fault {}

    /** The head of the API server's answer is passed, and nothing after it; for a watch, that it began. */
    record Stall() implements Fault {}

    static Fault delay(Duration time) {
        return new Delay(time, PASS);
    }

    /** As the API server says no: {@code status(409, "Conflict", "the object has been modified")}. */
    static Fault status(int code, String reason, String message) {
        return status(code, reason, message, Map.of());
    }

    /** With headers of its own, Retry-After for one. */
    static Fault status(int code, String reason, String message, Map<String, String> headers) {
        String body = Serialization.asJson(new StatusBuilder()
                .withStatus("Failure")
                .withCode(code)
                .withReason(reason)
                .withMessage(message)
                .build());
        return new Answer(code, headers, body);
    }
}
