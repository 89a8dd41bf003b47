package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Rollout.Idle;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which revisions are kept as ControllerRevisions: snapshot and target always, and so many good ones for undo. */
final class Records {
    private final Observation o;
    private final Settings s;
    private final Aim aim;
    private final Agenda agenda;

    Records(Observation o, Aim aim, Agenda agenda) {
        this.o = o;
        this.s = o.settings();
        this.aim = aim;
        this.agenda = agenda;
    }

    /** Numbers the snapshot as the newest good revision and drops what nothing needs any more. */
    Optional<Plan> keep() {
        if (!(o.state().rollout() instanceof Idle) || o.state().snapshot().isEmpty()) {
            return Optional.empty();
        }
        String snapshot = o.state().snapshot().get().revision();
        long newest = o.records().values().stream().mapToLong(n -> n).max().orElse(0);
        Long number = o.records().get(snapshot);
        if (number != null && (number == 0 || number < newest)) {
            return Optional.of(agenda.act(new Action.PromoteRevision(snapshot, newest + 1)));
        }
        boolean inUse = s.revision().equals(snapshot) || Wish.hasFailed(o, s.revision());
        return (inUse ? aim.keepAgain() : Optional.<Plan>empty()).or(() -> drop(snapshot));
    }

    private Optional<Plan> drop(String snapshot) {
        List<String> spare = o.records().entrySet().stream()
                .filter(r -> !r.getKey().equals(snapshot) && !r.getKey().equals(s.revision()))
                .filter(r -> o.workers().stream().noneMatch(w -> w.revision().equals(r.getKey())))
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(Map.Entry::getKey)
                .toList();
        List<String> good = spare.stream()
                .filter(r -> o.records().get(r) > 0)
                .limit(s.revisionHistoryLimit())
                .toList();
        return spare.stream()
                .filter(r -> !good.contains(r))
                .findFirst()
                .map(r -> agenda.act(new Action.DropRevision(r)));
    }
}
