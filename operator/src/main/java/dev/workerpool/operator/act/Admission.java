package dev.workerpool.operator.act;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.pods.PodFactory;
import dev.workerpool.operator.pods.RevisionContent;
import dev.workerpool.operator.pods.TemplateCheck.Refusal;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Asks the API server's admission about a pod of the spec, by dry run (contract, section 1). */
final class Admission {
    /** Answers 403 that speak of the namespace or of what the pod names, not of the pod: they mend by themselves. */
    private static final List<String> NO_VERDICT = List.of(
            "exceeded quota",
            "failed quota",
            "status unknown for quota",
            "error looking up service account",
            "no priorityclass with name",
            "is being terminated",
            "cannot create resource",
            "failed calling webhook",
            "failed to call webhook",
            "not yet ready to handle request");

    private final PodCalls calls;

    Admission(PodCalls calls) {
        this.calls = calls;
    }

    /** Empty: admission has nothing against it, or could not say. */
    Optional<Refusal> ask(Assignment a, Action.DryRun action) {
        Pod pod = PodFactory.pod(a.pool(), RevisionContent.of(a.pool().getSpec()), action.slot(), action.generation());
        // With it, admission looks for the owner's kind, which it does not know in the first seconds of a CRD: that is
        // no fault of the template. The record, which is made next, waits for it.
        pod.getMetadata().getOwnerReferences().forEach(owner -> owner.setBlockOwnerDeletion(null));
        try {
            calls.dryRun(pod);
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return isVerdict(e.getCode(), ApiError.said(e))
                    ? Optional.of(new Refusal(
                            "InvalidTemplate",
                            "the API server refuses a pod of spec.template: " + ApiError.said(e)
                                    + ". Correct that in spec.template of pool " + a.name() + " and apply it again"))
                    : Optional.empty();
        }
    }

    /** Whether an answer is about the pod itself. */
    static boolean isVerdict(int code, String message) {
        return switch (code) {
            case HttpURLConnection.HTTP_BAD_REQUEST, ApiError.UNPROCESSABLE, HttpURLConnection.HTTP_FORBIDDEN -> {
                String text = message.toLowerCase(Locale.ROOT);
                yield NO_VERDICT.stream().noneMatch(text::contains);
            }
            default -> false;
        };
    }
}
