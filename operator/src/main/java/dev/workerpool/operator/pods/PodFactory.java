package dev.workerpool.operator.pods;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.Lifecycle;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the pod of a worker (contract, sections 1 and 2). */
public final class PodFactory {
    private static final String VERSION_IN_IMAGE = "$(APP_VERSION)";

    private PodFactory() {}

    /**
     * The pod to create; the content's template is left as it is.
     *
     * @param pool that owns it: its name, namespace and UID are used, its spec is not
     * @param content what the pod is made from: the spec's, or a kept revision's
     * @param slot from 1
     * @param generation from 0
     */
    public static Pod pod(WorkerPool pool, RevisionContent content, int slot, int generation) {
        PodTemplateSpec template = content.copyOfTemplate();
        PodSpec spec = template.getSpec();
        List<EnvVar> worker = List.of(
                env("APP_VERSION", content.version()),
                env("WORKER_ID", Integer.toString(slot)),
                env("WORKER_GENERATION", Integer.toString(generation)));
        for (Container container : spec.getInitContainers()) {
            addVersionAndEnvironment(container, content.version(), worker);
        }
        for (Container container : spec.getContainers()) {
            addVersionAndEnvironment(container, content.version(), worker);
            addDrain(container, content.delaySeconds());
        }
        spec.setTerminationGracePeriodSeconds(content.graceSeconds());
        return new PodBuilder()
                .withMetadata(metadata(pool, template.getMetadata(), content, slot, generation))
                .withSpec(spec)
                .build();
    }

    private static ObjectMeta metadata(
            WorkerPool pool, ObjectMeta template, RevisionContent content, int slot, int generation) {
        ObjectMeta given = template == null ? new ObjectMeta() : template;
        Map<String, String> labels = copy(given.getLabels());
        labels.put(Labels.POOL, pool.getMetadata().getName());
        labels.put(Labels.WORKER, Integer.toString(slot));
        labels.put(Labels.REVISION, content.revision());
        labels.put(Labels.VERSION, content.version());
        Map<String, String> annotations = copy(given.getAnnotations());
        annotations.put(Labels.VERSION_ANNOTATION, content.version());
        annotations.put(Labels.GENERATION, Integer.toString(generation));
        ObjectMeta own = new ObjectMeta();
        own.setName(new PodName(pool.getMetadata().getName(), slot, generation).format());
        own.setNamespace(pool.getMetadata().getNamespace());
        own.setLabels(labels);
        own.setAnnotations(annotations);
        own.setFinalizers(given.getFinalizers());
        own.setOwnerReferences(List.of(owner(pool)));
        return own;
    }

    private static OwnerReference owner(WorkerPool pool) {
        return new OwnerReferenceBuilder()
                .withApiVersion(WorkerPool.GROUP + "/" + WorkerPool.VERSION)
                .withKind(WorkerPool.KIND)
                .withName(pool.getMetadata().getName())
                .withUid(pool.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build();
    }

    /** Ours first, so that Kubernetes' {@code $(APP_VERSION)} works in the template's; of one name the template's. */
    private static void addVersionAndEnvironment(Container container, String version, List<EnvVar> worker) {
        if (container.getImage() != null) {
            container.setImage(container.getImage().replace(VERSION_IN_IMAGE, version));
        }
        List<EnvVar> own = container.getEnv();
        List<EnvVar> all = new ArrayList<>(worker);
        all.removeIf(ours -> own.stream().anyMatch(e -> ours.getName().equals(e.getName())));
        all.addAll(own);
        container.setEnv(all);
    }

    private static void addDrain(Container container, int delaySeconds) {
        Lifecycle lifecycle = container.getLifecycle() == null ? new Lifecycle() : container.getLifecycle();
        if (delaySeconds == 0 || lifecycle.getPreStop() != null) {
            return;
        }
        lifecycle.setPreStop(
                new LifecycleHandlerBuilder().withNewSleep((long) delaySeconds).build());
        container.setLifecycle(lifecycle);
    }

    private static EnvVar env(String name, String value) {
        return new EnvVarBuilder().withName(name).withValue(value).build();
    }

    private static Map<String, String> copy(Map<String, String> map) {
        return map == null ? new LinkedHashMap<>() : new LinkedHashMap<>(map);
    }
}
