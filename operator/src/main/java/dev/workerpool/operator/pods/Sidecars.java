package dev.workerpool.operator.pods;

import io.fabric8.kubernetes.api.model.Container;

/** Tells the init containers that stay from those that end. */
final class Sidecars {
    private Sidecars() {}

    /** Whether an init container is a sidecar: it is restarted always, and may have probes. */
    static boolean isSidecar(Container initContainer) {
        return "Always".equals(initContainer.getRestartPolicy());
    }
}
