package dev.workerpool.operator.pods;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.workerpool.api.WorkerPoolSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What a pod is made from (contract, section 2). Everything that rolls the pool when it changes is in here, and nothing
 * else: two specs with the same content have the same revision on every machine and at every release.
 *
 * @param template as the user wrote it; not to be changed
 * @param version a label value
 * @param restartedAt null when absent or empty
 * @param drain only what differs from the defaults, null when nothing does
 */
public record RevisionContent(
        PodTemplateSpec template, String version, String restartedAt, WorkerPoolSpec.Drain drain) {
    private static final int DELAY_SECONDS = 5;
    private static final int TIMEOUT_SECONDS = 30;
    // No vowels and nothing that looks like another character, as in Kubernetes' own hashes.
    private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
    private static final int LENGTH = 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Leaves defaults out, so that a default that is added or written out later rolls nothing.
     *
     * @throws IllegalArgumentException naming the field, if the version or the template's pod spec is missing
     */
    public RevisionContent {
        if (version == null || version.isEmpty()) {
            throw new IllegalArgumentException("spec.version is missing; set it to the version to run");
        }
        if (template == null || template.getSpec() == null) {
            throw new IllegalArgumentException("spec.template.spec is missing; describe the pod of a worker there");
        }
        restartedAt = restartedAt == null || restartedAt.isEmpty() ? null : restartedAt;
        drain = withoutDefaults(drain);
    }

    /**
     * The content that a spec asks for, read the way a kept one is: a copy, in which what was null is absent.
     *
     * @throws IllegalArgumentException as the constructor does
     */
    public static RevisionContent of(WorkerPoolSpec spec) {
        RevisionContent asked = new RevisionContent(spec.template(), spec.version(), spec.restartedAt(), spec.drain());
        return fromData(asked.toData());
    }

    /**
     * Reads what {@link #toData()} wrote.
     *
     * @param data of a ControllerRevision: any JSON object, as a tree, a map or a string
     * @throws IllegalArgumentException if it is no such content
     */
    public static RevisionContent fromData(Object data) {
        try {
            JsonNode tree = data instanceof String text ? JSON.readTree(text) : JSON.valueToTree(data);
            if (tree == null || !tree.isObject()) {
                throw new IllegalArgumentException("the record of a revision holds no content");
            }
            return new RevisionContent(
                    JSON.convertValue(tree.get("template"), PodTemplateSpec.class),
                    tree.path("version").asText(null),
                    tree.path("restartedAt").asText(null),
                    JSON.convertValue(tree.get("drain"), WorkerPoolSpec.Drain.class));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the record of a revision is not JSON", e);
        }
    }

    /** The content as a JSON object in canonical form, for the {@code data} of a ControllerRevision. */
    public JsonNode toData() {
        ObjectNode data = JSON.createObjectNode();
        data.set("template", JSON.valueToTree(template));
        data.put("version", version);
        if (restartedAt != null) {
            data.put("restartedAt", restartedAt);
        }
        if (drain != null) {
            data.set("drain", JSON.valueToTree(drain));
        }
        return CanonicalJson.of(data);
    }

    /** The hash of this content: ten characters, fit for labels and names. */
    public String revision() {
        try {
            byte[] text = JSON.writeValueAsString(toData()).getBytes(StandardCharsets.UTF_8);
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text);
            StringBuilder revision = new StringBuilder(LENGTH);
            for (int i = 0; i < LENGTH; i++) {
                revision.append(ALPHABET.charAt(Byte.toUnsignedInt(hash[i]) % ALPHABET.length()));
            }
            return revision.toString();
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JSON tree can be written, and every JDK has SHA-256", e);
        }
    }

    /** A copy of the template that may be changed. */
    PodTemplateSpec copyOfTemplate() {
        return JSON.convertValue(JSON.valueToTree(template), PodTemplateSpec.class);
    }

    /** How long a leaving worker keeps serving, in seconds, 0 or more. */
    public int delaySeconds() {
        return drain == null || drain.delaySeconds() == null ? DELAY_SECONDS : drain.delaySeconds();
    }

    /** From the deletion of a worker to its SIGKILL, in seconds: the template's own, else drain delay + timeout. */
    public long graceSeconds() {
        Long own = template.getSpec().getTerminationGracePeriodSeconds();
        int timeout = drain == null || drain.timeoutSeconds() == null ? TIMEOUT_SECONDS : drain.timeoutSeconds();
        return own != null ? own : (long) delaySeconds() + timeout;
    }

    private static WorkerPoolSpec.Drain withoutDefaults(WorkerPoolSpec.Drain drain) {
        if (drain == null) {
            return null;
        }
        Integer delay = Integer.valueOf(DELAY_SECONDS).equals(drain.delaySeconds()) ? null : drain.delaySeconds();
        Integer timeout =
                Integer.valueOf(TIMEOUT_SECONDS).equals(drain.timeoutSeconds()) ? null : drain.timeoutSeconds();
        return delay == null && timeout == null ? null : new WorkerPoolSpec.Drain(delay, timeout);
    }
}
