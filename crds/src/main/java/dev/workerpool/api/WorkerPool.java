package dev.workerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/** A number of workers that all run one version; editing {@code spec.version} deploys (contract, section 1). */
@Group(WorkerPool.GROUP)
@Version(WorkerPool.VERSION)
@Kind(WorkerPool.KIND)
@Singular("workerpool")
@Plural("workerpools")
@ShortNames("wp")
@Categories("all")
@AdditionalPrinterColumn(name = "Version", jsonPath = ".spec.version", type = Type.STRING)
@AdditionalPrinterColumn(name = "Running", jsonPath = ".status.version", type = Type.STRING)
@AdditionalPrinterColumn(name = "Desired", jsonPath = ".spec.replicas", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Updated", jsonPath = ".status.updatedReplicas", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Available", jsonPath = ".status.availableReplicas", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Progress", jsonPath = ".status.rollout.progress", type = Type.STRING)
@AdditionalPrinterColumn(
        name = "Status",
        jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
        type = Type.STRING)
@AdditionalPrinterColumn(name = "Breaker", jsonPath = ".status.circuitBreaker.state", type = Type.STRING)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
@ValidationRule(
        value = "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$')",
        message =
                "metadata.name must be 1 to 50 lower case letters, digits and '-', with a letter or digit at both ends:"
                        + " the names of the workers' pods begin with it; choose another name")
@JsonDeserialize(using = StoredPool.class)
public class WorkerPool extends CustomResource<WorkerPoolSpec, WorkerPoolStatus> implements Namespaced {
    public static final String GROUP = "workerpool.dev";
    public static final String VERSION = "v1alpha1";
    public static final String KIND = "WorkerPool";

    /** In memory alone; kept with the metadata, because caches copy objects by way of JSON. */
    private static final String UNREADABLE = "unreadable";

    /** Why the stored spec cannot be read, naming the field; null if it can. */
    @JsonIgnore
    public String getUnreadable() {
        return (String) getMetadata().getAdditionalProperties().get(UNREADABLE);
    }

    void setUnreadable(String why) {
        getMetadata().setAdditionalProperty(UNREADABLE, why);
    }
}
