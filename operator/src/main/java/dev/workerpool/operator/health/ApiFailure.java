package dev.workerpool.operator.health;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.TimeoutException;

/** Why a request to the API server failed, for a person, in one line. */
public final class ApiFailure {
    private ApiFailure() {}

    /** {@code does not answer: nothing accepts connections there}, or {@code answers 403: ...}. */
    public static String of(KubernetesClientException failure) {
        return failure.getCode() > 0
                ? "answers " + failure.getCode() + ": " + oneLine(failure.getMessage())
                : "does not answer: " + cause(failure);
    }

    /** Without line breaks and repeated spaces. */
    public static String oneLine(String text) {
        return String.valueOf(text).replaceAll("\\s+", " ").strip();
    }

    private static String cause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof ConnectException)) {
            cause = cause.getCause();
        }
        return switch (cause) {
            case UnknownHostException unknown -> "its name is not known";
            case UnresolvedAddressException unresolved -> "its name is not known";
            case ConnectException refused -> "nothing accepts connections there";
            case TimeoutException late -> "no answer in time";
            case HttpTimeoutException late -> "no answer in time";
            default -> cause.getMessage() == null ? cause.getClass().getSimpleName() : oneLine(cause.getMessage());
        };
    }
}
