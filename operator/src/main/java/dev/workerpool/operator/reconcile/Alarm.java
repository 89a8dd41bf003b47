package dev.workerpool.operator.reconcile;

import dev.workerpool.api.WorkerPool;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import io.javaoperatorsdk.operator.processing.event.source.ResourceAction;
import io.javaoperatorsdk.operator.processing.event.source.controller.ResourceEvent;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Wakes pools at the times that their plans name, by the machine's tick. JOSDK's own rescheduling goes by the machine's
 * clock: set back, that wakes nobody until it has caught up.
 */
final class Alarm extends AbstractEventSource<Void, WorkerPool> {
    private final Cache<WorkerPool> pools;
    private final Map<ResourceID, Future<?>> set = new HashMap<>();
    private ScheduledThreadPoolExecutor timer;

    Alarm(Cache<WorkerPool> pools) {
        super(Void.class, "alarm");
        this.pools = pools;
    }

    @Override
    public synchronized void start() {
        super.start();
        timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("alarm").factory());
        timer.setRemoveOnCancelPolicy(true);
    }

    @Override
    public synchronized void stop() {
        super.stop();
        if (timer != null) {
            timer.shutdownNow();
        }
        set.clear();
    }

    /** Wakes it after that time, and no more at the time that was set before. */
    synchronized void set(ResourceID pool, Duration delay) {
        cancel(pool);
        if (isRunning()) {
            set.put(pool, timer.schedule(() -> ring(pool), delay.toNanos(), TimeUnit.NANOSECONDS));
        }
    }

    private synchronized void cancel(ResourceID pool) {
        Future<?> before = set.remove(pool);
        if (before != null) {
            before.cancel(false);
        }
    }

    /** As a word of the pool itself: after a pool of its name went, JOSDK listens to no other. */
    private void ring(ResourceID id) {
        if (isRunning()) {
            pools.get(id)
                    .ifPresentOrElse(
                            pool -> getEventHandler().handleEvent(new ResourceEvent(ResourceAction.UPDATED, id, pool)),
                            () -> cancel(id));
        }
    }

    @Override
    public Set<Void> getSecondaryResources(WorkerPool pool) {
        return Set.of();
    }
}
