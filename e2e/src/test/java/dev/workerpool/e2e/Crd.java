package dev.workerpool.e2e;

import dev.workerpool.api.WorkerPool;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;

/** The CRD on the cluster under test; it stays there. */
public final class Crd {
    private static boolean applied;

    private Crd() {}

    /** Applies it, and returns once it is served. Once a run: its schema is large, and costs an API server a second each time. */
    public static synchronized void applyOnce(KubernetesClient client) throws IOException {
        var stored = client.apiextensions().v1().customResourceDefinitions().withName("workerpools.workerpool.dev");
        if (applied && stored.get() != null) {
            return;
        }
        try (InputStream crd = WorkerPool.class.getResourceAsStream("/workerpools.workerpool.dev-v1.yml")) {
            client.load(crd).forceConflicts().serverSideApply();
        }
        stored.waitUntilCondition(
                crd -> crd.getStatus().getConditions() != null
                        && crd.getStatus().getConditions().stream()
                                .anyMatch(c -> c.getType().equals("Established")
                                        && c.getStatus().equals("True")),
                30,
                TimeUnit.SECONDS);
        applied = true;
    }
}
