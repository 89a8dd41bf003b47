package dev.workerpool.e2e.cluster;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/** Workers that a Service may stand before: those of a pool, or for comparison those of a Deployment. */
public sealed interface Served permits Pool, Deployed {
    KubernetesClient client();

    String namespace();

    String name();

    /** The labels that its pods bear, and no others. */
    Map<String, String> selector();

    void version(String version);

    void scale(int replicas);

    /** Waits until every worker runs that version and nothing else is there. */
    void awaitOnly(String version);

    void delete();

    /** All pods, terminating ones too. */
    default List<Pod> pods() {
        return client().pods()
                .inNamespace(namespace())
                .withLabels(selector())
                .list()
                .getItems();
    }

    /** Puts a Service before them; its port on 127.0.0.1, once it answers. */
    default int expose() {
        Service service = client().resource(new ServiceBuilder()
                        .withNewMetadata()
                        .withName(name())
                        .endMetadata()
                        .withNewSpec()
                        .withType("NodePort")
                        .withSelector(selector())
                        .addNewPort()
                        .withPort(80)
                        .withTargetPort(new IntOrString(8000))
                        .endPort()
                        .endSpec()
                        .build())
                .inNamespace(namespace())
                .create();
        int port = service.getSpec().getPorts().getFirst().getNodePort();
        Awaitility.await("the Service's port").atMost(Duration.ofMinutes(3)).until(() -> Load.answers(port));
        return port;
    }
}
