package dev.workerpool.operator.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.ConnectException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatchHealthTest {
    private final SteppingClock clock = new SteppingClock();
    private final Cluster cluster = new Cluster();
    private final List<Boolean> said = new ArrayList<>();
    private WatchHealth.Answer answer = WatchHealth.Answer.NOT_READY;
    private final WatchHealth health = new WatchHealth(clock, () -> answer, (away, at) -> said.add(away));

    @AfterEach
    void close() {
        health.close();
    }

    @Test
    void isNotReadyBeforeTheCachesAreFilled() {
        assertThat(health.unready()).hasValueSatisfying(why -> assertThat(why).contains("starting"));
        assertThat(health.dead()).isEmpty();
    }

    @Test
    void isReadyAtOnceWhenTheCachesAreFilled() {
        health.begin(List.of(cluster));

        assertThat(health.unready()).isEmpty();
    }

    @Test
    void staysReadyWhileTheCacheFollows() {
        cluster.change("web", "1");
        health.begin(List.of(cluster));
        for (int version = 2; version < 30; version++) {
            cluster.deliver();
            cluster.change("web", String.valueOf(version)); // on its way when the next look comes
            look();
            assertThat(health.unready()).isEmpty();
        }
    }

    @Test
    void aWatchThatHangsMakesItUnreadyWithin40SecondsAndDeadAfter3Minutes() {
        cluster.change("web", "1");
        cluster.deliver();
        health.begin(List.of(cluster));
        cluster.change("web", "2");

        look();
        assertThat(health.unready()).isEmpty();
        look();
        look();
        assertThat(health.unready()).hasValueSatisfying(why -> assertThat(why).contains("watch of pods", "hangs"));
        assertThat(health.dead()).isEmpty();

        lookFor(WatchHealth.DEAD_AFTER);
        assertThat(health.dead()).hasValueSatisfying(why -> assertThat(why).contains("watch of pods", "hangs"));
    }

    @Test
    void aNewObjectThatIsNeverDeliveredIsAHungWatch() {
        health.begin(List.of(cluster));
        cluster.change("web", "1");

        lookFor(Duration.ofSeconds(30));

        assertThat(health.unready()).isPresent();
    }

    @Test
    void anObjectThatCameAndWentBetweenTwoLooksIsNone() {
        health.begin(List.of(cluster));
        cluster.change("web", "1");
        look();
        cluster.delete("web");

        lookFor(Duration.ofSeconds(30));

        assertThat(health.unready()).isEmpty();
    }

    @Test
    void aHungWatchIsSeenOnEveryPageOfTheList() {
        for (int pod = 0; pod < 5; pod++) {
            cluster.change("web-" + pod, "1");
        }
        cluster.deliver();
        health.begin(List.of(cluster));
        cluster.change("web-4", "2"); // two on a page: it is on the third

        lookFor(Duration.ofSeconds(50));

        assertThat(health.unready()).isPresent();
    }

    @Test
    void aWatchThatReconnectsBetweenTwoLooksIsNoTrouble() {
        health.begin(List.of(cluster));
        cluster.connected = false;
        look();
        cluster.connected = true;
        look();
        cluster.connected = false;
        look();

        assertThat(health.unready()).isEmpty();
    }

    @Test
    void aLostApiServerMakesItUnreadyAndNeverDead() {
        health.begin(List.of(cluster));
        cluster.failure = new KubernetesClientException("list failed", new ConnectException());
        cluster.connected = false;

        lookFor(Duration.ofMinutes(30));

        assertThat(health.unready()).hasValueSatisfying(why -> assertThat(why)
                .contains("API server does not answer: nothing accepts connections"));
        assertThat(health.dead()).isEmpty();
    }

    @Test
    void watchesGetTheirTimeAnewWhenTheApiServerIsBack() {
        health.begin(List.of(cluster));
        cluster.connected = false;
        lookFor(Duration.ofMinutes(2));
        cluster.failure = new KubernetesClientException("list failed", new ConnectException());
        lookFor(Duration.ofMinutes(10));
        cluster.failure = null;

        lookFor(Duration.ofMinutes(2));
        assertThat(health.dead()).isEmpty();

        cluster.connected = true;
        look();
        assertThat(health.unready()).isEmpty();
    }

    @Test
    void aListThatExpiredIsBegunAnew() {
        for (int pod = 0; pod < 5; pod++) {
            cluster.change("web-" + pod, "1");
        }
        cluster.deliver();
        health.begin(List.of(cluster));
        look();
        cluster.expired = true;

        lookFor(Duration.ofMinutes(1));

        assertThat(health.unready()).isEmpty();
    }

    @Test
    void aHealthCheckThatStandsStillIsDead() {
        health.begin(List.of(cluster));
        clock.now = clock.now.plus(WatchHealth.DEAD_AFTER).plusSeconds(1);

        assertThat(health.dead()).hasValueSatisfying(why -> assertThat(why).contains("stood still"));
    }

    @Test
    void theApiServerIsAwayWhileNoWatchIsOpenAndNobodyAnswers() {
        Cluster other = new Cluster();
        List<Informer> both = List.of(cluster, other);
        health.begin(both);
        assertAway(both, false);
        cluster.connected = false; // one that is cut is opened again
        assertAway(both, false);
        other.connected = false;
        assertAway(both, true);
        cluster.connected = true; // one that starts serves a watch before it is ready for all
        assertAway(both, true);
        answer = WatchHealth.Answer.READY;
        assertAway(both, false);
        answer = WatchHealth.Answer.NOT_READY;
        assertAway(both, false);
        cluster.failure = new KubernetesClientException("no", 503, null); // somebody does answer
        look();
        assertAway(both, false);
        cluster.failure = new KubernetesClientException("list failed", new ConnectException());
        look();
        assertAway(both, true);
        cluster.failure = null;
        answer = WatchHealth.Answer.READY;
        look();
        assertAway(both, false);
    }

    /** Its readyz may stay red for a check that concerns nobody here. */
    @Test
    void anApiServerThatWorksForAMinuteIsBackWhateverItSaysOfItself() {
        List<Informer> all = List.of(cluster);
        health.begin(all);
        cluster.connected = false;
        look();
        assertThat(said).containsExactly(true);
        cluster.connected = true;
        lookFor(WatchHealth.STARTED_AFTER);
        assertThat(said).containsOnly(true);

        look();
        assertThat(said).endsWith(false);
        said.clear();
        lookFor(Duration.ofMinutes(5));
        assertThat(said).containsOnly(false);
    }

    @Test
    void theMinuteBeginsAnewWithEachFault() {
        List<Informer> all = List.of(cluster);
        health.begin(all);
        cluster.connected = false;
        look();
        cluster.connected = true;
        lookFor(Duration.ofSeconds(50));
        cluster.connected = false;
        look();
        cluster.connected = true;
        lookFor(Duration.ofSeconds(50));
        cluster.failure = new KubernetesClientException("etcdserver: request timed out", 500, null);
        look();
        cluster.failure = null;
        lookFor(WatchHealth.STARTED_AFTER);
        assertThat(said).containsOnly(true);

        look();
        assertThat(said).endsWith(false);
    }

    @Test
    void aHungWatchIsSeenWhileTheListBesideItIsRefused() {
        Cluster other = new Cluster();
        health.begin(List.of(cluster, other));
        other.failure = new KubernetesClientException("conversion webhook failed", 500, null);
        cluster.change("web", "1");

        lookFor(WatchHealth.DEAD_AFTER.plusSeconds(30));

        assertThat(health.dead()).hasValueSatisfying(why -> assertThat(why).contains("watch of pods", "hangs"));
    }

    @Test
    void aListThatIsRefusedMakesItUnreadyAndNeverDead() {
        Cluster other = new Cluster();
        health.begin(List.of(cluster, other));
        other.failure = new KubernetesClientException("Forbidden", 403, null);
        other.connected = false;

        lookFor(Duration.ofMinutes(30));

        assertThat(health.unready())
                .hasValueSatisfying(why -> assertThat(why).contains("API server answers 403: Forbidden"));
        assertThat(health.dead()).isEmpty();
    }

    @Test
    void aNamespaceThatIsClosedToItIsNoTroubleWhileAnotherIsOpen() {
        Cluster mail = new Cluster();
        mail.namespace = "mail";
        health.begin(List.of(cluster, mail));
        mail.failure = new KubernetesClientException("Forbidden", 403, null);
        mail.connected = false;

        lookFor(Duration.ofMinutes(30));

        assertThat(health.unready()).isEmpty();
        assertThat(health.dead()).isEmpty();
        cluster.failure = mail.failure;
        lookFor(Duration.ofSeconds(20));
        assertThat(health.unready()).hasValueSatisfying(why -> assertThat(why).contains("answers 403"));
    }

    @Test
    void aHungWatchIsSeenBesideANamespaceThatIsClosed() {
        Cluster mail = new Cluster();
        mail.namespace = "mail";
        health.begin(List.of(cluster, mail));
        mail.failure = new KubernetesClientException("Forbidden", 403, null);
        cluster.change("web", "1");

        lookFor(Duration.ofSeconds(30));

        assertThat(health.unready()).hasValueSatisfying(why -> assertThat(why).contains("pods in shop hangs"));
    }

    @Test
    void whoMayNotAskForReadinessGoesByTheWatches() {
        answer = WatchHealth.Answer.UNTOLD;
        List<Informer> all = List.of(cluster);
        health.begin(all);
        cluster.connected = false;
        assertAway(all, true);
        cluster.connected = true;
        assertAway(all, false);
    }

    @Test
    void aGlanceThatStandsStillIsDead() {
        health.begin(List.of(cluster));
        for (Instant end = clock.now.plus(WatchHealth.DEAD_AFTER); !clock.now.isAfter(end); ) {
            clock.now = clock.now.plus(WatchHealth.PERIOD);
            health.look();
        }
        assertThat(health.dead()).hasValueSatisfying(why -> assertThat(why).contains("stood still"));
    }

    private void assertAway(List<Informer> informers, Boolean... away) {
        said.clear();
        health.glance(informers);
        assertThat(said).containsExactly(away);
    }

    private void look() {
        clock.now = clock.now.plus(WatchHealth.PERIOD);
        health.look();
        health.glance(List.of(cluster));
    }

    private void lookFor(Duration time) {
        Instant end = clock.now.plus(time);
        while (clock.now.isBefore(end)) {
            look();
        }
    }

    /** Pods on an API server, two on a page, and a cache that gets them when told to. */
    private static final class Cluster implements Informer {
        private static final int PAGE = 2;
        private final Map<ResourceID, String> server = new HashMap<>();
        private final Map<ResourceID, String> cache = new HashMap<>();
        private String namespace = "shop";
        private boolean connected = true;
        private boolean expired;
        private KubernetesClientException failure;

        void change(String pod, String version) {
            server.put(new ResourceID(pod, "shop"), version);
        }

        void delete(String pod) {
            server.remove(new ResourceID(pod, "shop"));
        }

        void deliver() {
            cache.clear();
            cache.putAll(server);
        }

        @Override
        public String name() {
            return "pods in " + namespace;
        }

        @Override
        public String namespace() {
            return namespace;
        }

        @Override
        public boolean connected() {
            return connected;
        }

        @Override
        public Optional<String> cached(ResourceID object) {
            return Optional.ofNullable(cache.get(object));
        }

        @Override
        public Page onServer(String from) {
            answer();
            if (expired && !from.isEmpty()) {
                throw new KubernetesClientException("the continue token is too old", 410, null);
            }
            int start = from.isEmpty() ? 0 : Integer.parseInt(from);
            List<ResourceID> sorted = server.keySet().stream()
                    .sorted((one, other) -> one.getName().compareTo(other.getName()))
                    .toList();
            int end = Math.min(start + PAGE, sorted.size());
            Map<ResourceID, String> versions = new HashMap<>();
            sorted.subList(start, end).forEach(pod -> versions.put(pod, server.get(pod)));
            return new Page(versions, end == sorted.size() ? "" : String.valueOf(end));
        }

        @Override
        public Optional<String> onServer(ResourceID object) {
            answer();
            return Optional.ofNullable(server.get(object));
        }

        private void answer() {
            if (failure != null) {
                throw failure;
            }
        }
    }

    private static final class SteppingClock extends Clock {
        private Instant now = Instant.parse("2026-01-01T12:00:00Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }
}
