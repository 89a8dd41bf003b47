package dev.workerpool.e2e.installed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.api.Reason;
import dev.workerpool.e2e.cluster.Load;
import dev.workerpool.e2e.cluster.Load.Mode;
import dev.workerpool.e2e.cluster.LocalCluster;
import dev.workerpool.e2e.cluster.LocalCluster.Fault;
import dev.workerpool.e2e.cluster.PodRecord;
import dev.workerpool.e2e.cluster.Pool;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** Two operators, of which one works: what becomes of a rollout when that one is killed, cut off or paused in its middle. */
@Isolated("the operator works on the pools of all namespaces")
class HighAvailabilityE2E extends InstalledTest {
    private static final Duration LEASE = Duration.ofSeconds(15);
    /** Lease + 2 s are promised, and printed as figures; a busy machine has more time. */
    private static final Duration TAKEN_OVER_WITHIN = LEASE.plusSeconds(10);

    /** Enough that the leader writes at any moment. */
    private static final int POOLS = 4;

    private static final String NEW = "1.1.0-slow";

    @Override
    String directory() {
        return "overlays/ha";
    }

    @Test
    void whenTheLeaderIsKilledTheOtherGoesOnWithinLeaseAnd2Seconds() {
        LocalCluster cluster = LocalCluster.assumed("the operator's process is killed");
        Pool pool = create("killed", "spec: {replicas: 3, rollout: {progressDeadlineSeconds: 600}, drain: null}");
        pool.awaitUpToDate("1.0.0");
        int port = pool.expose();
        try (PodRecord pods = PodRecord.of(pool);
                Load load = Load.begin(port, Mode.NEW_CONNECTIONS, 50)) {
            pool.version(NEW);
            pool.await("the second new worker starts", s -> pool.pods(NEW).size() == 2);
            String holder = operator.holder().orElseThrow();
            Instant killed = Instant.now();
            cluster.kill(operator.leader());
            Duration took = takenOver(killed, holder, "killed");

            Steps.verifyOneRollout(pool, pods, NEW);
            assertThat(load.end().failures()).as("requests lost").isEmpty();
            assertThat(took).isLessThan(TAKEN_OVER_WITHIN);
        } finally {
            pool.delete();
        }
        operator.awaitReady();
    }

    @Test
    void aLeaderThatIsCutOffFromTheApiServerWritesNothingMore() {
        LocalCluster cluster = LocalCluster.assumed("the operator's network is cut");
        List<Pool> pools = pools("cut");
        Pod leader = operator.leader();
        String holder = operator.holder().orElseThrow();
        try (Records records = new Records(pools)) {
            pools.forEach(pool -> pool.version(NEW));
            pools.getFirst().await("the first new worker starts", s -> !pools.getFirst()
                    .pods(NEW)
                    .isEmpty());
            Instant cut = Instant.now();
            Duration took;
            Duration ended;
            Fault fault = cluster.cutOff(leader, apiServer());
            try {
                ended = Duration.between(cut, awaitEnd(leader));
                took = takenOver(cut, holder, "cut off");
            } finally {
                fault.close();
            }
            System.out.printf("FIGURES leader cut off: it ended by itself after %s%n", seconds(ended));
            records.verify();
            assertThat(ended).as("it ends before another may lead").isLessThan(LEASE);
            assertThat(took).isLessThan(TAKEN_OVER_WITHIN);
            wroteNothingMore(leader, cut);
        } finally {
            pools.forEach(Pool::delete);
        }
        operator.awaitReady(); // it is back, and stands by
    }

    @Test
    void aLeaderThatIsPausedForLongerThanItsLeaseWritesNothingMore() throws InterruptedException {
        LocalCluster cluster = LocalCluster.assumed("the operator's process is paused");
        List<Pool> pools = pools("paused");
        Pod leader = operator.leader();
        String holder = operator.holder().orElseThrow();
        try (Records records = new Records(pools)) {
            pools.forEach(pool -> pool.version(NEW));
            pools.getFirst().await("the first new worker starts", s -> !pools.getFirst()
                    .pods(NEW)
                    .isEmpty());
            Instant paused = Instant.now();
            Duration took;
            Fault fault = cluster.pause(leader);
            try {
                took = takenOver(paused, holder, "paused");
                TimeUnit.SECONDS.sleep(2); // the other one is at work: what the paused one still wants is stale
            } finally {
                fault.close();
            }
            awaitEnd(leader);
            records.verify();
            assertThat(took).isLessThan(TAKEN_OVER_WITHIN);
            wroteNothingMore(leader, paused);
        } finally {
            pools.forEach(Pool::delete);
        }
        operator.awaitReady();
    }

