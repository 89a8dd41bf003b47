package dev.workerpool.operator.act;

import dev.workerpool.api.WorkerPoolSpec;
import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.decide.Worker;
import dev.workerpool.operator.observe.PoolMemory;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Carries out what was planned, in order, and stops at the first failure. What the API server refuses becomes an obstacle in
 * the pool's memory and goes back to the planner; nothing is tried twice in a pass.
 */
public final class ActionRunner {
    private final Creator creator;
    private final Remover remover;
    private final Admission admission;
    private final SnapshotStore store;
    private final Verifier verifier;
    private final Clock clock;

    public ActionRunner(KubernetesClient client, Clock clock) {
        PodCalls calls = new PodCalls(client);
        this.creator = new Creator(calls, clock);
        this.remover = new Remover(calls, clock);
        this.admission = new Admission(calls);
        this.store = new SnapshotStore(client, clock);
        this.verifier = new Verifier(clock);
        this.clock = clock;
    }

    /**
     * Runs them.
     *
     * @param workers as observed
     * @return false if one failed: those after it were not tried
     */
    public boolean run(Assignment a, List<Action> actions, List<Worker> workers) {
        verify(a, actions, workers);
        List<Action.Create> creates = new ArrayList<>();
        for (Action action : actions) {
            if (action instanceof Action.Create create) {
                creates.add(create);
                continue;
            }
            if (!creator.run(a, creates) || !run(a, action)) {
                return false;
            }
            creates.clear();
        }
        return creator.run(a, creates);
    }

    private boolean run(Assignment a, Action action) {
        return switch (action) {
            case Action.Create create -> creator.run(a, List.of(create));
            case Action.Evict evict -> remover.evict(a, evict.pod());
            case Action.Delete delete -> remover.delete(a, delete.pod(), delete.byRollout());
            case Action.KeepRevision keep -> store.keep(a, keep.revision());
            case Action.PromoteRevision promote -> store.promote(a, promote.revision(), promote.number());
            case Action.DropRevision drop -> store.drop(a, drop.revision());
            case Action.Verify verify -> true; // asked already
            case Action.DryRun dryRun -> {
                a.memory()
                        .verdicts()
                        .answered(PoolMemory.verdictKey(a.pool()), admission.ask(a, dryRun), clock.instant());
                yield true;
            }
        };
    }

    /** All at the same time: one that does not answer holds up no other. */
    private void verify(Assignment a, List<Action> actions, List<Worker> workers) {
        WorkerPoolSpec.Rollout rollout = a.pool().getSpec().rollout();
        if (rollout == null || rollout.verification() == null) {
            return;
        }
        Set<String> asked = actions.stream()
                .filter(Action.Verify.class::isInstance)
                .map(action -> ((Action.Verify) action).pod().uid())
                .collect(Collectors.toSet());
        List<Verifier.Question> questions = workers.stream()
                .filter(worker -> asked.contains(worker.pod().uid()))
                .flatMap(worker -> a.view().pods().stream()
                        .filter(pod ->
                                pod.getMetadata().getUid().equals(worker.pod().uid()))
                        .map(pod -> new Verifier.Question(pod, worker.check().failures())))
                .toList();
        verifier.ask(rollout.verification(), questions)
                .forEach((uid, check) -> a.memory().sightings().checked(uid, check));
    }
}
