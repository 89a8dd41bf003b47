package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.Reason;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Whose pods are whose (contract, section 2): what the API server's garbage collector makes of the owner references. */
class OwnershipE2E extends ClusterTest {

    @Test
    void aDeletedPoolTakesItsPodsAndRecordsWithIt() {
        Pool pool = create("gone", "{}");
        pool.awaitUpToDate("1.0.0");
        assertThat(records(pool)).isNotEmpty();
        pool.resource().delete();
        Pool.eventually(
                "all of it is gone",
                () -> pool.pods().isEmpty() && records(pool).isEmpty());
        assertThat(pool.get()).isNull();
    }

    @Test
    void orphansAreLeftAloneByThePoolThatIsMadeAgain() {
        Pool pool = create("web", "{}");
        pool.awaitUpToDate("1.0.0");
        Map<String, String> orphans = uidsByName(pool);
        pool.resource().withPropagationPolicy(DeletionPropagation.ORPHAN).delete();
        Pool.eventually("the pool is gone", () -> pool.get() == null);
        assertThat(pool.pods())
                .allMatch(p -> p.getMetadata().getOwnerReferences().isEmpty());
        assertThat(uidsByName(pool)).isEqualTo(orphans);

        Pool again = create("web", "{}");
        again.await(Reason.UpToDate);
        assertThat(uidsByName(again))
                .containsAllEntriesOf(orphans)
                .containsOnlyKeys("web-1-0", "web-1-1", "web-2-0", "web-2-1");
        again.version("1.1.0");
        again.await("runs 1.1.0", s -> "1.1.0".equals(s.version()));
        again.await(
                "the old workers are gone, the orphans are not",
                s -> uidsByName(again).keySet().equals(Set.of("web-1-0", "web-1-2", "web-2-0", "web-2-2")));
        assertThat(uidsByName(again)).containsAllEntriesOf(orphans);
    }

    @Test
    void aWorkerWhoseLabelIsTakenAwayIsLetGoAndReplaced() {
        Pool pool = create("label", "{}");
        pool.awaitUpToDate("1.0.0");
        Pod taken = client.pods().inNamespace(namespace).withName("label-1-0").edit(p -> {
            p.getMetadata().getLabels().remove("workerpool.dev/pool");
            return p;
        });
        pool.await("is whole again", s -> pool.pods().size() == 2 && s.availableReplicas() == 2);
        Pod still = client.pods().inNamespace(namespace).withName("label-1-0").get();
        assertThat(still.getMetadata().getUid()).isEqualTo(taken.getMetadata().getUid());
        assertThat(still.getMetadata().getDeletionTimestamp()).isNull();
        assertThat(pool.status().circuitBreaker().consecutiveFailures()).isZero();
    }

    private List<String> records(Pool pool) {
        return client.apps().controllerRevisions().inNamespace(namespace).list().getItems().stream()
                .map(r -> r.getMetadata().getName())
                .filter(name -> name.startsWith(pool.name() + "-"))
                .toList();
    }

    private static Map<String, String> uidsByName(Pool pool) {
        return pool.pods().stream()
                .collect(Collectors.toMap(
                        p -> p.getMetadata().getName(), p -> p.getMetadata().getUid()));
    }
}