    /**
     * Who leads ends when it cannot renew the lease; ended again and again it would be started ever later. Of the one API
     * server here, pods hear when kube-proxy has heard that it is back, which sleeps on meanwhile.
     */
    @Test
    void anApiServerThatIsAwayIsWaitedOut() throws InterruptedException {
        LocalCluster cluster = LocalCluster.assumed("the API server is stopped");
        Pool pool = create("away", "spec: {replicas: 1}");
        pool.awaitUpToDate("1.0.0");
        int restarts = restarts();
        Fault away = cluster.withoutApiServer();
        try {
            TimeUnit.SECONDS.sleep(40); // it is the fault itself that lasts so long; nothing is waited for
        } finally {
            away.close();
        }
        Instant back = Instant.now();
        try {
            pool.version("2.0.0-crash");
            pool.await("the rollout begins", s -> s.rollout() != null);
            Duration begun = Duration.between(back, Instant.now());
            pool.await(Reason.RolledBack); // scheduler and kubelet sleep on for a while, too
            System.out.printf(
                    "FIGURES API server away for 40 s: the next rollout began %s after that, and had failed and was back"
                            + " after %s; containers of the operator restarted: %d%n",
                    seconds(begun), seconds(Duration.between(back, Instant.now())), restarts() - restarts);
            assertThat(restarts() - restarts).isLessThanOrEqualTo(2);
        } finally {
            pool.delete();
        }
        operator.awaitReady();
    }

    private int restarts() {
        return operator.pods().stream()
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .mapToInt(status -> status.getRestartCount())
                .sum();
    }

    private List<Pool> pools(String name) {
        List<Pool> pools = IntStream.range(0, POOLS)
                .mapToObj(i -> create(name + i, "spec: {replicas: 2, rollout: {progressDeadlineSeconds: 600}}"))
                .toList();
        pools.forEach(pool -> pool.awaitUpToDate("1.0.0"));
        return pools;
    }

    private String apiServer() {
        return client.services()
                .inNamespace("default")
                .withName("kubernetes")
                .get()
                .getSpec()
                .getClusterIP();
    }

    private Duration takenOver(Instant since, String holder, String what) {
        String other = operator.awaitOtherThan(holder);
        Duration took = Duration.between(since, Instant.now());
        System.out.printf("FIGURES leader %s in the middle of a step: another led after %s%n", what, seconds(took));
        assertThat(other).isNotEqualTo(holder);
        return took;
    }

    /** Waits until its container has ended, and says why; when that was, in whole seconds. */
    private Instant awaitEnd(Pod pod) {
        ContainerStateTerminated end = await("the leader has ended")
                .atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> end(pod), Optional::isPresent)
                .orElseThrow();
        assertThat(end.getExitCode()).isEqualTo(1);
        assertThat(end.getMessage()).contains("Lease workerpool-system/workerpool-operator is lost");
        return Instant.parse(end.getFinishedAt());
    }

    private Optional<ContainerStateTerminated> end(Pod before) {
        var was = before.getStatus().getContainerStatuses().getFirst();
        var is = client.pods()
                .resource(before)
                .get()
                .getStatus()
                .getContainerStatuses()
                .getFirst();
        return Stream.of(is.getState(), is.getLastState())
                .map(state -> state.getTerminated())
                .filter(end -> end != null && end.getContainerID().equals(was.getContainerID()))
                .findFirst();
    }

    /** From the audit log: nothing that it asked for after another had the lease was carried out. */
    private void wroteNothingMore(Pod leader, Instant since) {
        String name = leader.getMetadata().getName();
        List<Audit.Request> requests = new Audit(AUDIT_LOG.orElseThrow()).since(since);
        Instant takenOver = requests.stream()
                .filter(request ->
                        request.ofLease() && request.wrote() && !request.pod().equals(name))
                .map(Audit.Request::at)
                .findFirst()
                .orElseThrow();
        List<Audit.Request> late = requests.stream()
                .filter(request -> request.pod().equals(name) && request.at().isAfter(takenOver))
                .filter(request -> !List.of("get", "list", "watch").contains(request.verb()))
                .toList();
        System.out.printf(
                "FIGURES after the other had the lease: %d writes of the old leader arrived, of %d requests in all%n",
                late.stream().filter(Audit.Request::wrote).count(), requests.size());
        assertThat(late.stream().filter(Audit.Request::wrote))
                .as("writes of %s after %s, when another had the lease", name, takenOver)
                .isEmpty();
    }

    /** One for each pool, begun before their rollouts. */
    private record Records(List<Pool> pools, List<PodRecord> pods) implements AutoCloseable {
        Records(List<Pool> pools) {
            this(pools, pools.stream().map(PodRecord::of).toList());
        }

        void verify() {
            for (int i = 0; i < pools.size(); i++) {
                Steps.verifyOneRollout(pools.get(i), pods.get(i), NEW);
            }
        }

        @Override
        public void close() {
            pods.forEach(PodRecord::close);
        }
    }
}
