package dev.workerpool.operator.act;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.pods.OneLine;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the API server said when it did not do what it was asked. */
public final class ApiError {
    static final int UNPROCESSABLE = 422;
    private static final int LONGEST = 300;
    /** Of OwnerReferencesPermissionEnforcement, which asks every 30 s what kinds there are. */
    private static final String UNKNOWN_OWNER = "cannot find RESTMapping for APIVersion " + WorkerPool.GROUP + "/";

    private ApiError() {}

    /** Whether the call surely had no effect: who says that it failed itself (5xx) may have stored it before. */
    public static boolean refused(KubernetesClientException e) {
        return e.getCode() >= HttpURLConnection.HTTP_BAD_REQUEST && e.getCode() < HttpURLConnection.HTTP_INTERNAL_ERROR;
    }

    /**
     * Whether a call on a pod counts as refused: told, and tried again soon. Without an answer, or after a time-out behind the
     * server, it counts as done until the API server is read. After any other 5xx it may be done too, but a webhook or a
     * budget may be named in it, and to try again is harmless: it makes the pod of the same name, or removes that of the same
     * UID.
     */
    static boolean definite(KubernetesClientException e) {
        boolean storeTimedOut = e.getCode() == HttpURLConnection.HTTP_INTERNAL_ERROR
                && String.valueOf(e.getMessage()).contains("etcdserver");
        return e.getCode() >= HttpURLConnection.HTTP_BAD_REQUEST
                && e.getCode() != HttpURLConnection.HTTP_GATEWAY_TIMEOUT
                && !storeTimedOut;
    }

    /** One printable line of bounded length: the server's words, and its causes when they say more. */
    public static String said(KubernetesClientException e) {
        Status status = e.getStatus();
        if (status == null || status.getMessage() == null || status.getMessage().isBlank()) {
            return e.getCode() <= 0 ? "no answer from the API server" : "HTTP " + e.getCode();
        }
        if (status.getMessage().contains(UNKNOWN_OWNER)) {
            return "the API server's admission does not know WorkerPools yet; it learns of a new CRD within 30 s";
        }
        List<StatusCause> causes =
                status.getDetails() == null ? List.of() : status.getDetails().getCauses();
        return oneLine(Stream.concat(
                        Stream.of(status.getMessage()),
                        causes.stream()
                                .map(StatusCause::getMessage)
                                .filter(Objects::nonNull)
                                .filter(cause -> !status.getMessage().contains(cause)))
                .collect(Collectors.joining(" ")));
    }

    /** What it said of the PodDisruptionBudget in the way, by its name; the rest is the same for all of them. */
    static Optional<String> budget(KubernetesClientException e) {
        return Optional.ofNullable(e.getStatus())
                .map(Status::getDetails)
                .flatMap(details -> details.getCauses().stream()
                        .filter(cause -> "DisruptionBudget".equals(cause.getReason()))
                        .map(StatusCause::getMessage)
                        .filter(Objects::nonNull)
                        .findFirst())
                .map(ApiError::oneLine);
    }

    static String oneLine(String text) {
        return OneLine.of(text, LONGEST);
    }
}
