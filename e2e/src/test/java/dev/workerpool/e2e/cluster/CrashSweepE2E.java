package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.HistoryEntry;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.e2e.proxy.Call;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Wherever the operator is killed, another one goes on: SIGKILL right after its n-th write was carried out, before the
 * answer reaches it, for every n, Events included, until the story has fewer writes. {@code -Dsweep.stride=3} tries every third only,
 * {@code -Dsweep.from=22} none before the 22nd.
 */
class CrashSweepE2E extends ClusterTest {
    private static final int FROM = Integer.getInteger("sweep.from", 1);
    private static final int STRIDE = Integer.getInteger("sweep.stride", 1);
    /** Whether a story is done before its n-th write can differ from run to run. */
    private static final int ATTEMPTS = 3;
    /** Side by side: what the machine has to spare. */
    private static final int LANES = Integer.getInteger("sweep.lanes", 3);

    private final List<CrashLane> lanes = new ArrayList<>();

    @BeforeAll
    void startLanes() {
        for (int i = 0; i < LANES; i++) {
            lanes.add(new CrashLane(client, newNamespace()));
        }
    }

    @AfterAll
    void closeLanes() {
        lanes.forEach(CrashLane::close);
    }

    @Test
    void aRolloutIsFinishedWhereverTheOperatorWasKilled() {
        sweep(CrashStory.ROLLOUT, status -> {
            assertThat(status.history()).singleElement().satisfies(entry -> {
                assertThat(entry.result()).isEqualTo(Result.Succeeded);
                assertThat(entry.workersReplaced()).isEqualTo(2);
            });
            assertThat(status.circuitBreaker().consecutiveFailures()).isZero();
            assertThat(status.lastFailure()).isNull();
        });
    }

    @Test
    void aRollbackIsFinishedWhereverTheOperatorWasKilled() {
        sweep(CrashStory.ROLLBACK, status -> {
            failedOnce(status);
            assertThat(status.lastFailure().exitCode()).isEqualTo(3);
            assertThat(status.lastFailure().log()).contains("opening the order database");
        });
    }

    @Test
    void aRollbackOfReplacedWorkersIsFinishedWhereverTheOperatorWasKilled() {
        sweep(CrashStory.ROLLBACK_HALFWAY, status -> {
            failedOnce(status);
            assertThat(status.lastFailure().exitCode()).isEqualTo(1);
            assertThat(status.lastFailure().log()).contains("address already in use");
        });
    }

    private static void failedOnce(WorkerPoolStatus status) {
        assertThat(status.history())
                .singleElement()
                .extracting(HistoryEntry::result)
                .isEqualTo(Result.RolledBack);
        assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(1);
    }

    private interface Check {
        void of(WorkerPoolStatus status);
    }

    private void sweep(CrashStory story, Check check) {
        long began = System.nanoTime();
        CrashLane.Run undisturbed = lanes.getFirst().run(story, 0);
        Telling told = Telling.of(undisturbed);
        verify(story, undisturbed, check, told);
        AtomicInteger next = new AtomicInteger(FROM);
        AtomicInteger end = new AtomicInteger(Integer.MAX_VALUE);
        Collection<CrashLane.Run> runs = new ConcurrentLinkedQueue<>();
        Set<Integer> killedAfter = ConcurrentHashMap.newKeySet();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (CrashLane lane : lanes) {
                all.add(threads.submit(() -> {
                    for (int n = next.getAndAdd(STRIDE); n < end.get(); n = next.getAndAdd(STRIDE)) {
                        int tried = n;
                        try {
                            Optional<CrashLane.Run> killed = kill(lane, story, n, check, told);
                            killed.ifPresent(run -> {
                                runs.add(run);
                                killedAfter.add(tried);
                            });
                            if (killed.isEmpty() && n > told.writes()) {
                                end.updateAndGet(e -> Math.min(e, tried));
                            }
                        } catch (RuntimeException | Error e) {
                            end.set(0); // the others need not go on
                            throw e;
                        }
                    }
                }));
            }
            all.forEach(CrashSweepE2E::join);
        }
        // One or two may be saved in every attempt, where changes of what may lag fall together.
        assertThat(killedAfter)
                .as("the writes after which it was killed, none left out")
                .containsAll(
                        IntStream.iterate(FROM, n -> n <= undisturbed.writes().size() - 2, n -> n + STRIDE)
                                .boxed()
                                .toList());
        System.out.printf(
                "FIGURES crash sweep, %s: %d crash points survived (%s; %d writes undisturbed); from the new operator's start:"
                        + " at work within %s s (%s s of CPU), first write within %s s, story ended within %s s; %d s in all%n",
                story.name(),
                runs.size(),
                STRIDE == 1 ? "every one from " + FROM : "one in " + STRIDE + " from " + FROM,
                undisturbed.writes().size(),
                longest(runs, CrashLane.Run::works),
                longest(runs, CrashLane.Run::cpu),
                longest(runs, CrashLane.Run::acts),
                longest(runs, CrashLane.Run::ends),
                Duration.ofNanos(System.nanoTime() - began).toSeconds());
    }

    /** Empty if the story has fewer writes: one may be saved when two changes of what may lag fall together. */
    private static Optional<CrashLane.Run> kill(CrashLane lane, CrashStory story, int n, Check check, Telling told) {
        int attempts = n <= told.writes() ? ATTEMPTS : 1;
        for (int attempt = 1; attempt <= attempts; attempt++) {
            CrashLane.Run run = lane.run(story, n);
            print(story, n, run);
            verify(story, run, check, told);
            if (run.last().isPresent()) {
                return Optional.of(run);
            }
        }
        return Optional.empty();
    }

    private static void join(Future<?> lane) {
        try {
            lane.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        }
    }

    private static void verify(CrashStory story, CrashLane.Run run, Check check, Telling told) {
        String killed = "%s, killed after %s; pods: %s; writes:%n%s%n"
                .formatted(run.pool(), run.last(), run.lines(), CrashLane.lines(run.writes()));
        try {
            assertThat(run.pods())
                    .containsExactlyElementsOf(
                            story.pods().stream().map(p -> run.pool() + "-" + p).toList());
            assertThat(run.fewestReady()).as("fewest ready").isGreaterThanOrEqualTo(2);
            assertThat(run.mostLive()).as("most live").isLessThanOrEqualTo(3);
            assertThat(run.violations()).isEmpty();
            check.of(run.status());
            told.verify(run);
        } catch (AssertionError e) {
            throw new AssertionError(killed + Serialization.asYaml(run.status()) + e.getMessage(), e);
        }
    }

    private static void print(CrashStory story, int n, CrashLane.Run run) {
        System.out.printf(
                "%s %d: %s; at work after %s s (%s s of CPU), first write after %s s, ended after %s s%n",
                story.name(),
                n,
                run.last().map(Call::toString).orElse("fewer writes"),
                longest(List.of(run), CrashLane.Run::works),
                longest(List.of(run), CrashLane.Run::cpu),
                longest(List.of(run), CrashLane.Run::acts),
                longest(List.of(run), CrashLane.Run::ends));
    }

    private static String longest(Collection<CrashLane.Run> runs, Function<CrashLane.Run, Optional<Duration>> which) {
        return runs.stream()
                .map(which)
                .flatMap(Optional::stream)
                .max(Comparator.naturalOrder())
                .map(d -> "%.1f".formatted(d.toMillis() / 1000.0))
                .orElse("-");
    }
}
