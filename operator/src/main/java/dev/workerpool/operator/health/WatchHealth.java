package dev.workerpool.operator.health;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the operator sees the cluster as it is. An informer notices a connection that is closed, but not one that is
 * open and silent: it believes what it last heard. So every 10 s this compares some of what the API server has with
 * what the caches hold. An object whose cached version differs, and on the next look is still the same old version
 * while the API server still has another, was not delivered: the watch hangs. That needs no event of its own making,
 * works at rest and under load, and asks for one page of a list for each informer. What nothing changes a hung watch
 * cannot hide, and a deletion alone is not noticed; fabric8 renews every watch within 12 minutes in any case.
 *
 * <p>What is wrong in two looks in a row makes the operator unready, so within 40 s. A watch that stays wrong for
 * 3 minutes while the API server answers makes it dead: a restart mends that, and does not mend a lost API server, or one
 * that refuses a list. Of several namespaces one that is refused makes neither: the operator goes on with the others.
 */
public final class WatchHealth implements AutoCloseable {
    static final Duration PERIOD = Duration.ofSeconds(10);
    /** How often the informers' own word is asked, which costs no call. */
    private static final Duration GLANCE = Duration.ofMillis(500);

    static final Duration DEAD_AFTER = Duration.ofMinutes(3);
    /** An API server that has served so long without a fault does not start any more, whatever its readyz says. */
    static final Duration STARTED_AFTER = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(WatchHealth.class);
    private static final String API = "The API server";

    private final Clock clock;
    private final Supplier<Answer> readiness;
    private final BiConsumer<Boolean, Instant> away;
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(
            2, Thread.ofPlatform().daemon().name("health").factory());
    private final Map<Informer, Progress> progress = new HashMap<>();
    private final Map<String, Trouble> troubles = new HashMap<>();
    /** The namespaces of which was told that they cannot be looked at. */
    private final Set<String> closed = new HashSet<>();

    private volatile Optional<String> unready = Optional.of("The operator is starting: its caches are not filled yet.");
    private volatile Optional<String> dead = Optional.empty();
    private volatile Instant lastLook;
    private volatile Instant lastGlance;
    private volatile boolean unanswered;
    /** Whether the last look got at least one list, and waited for none in vain. */
    private volatile boolean served;

    private volatile boolean gone;
    /** Since when a watch is open and each look was served. */
    private Optional<Instant> serving = Optional.empty();

    /** What the API server says of itself. */
    public enum Answer {
        READY,
        NOT_READY,
        /** It answers, and may not tell us. */
        UNTOLD
    }

    /**
     * Unready until {@link #watch} is called.
     *
     * @param readiness asks the API server; only called while no watch is open, or the last look had no answer, or it was
     *     away: one that starts serves the first watches before it is ready for all. Not for longer than {@link
     *     #STARTED_AFTER}: a check may stay red that is of no concern here, and would keep workers for good
     * @param away told twice a second whether the API server is away, and at what time it was
     */
    public WatchHealth(Clock clock, Supplier<Answer> readiness, BiConsumer<Boolean, Instant> away) {
        this.clock = clock;
        this.readiness = readiness;
        this.away = away;
        this.lastLook = clock.instant();
        this.lastGlance = lastLook;
    }

