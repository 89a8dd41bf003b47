package dev.workerpool.e2e.cluster;

import static org.awaitility.Awaitility.await;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.e2e.Crd;
import dev.workerpool.e2e.PatientClient;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests on the cluster of the present KUBECONFIG, whose nodes have the image {@code workerpool.dev/worker:e2e}
 * (e2e/cluster). Each class has a namespace of its own, and takes it away; the CRD is applied, and stays.
 */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class NamespaceTest {
    /** The API server's audit log, if this is its machine: e2e/cluster has one, with every write in it. */
    protected static final Optional<Path> AUDIT_LOG =
            Optional.ofNullable(System.getenv("AUDIT_LOG")).map(Path::of);

    protected KubernetesClient client;
    protected String namespace;

    /** What a person needs to see of a test that failed, before it is gone. */
    @RegisterExtension
    final AfterTestExecutionCallback onFailure =
            test -> test.getExecutionException().ifPresent(cause -> {
                System.out.println("---- " + test.getDisplayName() + " failed: " + cause.getMessage());
                client.resources(WorkerPool.class).inNamespace(namespace).list().getItems().stream()
                        .map(pool -> Serialization.asYaml(pool.getStatus()))
                        .forEach(System.out::println);
                client.pods().inNamespace(namespace).list().getItems().stream()
                        .map(pod -> pod.getMetadata().getName() + " " + Serialization.asJson(pod.getStatus()))
                        .forEach(System.out::println);
                System.out.println("---- the operator's log\n" + operatorLog());
            });

    /** Of the operator that works on this class's pools. */
    protected abstract String operatorLog();

    @BeforeAll
    final void makeNamespace() throws IOException {
        client = PatientClient.create();
        Crd.applyOnce(client);
        namespace = newNamespace();
    }

    /** Made with {@link #namespaceLabels()}; whoever asks for more than {@link #namespace} takes it away. */
    protected final String newNamespace() {
        String name = "e2e-" + UUID.randomUUID().toString().substring(0, 8);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels(namespaceLabels())
                        .endMetadata()
                        .build())
                .create();
        await("the namespace's ServiceAccount")
                .atMost(Duration.ofMinutes(3))
                .until(() -> client.serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
        return name;
    }

    protected Map<String, String> namespaceLabels() {
        return Map.of();
    }

    @AfterAll
    final void deleteNamespace() {
        if (namespace != null) {
            client.namespaces().withName(namespace).delete();
        }
        client.close();
    }

    /** A new pool with a change of {@link Pool#PLAIN}, given as a JSON merge patch in YAML. */
    protected Pool create(String name, String change) {
        return Pool.create(client, namespace, name, change);
    }
}
