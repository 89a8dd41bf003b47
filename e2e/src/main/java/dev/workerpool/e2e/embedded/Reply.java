package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** An answer that is sent in one piece. */
record Reply(int code, String contentType, byte[] body, Map<String, String> headers) {
    static Reply json(int code, JsonNode body) {
        return new Reply(code, "application/json", body.toString().getBytes(StandardCharsets.UTF_8), Map.of());
    }

    static Reply text(String body) {
        return new Reply(200, "text/plain", body.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    static Reply error(ApiError error) {
        return json(error.code, error.status);
    }
}