    /** The caches are filled: from now on the operator is ready, and these are looked at. */
    public void watch(List<Informer> informers) {
        begin(informers);
        timer.scheduleWithFixedDelay(
                () -> survive("look", this::look), PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
        timer.scheduleWithFixedDelay(
                () -> survive("glance", () -> glance(informers)),
                GLANCE.toMillis(),
                GLANCE.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    void begin(List<Informer> informers) {
        informers.forEach(informer -> progress.put(informer, new Progress("", Map.of())));
        lastLook = clock.instant();
        lastGlance = lastLook;
        unready = Optional.empty();
    }

    /** What keeps the operator from its work now, in a sentence. */
    public Optional<String> unready() {
        return dead().or(() -> unready);
    }

    /** What only a restart mends, in a sentence. */
    public Optional<String> dead() {
        Instant lastSign = lastLook.isBefore(lastGlance) ? lastLook : lastGlance;
        Duration silence = Duration.between(lastSign, clock.instant());
        if (unready.isEmpty() && silence.compareTo(DEAD_AFTER) > 0) {
            return Optional.of("The health check itself has stood still for " + silence.toSeconds() + " s.");
        }
        return dead;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    /** A timer ends what throws. */
    private static void survive(String what, Runnable check) {
        try {
            check.run();
        } catch (RuntimeException e) {
            log.error("The health check ({}) failed and is made again", what, e);
        }
    }

    void glance(List<Informer> informers) {
        Instant now = clock.instant();
        boolean connected = informers.stream().anyMatch(Informer::connected);
        serving = connected && served ? serving.or(() -> Optional.of(now)) : Optional.empty();
        boolean started = serving.filter(since -> !now.isBefore(since.plus(STARTED_AFTER)))
                .isPresent();
        Answer answer = connected && !unanswered && (!gone || started) ? Answer.READY : readiness.get();
        gone = answer == Answer.NOT_READY || answer == Answer.UNTOLD && !connected;
        lastGlance = clock.instant();
        away.accept(gone, lastGlance);
    }

    /** One look at everything; called by one thread at a time. */
    void look() {
        Instant now = clock.instant();
        Map<String, String> found = new HashMap<>();
        Map<Informer, KubernetesClientException> refused = new LinkedHashMap<>();
        boolean answered = true;
        for (Informer informer : List.copyOf(progress.keySet())) {
            try {
                boolean behind = behind(informer);
                if (!informer.connected()) {
                    found.put("The watch of " + informer.name(), "is not connected");
                } else if (behind) {
                    found.put("The watch of " + informer.name(), "hangs: the cache does not follow the API server");
                }
            } catch (KubernetesClientException e) {
                refused.put(informer, e); // its watch is not to blame, and gets its time anew
                answered = e.getCode() > 0;
            }
            if (!answered) {
                break; // each of the others would wait as long
            }
        }
        unanswered = !answered;
        served = answered && refused.size() < progress.size();
        if (!served) {
            found.clear(); // nor are those that were asked before
        }
        refused.forEach((informer, why) -> {
            if (!isClosed(informer.namespace(), why, refused.keySet())) {
                found.putIfAbsent(API, ApiFailure.of(why));
            } else if (closed.add(informer.namespace())) {
                log.warn(
                        "Namespace {} cannot be looked at any more, the others are: the API server {}",
                        informer.namespace(),
                        ApiFailure.of(why));
            }
        });
        if (served) {
            tellOfReopened(refused.keySet());
        }
        troubles.keySet().retainAll(found.keySet());
        found.forEach((who, what) -> troubles.merge(
                who,
                new Trouble(what, now, 1),
                (before, fresh) -> new Trouble(what, before.since(), before.looks() + 1)));
        conclude(now);
        lastLook = clock.instant();
    }

    /** Whether the API server says no to this namespace and shows another: a RoleBinding was deleted there, say. */
    private boolean isClosed(String namespace, KubernetesClientException why, Set<Informer> refused) {
        boolean no =
                why.getCode() == HttpURLConnection.HTTP_FORBIDDEN || why.getCode() == HttpURLConnection.HTTP_NOT_FOUND;
        return no
                && progress.keySet().stream()
                        .anyMatch(other ->
                                !refused.contains(other) && !other.namespace().equals(namespace));
    }

    private void tellOfReopened(Set<Informer> refused) {
        Set<String> open = new HashSet<>(closed);
        refused.forEach(informer -> open.remove(informer.namespace()));
        open.forEach(namespace -> log.info("Namespace {} is looked at again", namespace));
        closed.removeAll(open);
    }

    private void conclude(Instant now) {
        Optional<String> before = unready;
        unready = sentence((who, trouble) -> trouble.looks() >= 2);
        dead = sentence((who, trouble) ->
                !who.equals(API) && !now.isBefore(trouble.since().plus(DEAD_AFTER)));
        if (before.isEmpty() && unready.isPresent()) {
            log.warn("Not ready: {}", unready.get());
        } else if (before.isPresent() && unready.isEmpty()) {
            log.info("Ready again");
        }
    }

    private Optional<String> sentence(BiPredicate<String, Trouble> counts) {
        return troubles.entrySet().stream()
                .filter(entry -> counts.test(entry.getKey(), entry.getValue()))
                .map(entry -> entry.getKey() + " " + entry.getValue().what() + " (since "
                        + entry.getValue().since() + ").")
                .sorted()
                .findFirst();
    }

    /** Compares the next page, and looks again at what differed the last time. */
    private boolean behind(Informer informer) {
        Progress last = progress.get(informer);
        Map<ResourceID, Optional<String>> suspects = new HashMap<>();
        last.suspects().forEach((object, cachedThen) -> {
            Optional<String> cachedNow = informer.cached(object);
            if (cachedNow.equals(cachedThen)) {
                Optional<String> onServer = informer.onServer(object);
                if (onServer.isPresent() && !onServer.equals(cachedNow)) {
                    suspects.put(object, cachedThen);
                }
            }
        });
        boolean behind = !suspects.isEmpty();
        Informer.Page page = nextPage(informer, last.next());
        page.versions().forEach((object, version) -> {
            Optional<String> cached = informer.cached(object);
            if (!cached.equals(Optional.of(version))) {
                suspects.putIfAbsent(object, cached);
            }
        });
        progress.put(informer, new Progress(page.next(), suspects));
        return behind;
    }

    private static Informer.Page nextPage(Informer informer, String from) {
        try {
            return informer.onServer(from);
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_GONE) {
                throw e;
            }
            return informer.onServer(""); // the list that the page belonged to has expired
        }
    }

    /** Where the next page begins, and what the cache held of the objects that it seemed to be behind on. */
    private record Progress(String next, Map<ResourceID, Optional<String>> suspects) {}

    private record Trouble(String what, Instant since, int looks) {}
}
