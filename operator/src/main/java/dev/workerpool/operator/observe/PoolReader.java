package dev.workerpool.operator.observe;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.decide.Observation;
import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.Rollout;
import dev.workerpool.operator.decide.Settings;
import dev.workerpool.operator.decide.State;
import dev.workerpool.operator.decide.Verdict;
import dev.workerpool.operator.pods.Labels;
import dev.workerpool.operator.pods.PodName;
import dev.workerpool.operator.pods.PodReading;
import dev.workerpool.operator.pods.TemplateCheck;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Gathers all that a decision rests on (contract, section 2, for what counts as a worker). */
public final class PoolReader {
    private final KubernetesClient client;
    private final Outages outages;

    public PoolReader(KubernetesClient client, Outages outages) {
        this.client = client;
        this.outages = outages;
    }

    /** The observation; {@code state} is what the status of {@code view.pool()} remembers. */
    public Observation read(View view, Settings settings, State state, PoolMemory memory, Instant now) {
        WorkerPool pool = view.pool();
        List<PodFacts> facts =
                memory.warnings().explain(view.facts(), pool.getMetadata().getNamespace(), client, now);
        return new Observation(
                pool.getMetadata().getName(),
                settings,
                state,
                memory.sightings().see(facts, state.rollout(), settings, now),
                memory.records(records(view), now),
                verdict(pool, settings, state, memory, now),
                takenNames(view, memory),
                memory.sightings().lostRevisions(),
                memory.sightings().vacated(),
                memory.sightings().createNotBefore(),
                memory.obstacles().current(Obstacles.Kind.CREATE, now),
                memory.obstacles().current(Obstacles.Kind.RECORD, now),
                memory.obstacles().current(Obstacles.Kind.EVICT, now),
                outages.current(now),
                memory.deletions().all(now),
                now);
    }

    private static Map<String, Long> records(View view) {
        Map<String, Long> numbers = new HashMap<>();
        for (ControllerRevision record : view.ownRecords()) {
            Long number = record.getRevision();
            numbers.merge(
                    record.getMetadata().getLabels().get(Labels.REVISION), number == null ? 0 : number, Math::max);
        }
        return numbers;
    }

    /** What can be said without a call is looked at each time; what runs already is beyond question. */
    private static Verdict verdict(WorkerPool pool, Settings settings, State state, PoolMemory memory, Instant now) {
        String revision = settings.revision();
        boolean inUse = state.snapshot().map(s -> s.revision().equals(revision)).orElse(false)
                || state.rollout() instanceof Rollout.RollingOut r
                        && r.course().toRevision().equals(revision);
        if (inUse) {
            return new Verdict.Accepted();
        }
        return TemplateCheck.check(pool.getSpec())
                .<Verdict>map(r -> new Verdict.Refused(r.reason(), r.message(), now.plus(Verdicts.LONGEST_DELAY)))
                .orElseGet(() -> memory.verdicts().of(PoolMemory.verdictKey(pool)));
    }

    private static Map<Integer, Integer> takenNames(View view, PoolMemory memory) {
        Map<Integer, Integer> taken = new HashMap<>(memory.takenNames());
        for (Pod pod : view.pods()) {
            if (!PodReading.isWorker(pod, view.pool())) {
                PodName.parse(
                                view.pool().getMetadata().getName(),
                                pod.getMetadata().getName())
                        .ifPresent(name -> taken.merge(name.slot(), name.generation(), Math::max));
            }
        }
        return Map.copyOf(taken);
    }
}
