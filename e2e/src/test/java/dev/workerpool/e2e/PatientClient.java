package dev.workerpool.e2e;

import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;

/**
 * The tests' own way to the cluster of the present KUBECONFIG. It waits a minute for an answer: a machine with two cores,
 * on which nodes, operators and tests run at once, was seen to stand still for longer than the usual 10 s.
 */
public final class PatientClient {
    private static final int MILLIS = 60_000;

    private PatientClient() {}

    public static KubernetesClient create() {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withConnectionTimeout(MILLIS)
                        .withRequestTimeout(MILLIS)
                        .build())
                .build();
    }
}
