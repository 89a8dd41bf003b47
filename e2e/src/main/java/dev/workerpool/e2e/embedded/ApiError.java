package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Collectors;

/** A refusal, as the {@code Status} object that a real API server would send. */
final class ApiError extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** One field of an invalid object and what is wrong with it. */
    record Cause(String reason, String field, String message) {}

    final int code;
    final transient ObjectNode status;

    private ApiError(int code, String reason, String message) {
        super(message);
        this.code = code;
        this.status = Json.object();
        status.put("kind", "Status").put("apiVersion", "v1").put("status", "Failure");
        status.putObject("metadata");
        status.put("message", message).put("reason", reason).put("code", code);
    }

    static ApiError of(int code, String reason, String message) {
        return new ApiError(code, reason, message);
    }

    static ApiError badRequest(String message) {
        return of(400, "BadRequest", message);
    }

    static ApiError forbidden(Kind kind, String name, String why) {
        return of(403, "Forbidden", "%s \"%s\" is forbidden: %s".formatted(kind.resource(), name, why))
                .about(kind, name);
    }

    static ApiError notFound(Kind kind, String name) {
        return of(404, "NotFound", "%s \"%s\" not found".formatted(kind.resource(), name))
                .about(kind, name);
    }

    static ApiError noSuchPath() {
        return of(404, "NotFound", "the server could not find the requested resource");
    }

    static ApiError exists(Kind kind, String name) {
        return of(409, "AlreadyExists", "%s \"%s\" already exists".formatted(kind.resource(), name))
                .about(kind, name);
    }

    static ApiError conflict(Kind kind, String name, String why) {
        return of(
                        409,
                        "Conflict",
                        "Operation cannot be fulfilled on %s \"%s\": %s".formatted(kind.resource(), name, why))
                .about(kind, name);
    }

    static ApiError stale(Kind kind, String name) {
        return conflict(
                kind,
                name,
                "the object has been modified; please apply your changes to the latest version and try again");
    }

    static ApiError gone() {
        return of(410, "Expired", "too old resource version: the history before it has been compacted");
    }

    static ApiError tooLarge(String message) {
        return of(413, "RequestEntityTooLarge", message);
    }

    static ApiError unsupported(String message) {
        return of(415, "UnsupportedMediaType", message);
    }

    static ApiError invalid(Kind kind, String name, List<Cause> causes) {
        String list = causes.stream().map(c -> c.field() + ": " + c.message()).collect(Collectors.joining(", "));
        ApiError error = of(
                        422,
                        "Invalid",
                        "%s \"%s\" is invalid: %s"
                                .formatted(
                                        kind.group().isEmpty() ? kind.kind() : kind.kind() + "." + kind.group(),
                                        name,
                                        causes.size() == 1 ? list : "[" + list + "]"))
                .about(kind, name);
        causes.forEach(error::because);
        return error;
    }

    ApiError about(Kind kind, String name) {
        Json.child(status, "details")
                .put("name", name)
                .put("group", kind.group())
                .put("kind", kind.plural());
        return this;
    }

    ApiError because(Cause cause) {
        Json.child(status, "details")
                .withArray("causes")
                .addObject()
                .put("reason", cause.reason())
                .put("message", cause.message())
                .put("field", cause.field());
        return this;
    }
}
