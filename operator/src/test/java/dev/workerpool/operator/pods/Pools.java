package dev.workerpool.operator.pods;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.api.WorkerPoolSpec;
import io.fabric8.kubernetes.client.utils.Serialization;

/** Pools and specs for tests, written as a user writes them and read as the client reads them. */
final class Pools {
    static final String TEMPLATE = """
            template:
              metadata:
                labels: {app: web, tier: front}
              spec:
                containers:
                - name: app
                  image: registry.example/web:$(APP_VERSION)
                  env:
                  - {name: MODE, value: "$(APP_VERSION)"}
                  resources:
                    requests: {cpu: 500m, memory: 64Mi}
                  readinessProbe:
                    httpGet: {path: /ready, port: 8000}
                volumes:
                - name: scratch
                  emptyDir: {}
            """;

    private Pools() {}

    static WorkerPoolSpec spec(String yaml) {
        return Serialization.unmarshal(yaml, WorkerPoolSpec.class);
    }

    /** A pool {@code web} with this spec, given as YAML without indentation. */
    static WorkerPool pool(String specYaml) {
        WorkerPool pool = new WorkerPool();
        pool.getMetadata().setName("web");
        pool.getMetadata().setNamespace("shop");
        pool.getMetadata().setUid("0a1b2c3d-1111-2222-3333-444455556666");
        pool.setSpec(spec(specYaml));
        return pool;
    }
}
