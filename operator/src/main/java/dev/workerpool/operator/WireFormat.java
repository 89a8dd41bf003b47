package dev.workerpool.operator;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Optional;

/**
 * How objects are read from the API server's JSON and written to it. It knows by name what the operator watches, and
 * does not look for the other 500 kinds of the client's model, which costs a tenth of the start; they are read as what
 * a call asks for.
 */
final class WireFormat {
    private WireFormat() {}

    /**
     * Also begins, on a thread of its own, to prepare the reading of pods: that takes a quarter of the start's CPU, and
     * would else begin only when all the rest is done. Who reads anything meanwhile waits for it.
     *
     * @param leases how they are read, if this process asks who leads
     */
    static KubernetesSerialization preparing(Optional<ObservedLease> leases) {
        ObjectMapper mapper = new ObjectMapper();
        leases.ifPresent(mapper::registerModule);
        KubernetesSerialization format = new KubernetesSerialization(mapper, false);
        List.of(WorkerPool.class, Pod.class, ControllerRevision.class, Status.class)
                .forEach(format::registerKubernetesResource);
        Thread.ofPlatform()
                .daemon()
                .name("prepare-reading")
                .start(() -> format.unmarshal("{\"items\":[{}]}", PodList.class));
        return format;
    }
}
