package dev.workerpool.operator.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.act.ScriptedServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.javaoperatorsdk.operator.health.InformerHealthIndicator;
import io.javaoperatorsdk.operator.health.Status;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class InformerTest {
    private static final InformerHealthIndicator PODS = new InformerHealthIndicator() {
        @Override
        public boolean hasSynced() {
            return true;
        }

        @Override
        public boolean isWatching() {
            return true;
        }

        @Override
        public boolean isRunning() {
            return true;
        }

        @Override
        public String getTargetNamespace() {
            return "shop";
        }

        @Override
        public Status getStatus() {
            return Status.HEALTHY;
        }
    };

    /** A worker whose label was taken off is there still: asked for by its name alone, the watch would seem to hang. */
    @Test
    void asksOnlyForWhatTheCacheHolds() throws IOException {
        try (ScriptedServer server = new ScriptedServer()) {
            server.answer("GET", "/pods", 200, """
                    {"kind": "PodList", "apiVersion": "v1", "items": [
                      {"metadata": {"name": "web-1-0", "namespace": "shop", "resourceVersion": "7"}}]}""");
            Informer informer = new Informer.Watched(
                    PODS,
                    ResourceDefinitionContext.fromResourceType(Pod.class),
                    "workerpool.dev/pool",
                    server.client());
            assertThat(informer.onServer(new ResourceID("web-1-0", "shop"))).contains("7");
            assertThat(informer.onServer(new ResourceID("web-1-1", "shop"))).isEmpty();
            assertThat(server.requests().getFirst())
                    .contains("labelSelector=workerpool.dev%2Fpool", "fieldSelector=metadata.name%3Dweb-1-0");
        }
    }
}
