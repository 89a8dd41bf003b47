package dev.workerpool.e2e.cluster;

import static org.awaitility.Awaitility.await;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.e2e.proxy.ApiProxy;
import dev.workerpool.e2e.proxy.Call;
import dev.workerpool.e2e.proxy.Fault;
import dev.workerpool.e2e.proxy.Faults;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A namespace with an operator behind a proxy of its own, in which pools go through stories one after another. */
final class CrashLane implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    /** Longer than a status may lag behind: whoever has not written for so long rests. */
    private static final Duration REST = Duration.ofMillis(2500);

    private final KubernetesClient client;
    private final String namespace;
    private final ApiProxy proxy;
    private volatile OperatorProcess operator;
    private int pools;

    CrashLane(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
        proxy = ApiProxy.before(client.getConfiguration());
        operator = OperatorProcess.start(namespace, proxy.kubeconfig());
    }

    /**
     * How a story went.
     *
     * @param last the write after which the operator was killed; empty if it ended before
     * @param writes all that were carried out for this pool, in their order
     * @param works from the new operator's start until it says that it works
     * @param cpu what it has used until then
     * @param acts from its start until its first write
     * @param ends from its start until the story has ended
     */
    record Run(
            String pool,
            Optional<Call> last,
            List<Call> writes,
            Optional<Duration> works,
            Optional<Duration> cpu,
            Optional<Duration> acts,
            Optional<Duration> ends,
            WorkerPoolStatus status,
            List<Event> events,
            List<String> pods,
            List<String> violations,
            int fewestReady,
            int mostLive,
            List<String> lines) {}

    private void restart() {
        operator.close();
        proxy.faults(Faults.NONE);
        operator = OperatorProcess.start(namespace, proxy.kubeconfig());
    }

    /** Tells a new pool's story; the operator is killed right after its n-th write for it, and started again. 0: never. */
    Run run(CrashStory story, int n) {
        String name = "%s-%03d-%d".formatted(story.name(), n, ++pools);
        if (!operator.isAlive()) {
            restart(); // a story before this one was broken off
        }
        Pool pool = Pool.create(client, namespace, name, CrashStory.POOL);
        try {
            return run(story, pool, n);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(
                    "%s: %s%n%s%nwrites:%n%s%nthe operator's log:%n%s"
                            .formatted(
                                    name, e, Serialization.asYaml(pool.status()), lines(writes(pool)), operator.log()),
                    e);
        } finally {
            proxy.faults(Faults.NONE);
            pool.resource().delete();
        }
    }

    private Run run(CrashStory story, Pool pool, int n) {
        pool.awaitUpToDate("1.0.0");
        await("the new pool rests").atMost(PATIENCE).until(() -> rests(pool));
        int already = writes(pool).size();
        Killer killer = new Killer(pool.name(), n);
        try (PodRecord pods = PodRecord.of(pool)) {
            proxy.faults(killer);
            pool.edit(story.edit());
            await("the operator is killed, or the story ends")
                    .atMost(PATIENCE)
                    .until(() -> killer.done || rests(pool) && story.ended(pool));
            boolean killed = killer.disarm();
            await("the operator is dead").atMost(PATIENCE).until(() -> killer.done || !killed);
            Instant restarted = Instant.now();
            Optional<Duration> works = Optional.empty();
            Optional<Duration> cpu = Optional.empty();
            Optional<Duration> ends = Optional.empty();
            if (killed) {
                restart();
                works = Optional.of(Duration.between(restarted, Instant.now()));
                cpu = Optional.of(operator.cpu());
                await("the story ends").atMost(PATIENCE).until(() -> story.ended(pool));
                ends = Optional.of(Duration.between(restarted, Instant.now()));
                await("the pool rests").atMost(PATIENCE).until(() -> rests(pool));
            }
            List<Call> writes = writes(pool).stream().skip(already).toList();
            Optional<Duration> acts = writes.stream()
                    .map(Call::at)
                    .filter(at -> killed && at.isAfter(restarted))
                    .findFirst()
                    .map(at -> Duration.between(restarted, at));
            return new Run(
                    pool.name(),
                    Optional.ofNullable(killer.last),
                    writes,
                    works,
                    cpu,
                    acts,
                    ends,
                    pool.status(),
                    events(pool),
                    pods.names(),
                    operator.violations(),
                    pods.fewestReady(),
                    pods.mostLive(),
                    pods.lines());
        }
    }

    private List<Call> writes(Pool pool) {
        return proxy.calls(call -> call.write() && concerns(call, pool.name()));
    }

    private static boolean concerns(Call call, String pool) {
        return call.path().contains("/" + pool) || call.body().contains("\"" + pool + "\"");
    }

    private boolean rests(Pool pool) {
        return Stream.concat(
                        writes(pool).stream().map(Call::at),
                        Stream.of(Instant.parse(pool.get().getMetadata().getCreationTimestamp())))
                .max(Comparator.naturalOrder())
                .orElseThrow()
                .isBefore(Instant.now().minus(REST));
    }

    private List<Event> events(Pool pool) {
        return client.v1().events().inNamespace(namespace).list().getItems().stream()
                .filter(event -> pool.name().equals(event.getInvolvedObject().getName()))
                .toList();
    }

    static String lines(List<Call> calls) {
        return String.join("\n", calls.stream().map(Call::toString).toList());
    }

    /** Kills the operator once its n-th write for a pool was carried out: neither that answer nor another reaches it. */
    private final class Killer implements Faults {
        private final String pool;
        private int n;
        private int writes;
        private volatile Call last;
        private volatile boolean done;

        Killer(String pool, int n) {
            this.pool = pool;
            this.n = n;
        }

        @Override
        public Fault before(Call call) {
            return last == null ? Fault.PASS : Fault.CUT;
        }

        @Override
        public Fault after(Call call) {
            if (!mustDie(call)) {
                return last == null ? Fault.PASS : Fault.CUT;
            }
            operator.kill();
            done = true;
            return Fault.CUT;
        }

        /** It kills no more; whether it has, or is about to. */
        synchronized boolean disarm() {
            n = 0;
            return last != null;
        }

        private synchronized boolean mustDie(Call call) {
            if (call.write() && concerns(call, pool) && ++writes == n) {
                last = call;
                return true;
            }
            return false;
        }
    }

    @Override
    public void close() {
        operator.close();
        proxy.close();
        client.namespaces().withName(namespace).delete();
    }
}
