package dev.workerpool.operator;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lease by which of several operators exactly one works. */
final class Leadership {
    static final String LEASE = "workerpool-operator";
    private static final Logger log = LoggerFactory.getLogger(Leadership.class);

    private final String namespace;
    private final String identity = System.getenv().getOrDefault("HOSTNAME", "operator") + "-" + UUID.randomUUID();

    Leadership(String namespace) {
        this.namespace = namespace;
    }

    /** {@code lost} is called when the lease went to another, or could not be renewed in time. */
    LeaderElectionConfiguration configuration(Runnable lost) {
        return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(LEASE)
                .withLeaseNamespace(namespace)
                .withIdentity(identity)
                .withLeaderCallbacks(new LeaderCallbacks(
                        () -> log.info("Leading, by lease {}/{}", namespace, LEASE),
                        lost,
                        leader -> log.info("The leader is {}", leader)))
                .build();
    }

    /** Gives the lease up, if it is ours, so that the next leader need not wait until it runs out. */
    void release(KubernetesClient client) {
        try {
            Lease lease = client.leases().inNamespace(namespace).withName(LEASE).get();
            if (lease != null && identity.equals(lease.getSpec().getHolderIdentity())) {
                lease.getSpec().setHolderIdentity(null);
                lease.getSpec().setLeaseDurationSeconds(1);
                client.resource(lease).update();
            }
        } catch (KubernetesClientException e) {
            log.warn("Lease {}/{} is not given up and runs out by itself: {}", namespace, LEASE, e.getMessage());
        }
    }
}
