package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The objects, one counter of versions for all of them, and the log of changes that watches read. Objects handed out
 * are shared: whoever wants to change one makes a copy and puts it back, and does both within {@link #locked}.
 */
final class Store {
    private static final int LOG_SIZE = 50_000;

    record Key(String resource, String namespace, String name) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int order = resource.compareTo(other.resource);
            order = order != 0 ? order : namespace.compareTo(other.namespace);
            return order != 0 ? order : name.compareTo(other.name);
        }
    }

    /** {@code before} is null when added; when {@code deleted}, {@code after} is the last state. */
    record Change(long version, Key key, ObjectNode before, ObjectNode after, boolean deleted) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final NavigableMap<Key, ObjectNode> objects = new TreeMap<>();
    private final Map<String, Key> byUid = new HashMap<>();
    private final NavigableMap<Long, Change> log = new TreeMap<>();
    private final List<BlockingQueue<Change>> followers = new CopyOnWriteArrayList<>();
    private long version = 1;
    private long forgotten = 0;

    /** Runs a read-check-write as one; nothing else reads or writes meanwhile. */
    <T> T locked(Supplier<T> body) {
        lock.lock();
        try {
            return body.get();
        } finally {
            lock.unlock();
        }
    }

    long version() {
        return locked(() -> version);
    }

    ObjectNode get(Key key) {
        return locked(() -> objects.get(key));
    }

    /** Where the object with this uid is, or null. */
    Key find(String uid) {
        return locked(() -> byUid.get(uid));
    }

    /** All objects of a resource; of one namespace, or of all if that is empty. */
    List<ObjectNode> list(String resource, String namespace) {
        return locked(() -> {
            List<ObjectNode> found = new ArrayList<>();
            for (var entry :
                    objects.tailMap(new Key(resource, namespace, ""), true).entrySet()) {
                Key key = entry.getKey();
                if (!key.resource.equals(resource) || !namespace.isEmpty() && !key.namespace.equals(namespace)) {
                    break;
                }
                found.add(entry.getValue());
            }
            return found;
        });
    }

    /** Everything in a namespace. */
    List<Key> keysIn(String namespace) {
        return locked(() -> objects.keySet().stream()
                .filter(key -> key.namespace.equals(namespace))
                .toList());
    }

    /** Stores the object under a new version, unless nothing but the version differs; returns what is stored. */
    ObjectNode put(Key key, ObjectNode next) {
        return locked(() -> {
            ObjectNode before = objects.get(key);
            if (before != null) {
                Json.meta(next).put("resourceVersion", Json.version(before));
                if (next.equals(before)) {
                    return before;
                }
            }
            Json.meta(next).put("resourceVersion", String.valueOf(++version));
            objects.put(key, next);
            byUid.put(Json.uid(next), key);
            append(new Change(version, key, before, next, false));
            return next;
        });
    }

    void remove(Key key) {
        locked(() -> {
            ObjectNode before = objects.remove(key);
            if (before != null) {
                byUid.remove(Json.uid(before));
                ObjectNode last = before.deepCopy();
                Json.meta(last).put("resourceVersion", String.valueOf(++version));
                append(new Change(version, key, before, last, true));
            }
            return null;
        });
    }

    private void append(Change change) {
        log.put(change.version(), change);
        followers.forEach(follower -> follower.add(change));
        if (log.size() > LOG_SIZE) {
            forgotten = log.pollFirstEntry().getKey();
        }
        changed.signalAll();
    }

    /** Forgets the log, so that a watch from any version up to now is refused. */
    void compact() {
        locked(() -> {
            version++;
            forgotten = version;
            log.clear();
            changed.signalAll();
            return null;
        });
    }

    /** Every change from now on, for the server's own controllers: they miss none, whatever is compacted. */
    BlockingQueue<Change> follow() {
        BlockingQueue<Change> queue = new LinkedBlockingQueue<>();
        followers.add(queue);
        return queue;
    }

    /** Wakes everybody who waits for changes. */
    void wake() {
        locked(() -> {
            changed.signalAll();
            return null;
        });
    }

    /**
     * The changes after a version; none if there are none within the time.
     *
     * @throws ApiError 410 if the log no longer reaches back to that version
     */
    List<Change> after(long seen, Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (seen >= version && seen >= forgotten) {
                changed.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
            }
            if (seen < forgotten) {
                throw ApiError.gone();
            }
            return List.copyOf(log.tailMap(seen, false).values());
        } finally {
            lock.unlock();
        }
    }
}
