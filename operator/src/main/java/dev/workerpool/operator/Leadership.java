package dev.workerpool.operator;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import java.net.HttpURLConnection;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lease by which of several operators exactly one works. It sees the client's calls, and so knows when the lease was
 * last renewed: a process that was paused or cut off for too long ends before it writes anything else, since another one
 * may lead by then. The elector alone would notice only with its next answer, and other threads write meanwhile.
 */
final class Leadership implements Interceptor {
    static final String LEASE = "workerpool-operator";
    /** Another operator may lead once it has not been renewed for so long. */
    static final Duration LASTS = Duration.ofSeconds(15);
    /** Who leads and could not renew it for so long ends: early enough for calls under way to arrive or be given up. */
    static final Duration RENEWED_WITHIN = Duration.ofSeconds(10);
    /**
     * Those who stand by look up to 2.2 times as seldom: they see the last renewal, and that it is {@link #LASTS} ago, each up
     * to 1.8 s late.
     */
    private static final Duration LOOKS_EVERY = Duration.ofMillis(800);

    private static final Logger log = LoggerFactory.getLogger(Leadership.class);

    private final String namespace;
    private final String identity = System.getenv().getOrDefault("HOSTNAME", "operator") + "-" + UUID.randomUUID();
    private final Consumer<String> lost;
    private final LongSupplier nanoTime;
    private volatile long askedAt;
    private volatile OptionalLong renewedAt = OptionalLong.empty();
    private volatile int refusal;
    private volatile boolean ending;
    private volatile boolean released;

    /**
     * Does nothing yet.
     *
     * @param namespace of the lease
     * @param lost told, in a sentence, that this process must not write any more
     */
    Leadership(String namespace, Consumer<String> lost) {
        this(namespace, lost, System::nanoTime);
    }

    Leadership(String namespace, Consumer<String> lost, LongSupplier nanoTime) {
        this.namespace = namespace;
        this.lost = lost;
        this.nanoTime = nanoTime;
    }

    LeaderElectionConfiguration configuration() {
        return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(LEASE)
                .withLeaseNamespace(namespace)
                .withIdentity(identity)
                .withLeaseDuration(LASTS)
                .withRenewDeadline(RENEWED_WITHIN)
                .withRetryPeriod(LOOKS_EVERY)
                .withLeaderCallbacks(new LeaderCallbacks(
                        () -> log.info("Leading, by lease {}/{}", namespace, LEASE),
                        this::lose,
                        leader -> log.info("The leader is {}", leader)))
                .build();
    }

    /** How the client is to read leases. */
    ObservedLease leases() {
        return new ObservedLease(identity, nanoTime);
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        if (request.method().equals("GET")) {
            return;
        }
        if (ofLease(request)) {
            askedAt = nanoTime.getAsLong();
        } else if (released) {
            throw new IllegalStateException(
                    "lease " + namespace + "/" + LEASE + " is given up: nothing is written any more");
        } else if (left() <= 0) {
            lose();
            throw new IllegalStateException(
                    "lease " + namespace + "/" + LEASE + " is lost: nothing is written any more");
        }
    }

    @Override
    public void after(HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        if (ofLease(request)) {
            tell(request, response.code());
        }
        if (!request.method().equals("GET") && ofLease(request) && response.isSuccessful()) {
            boolean first = renewedAt.isEmpty();
            renewedAt = OptionalLong.of(askedAt); // not when the answer came: the others count from before that
            if (first) {
                Thread.ofPlatform().daemon().name("lease").start(this::watch);
            }
        }
    }

    /** Of a refusal, once: the elector tries each second. That there is none, or another was quicker, is none. */
    private void tell(HttpRequest request, int code) {
        boolean refused = code >= HttpURLConnection.HTTP_BAD_REQUEST
                && code != HttpURLConnection.HTTP_NOT_FOUND
                && code != HttpURLConnection.HTTP_CONFLICT;
        if (refused && code != refusal) {
            log.warn("Lease {}/{}: the API server answers {} to {}", namespace, LEASE, code, request.method());
        }
        if (refused || request.method().equals("GET")) {
            refusal = refused ? code : 0;
        }
    }

    private static boolean ofLease(HttpRequest request) {
        return request.uri().getPath().startsWith("/apis/coordination.k8s.io/");
    }

    /** Ends a leader whose calls hang: they may pass after all when the network is back. */
    private void watch() {
        while (!ending && left() > 0) {
            LockSupport.parkNanos(LOOKS_EVERY.toNanos());
        }
        lose();
    }

    /** Nanoseconds in which this process may still write if the lease is not renewed; without end if it never led. */
    private long left() {
        OptionalLong since = renewedAt;
        return since.isEmpty() ? Long.MAX_VALUE : RENEWED_WITHIN.toNanos() - (nanoTime.getAsLong() - since.getAsLong());
    }

    private void lose() {
        if (!ending) {
            lost.accept("Lease " + namespace + "/" + LEASE + " is lost, or was not renewed for "
                    + RENEWED_WITHIN.toSeconds() + " s: another operator leads, or may soon, so this one ends; its pod"
                    + " starts it again");
        }
    }

    /** From now on it is no news that the lease goes to another. */
    void end() {
        ending = true;
    }

    /** When any operator last led, as the lease itself has it; empty if none ever did. */
    Optional<Instant> lastRenewal(KubernetesClient client) {
        GenericKubernetesResource lease = client.genericKubernetesResources(
                        ResourceDefinitionContext.fromResourceType(Lease.class))
                .inNamespace(namespace)
                .withName(LEASE)
                .get();
        return Optional.ofNullable(lease)
                .map(written -> written.<String>get("spec", "renewTime"))
                .map(Instant::parse);
    }

    /** Gives the lease up, if it is ours, so that the next leader need not wait until it runs out. */
    void release(KubernetesClient client) {
        released = true;
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
