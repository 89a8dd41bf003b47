package dev.workerpool.api;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
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
public class WorkerPool extends CustomResource<WorkerPoolSpec, WorkerPoolStatus> implements Namespaced {
    public static final String GROUP = "workerpool.dev";
    public static final String VERSION = "v1alpha1";
    public static final String KIND = "WorkerPool";
}
