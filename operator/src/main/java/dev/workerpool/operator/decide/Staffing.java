package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.Event.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps the number of workers at {@code replicas}: heals, fills, scales. No part of a rollout, and going on while one is
 * paused (contract, section 3).
 */
final class Staffing {
    /** So many at most are made in one pass, as a ReplicaSet's controller does: the rest follows in the next. */
    private static final int BURST = 500;

    private final Observation o;
    private final Settings s;
    private final Workforce force;
    private final Agenda agenda;

    Staffing(Observation o, Workforce force, Agenda agenda) {
        this.o = o;
        this.s = o.settings();
        this.force = force;
        this.agenda = agenda;
    }

    /** Pods that have ended serve nobody and hold a name; one that cannot be removed now holds up nothing else. */
    Optional<Plan> clearEnded() {
        List<Action> gone = force.ended().stream()
                .filter(w -> !isDueLater(o.deleteObstacles().get(w.pod().uid())))
                .<Action>map(w -> new Action.Delete(w.pod(), false))
                .toList();
        return gone.isEmpty() ? Optional.empty() : Optional.of(agenda.act(gone, List.of()));
    }

    /**
     * Removes surplus slots with all their pods: not ready ones first, then by pod-deletion-cost, then those not at the
     * target of what runs, then the highest slot.
     */
    Optional<Plan> scaleDown() {
        int surplus = force.staffed() - s.replicas();
        if (surplus <= 0) {
            return Optional.empty();
        }
        String target =
                o.state().rollout().running().map(Rollout.Course::toRevision).orElse("");
        Comparator<Map.Entry<Integer, List<Worker>>> order = Comparator.comparing(e -> anyAvailable(e.getValue()));
        order = order.thenComparing(e -> e.getValue().stream()
                .mapToInt(w -> w.pod().deletionCost())
                .min()
                .orElse(0));
        order = order.thenComparing(
                e -> e.getValue().stream().anyMatch(w -> w.revision().equals(target)));
        order = order.thenComparing(e -> -e.getKey());
        List<Action> leave = new ArrayList<>();
        int available = force.available();
        for (var slot :
                force.slots().entrySet().stream().sorted(order).limit(surplus).toList()) {
            int serving =
                    (int) slot.getValue().stream().filter(Worker::available).count();
            if (slot.getValue().stream().anyMatch(this::isUndeletable)) {
                continue;
            }
            if (serving > 0 && available - serving < s.replicas()) {
                agenda.waiting("scaling down waits until " + s.replicas() + " other workers are available");
                break;
            }
            Optional<String> unheard =
                    slot.getValue().stream().flatMap(w -> unheard(w).stream()).findFirst();
            if (unheard.isPresent()) {
                agenda.blocked(unheard.get());
                break;
            }
            available -= serving;
            slot.getValue().forEach(w -> leave.add(new Action.Delete(w.pod(), false)));
        }
        Event scaled = new Event(Kind.Scaled, "from " + force.staffed() + " to " + s.replicas() + " workers");
        return leave.isEmpty() ? Optional.empty() : Optional.of(agenda.act(leave, List.of(scaled)));
    }

    /** While nothing runs: a worker that was let go came back to its slot, where another was made for it meanwhile. */
    Optional<Plan> clearDoubles() {
        if (!(o.state().rollout() instanceof Rollout.Idle)) {
            return Optional.empty();
        }
        for (List<Worker> slot : force.slots().values()) {
            for (Worker w : Rivals.doubles(slot)) {
                Optional<String> unheard = unheard(w);
                unheard.ifPresent(agenda::blocked);
                if (force.mayRemove(w) && !isUndeletable(w) && unheard.isEmpty()) {
                    return Optional.of(agenda.act(new Action.Delete(w.pod(), false)));
                }
            }
        }
        return Optional.empty();
    }

    /** Makes the workers that are missing, all at once, as far as delays after failures and I2 let it. */
    Optional<Plan> makeMissing() {
        int missing = Math.clamp(s.replicas() - force.staffed(), 0, BURST);
        long room = s.mostPods() - force.pods();
        List<Integer> wanted = new ArrayList<>(force.freeSlots(missing));
        wanted.addAll(lostBesideNew());
        List<Action> make = new ArrayList<>();
        int healed = 0;
        int replaced = 0;
        for (int slot : wanted) {
            if (make.size() >= room || !mayCreate(slot)) {
                continue;
            }
            Optional<String> revision = revisionFor(slot);
            boolean stands = revision.isEmpty()
                    || force.slot(slot).stream().anyMatch(w -> w.revision().equals(revision.get()));
            if (stands) {
                continue;
            }
            make.add(new Action.Create(slot, force.nextGeneration(slot), revision.get()));
            if (goesOnReplacing(slot)) {
                replaced++;
            } else if (o.lostRevisions().containsKey(slot)
                    || !Wish.mends(o) && (o.vacated().contains(slot) || force.hasLeaving(slot))) {
                healed++;
            }
        }
        return make.isEmpty()
                ? Optional.empty()
                : Optional.of(agenda.act(make, events(make.size() - replaced, healed)));
    }

    /** The rollout removed the slot's broken worker, and could not make its own at once: that is no healing. */
    private boolean goesOnReplacing(int slot) {
        return o.vacated().contains(slot)
                && !o.lostRevisions().containsKey(slot)
                && o.state().rollout() instanceof Rollout.RollingOut r
                && (!r.trial() || o.vacated().size() == 1)
                && canMake(r.course().toRevision())
                && !Wish.standsStill(o);
    }

    /** Slots whose old worker was lost while its surge worker has yet to become ready, or stands as it failed: healed beside it. */
    private List<Integer> lostBesideNew() {
        Optional<String> aim =
                switch (o.state().rollout()) {
                    case Rollout.RollingOut r -> Optional.of(r.course().toRevision());
                    case Rollout.RollingBack r -> Optional.empty(); // the one that is made there is all that heals
                    case Rollout.Idle idle -> o.state().failed().map(State.Failed::revision);
                };
        if (aim.isEmpty()) {
            return List.of();
        }
        String target = aim.get();
        return force.slots().entrySet().stream()
                .filter(e -> e.getValue().size() == 1)
                .filter(e -> !e.getValue().get(0).available())
                .filter(e -> e.getValue().get(0).revision().equals(target))
                .map(Map.Entry::getKey)
                .filter(slot -> !target.equals(o.lostRevisions().getOrDefault(slot, target)))
                .toList();
    }

    /** Whether a create for this slot may be tried now; otherwise notes when. */
    boolean mayCreate(int slot) {
        Instant notBefore = o.createNotBefore().getOrDefault(slot, Instant.MIN);
        if (o.now().isBefore(notBefore)) {
            agenda.wakeAt(notBefore);
            agenda.waiting(delayed(slot, notBefore));
            return false;
        }
        return !o.createObstacle().map(this::holds).orElse(false);
    }

    /** Which worker, if any, is not made again yet for those before it failed, in a sentence. */
    Optional<String> delayed() {
        return o.createNotBefore().entrySet().stream()
                .filter(e -> o.now().isBefore(e.getValue()))
                .min(Map.Entry.comparingByKey())
                .map(e -> delayed(e.getKey(), e.getValue()));
    }

    private static String delayed(int slot, Instant notBefore) {
        return "worker " + slot + " failed again and again and is made again at " + Agenda.clock(notBefore);
    }

    /** Whether the call by which a rollout would remove this worker is not to be tried now; why it failed is named. */
    boolean isKept(Worker w) {
        Optional<String> unheard = unheard(w);
        unheard.ifPresent(agenda::waiting);
        if (unheard.isPresent()) {
            return true;
        }
        return w.available() ? o.evictObstacle().map(this::holds).orElse(false) : isUndeletable(w);
    }

    /** Until when requests would still be sent to this worker after it is gone, in a sentence; empty if they would not. */
    private Optional<String> unheard(Worker w) {
        return o.outage()
                .filter(out -> mayServe(w) && isDueLater(out))
                .map(out ->
                        w.name() + " goes at " + Agenda.clock(out.retryAt()) + " at the earliest: " + out.message());
    }

    /** After an outage a node that was not heard counts as lost, and its pods as not ready, although they serve. */
    private static boolean mayServe(Worker w) {
        return w.available()
                || w.everReady() && w.exits() == 0 && w.pod().fault().isEmpty();
    }

    /** Whether its removal was refused a moment ago, which may last for ever. */
    boolean isUndeletable(Worker w) {
        Obstacle obstacle = o.deleteObstacles().get(w.pod().uid());
        return obstacle != null && holds(obstacle);
    }

    /** Whether an obstacle is in the way; in any case it is named. */
    boolean holds(Obstacle obstacle) {
        agenda.blocked(obstacle.message());
        return isDueLater(obstacle);
    }

    private boolean isDueLater(Obstacle obstacle) {
        if (obstacle == null) {
            return false;
        }
        agenda.wakeAt(obstacle.retryAt());
        return o.now().isBefore(obstacle.retryAt());
    }

    /** Which revision a missing worker is made at (contract, section 3, scaling and self-healing); empty: none can be made. */
    private Optional<String> revisionFor(int slot) {
        Optional<String> snapshot =
                o.state().snapshot().map(State.Snapshot::revision).filter(this::canMake);
        Optional<String> lost = Optional.ofNullable(o.lostRevisions().get(slot))
                .filter(this::canMake)
                .filter(revision -> !Wish.hasFailed(o, revision))
                .filter(revision -> !(o.state().breaker() instanceof Breaker.Open));
        Optional<String> revision =
                switch (o.state().rollout()) {
                    case Rollout.RollingOut r
                    when r.course().fromRevision().isEmpty() || goesOnReplacing(slot) ->
                        Optional.of(r.course().toRevision()).filter(this::canMake);
                    case Rollout.RollingOut r ->
                        lost.or(() -> snapshot)
                                .or(() -> Optional.of(r.course().toRevision()).filter(this::canMake));
                    case Rollout.RollingBack r -> snapshot;
                    case Rollout.Idle idle
                    when o.state().snapshot().isEmpty() -> Wish.accepted(o) ? Optional.of(s.revision()) : lost;
                    case Rollout.Idle idle -> lost.or(() -> snapshot);
                };
        if (revision.isEmpty() && o.state().snapshot().isPresent()) {
            agenda.blocked("the ControllerRevision of the snapshot "
                    + o.state().snapshot().get().revision() + " was deleted: apply a spec that asks for version "
                    + o.state().snapshot().get().version() + ", or a new one");
        }
        return revision;
    }

    /** The spec gives it, or a record does. */
    boolean canMake(String revision) {
        return revision.equals(s.revision()) || o.records().containsKey(revision);
    }

    private List<Event> events(int made, int healed) {
        List<Event> events = new ArrayList<>();
        if (healed > 0) {
            events.add(new Event(
                    Kind.WorkerHealed,
                    healed + " lost " + (healed == 1 ? "worker is" : "workers are") + " made again"));
        }
        boolean fills = o.state().snapshot().isEmpty() || force.pods() == 0;
        if (made > healed && !fills && !Wish.mends(o)) {
            events.add(new Event(Kind.Scaled, "from " + force.staffed() + " to " + s.replicas() + " workers"));
        }
        return events;
    }

    private static boolean anyAvailable(List<Worker> slot) {
        return slot.stream().anyMatch(Worker::available);
    }
}
