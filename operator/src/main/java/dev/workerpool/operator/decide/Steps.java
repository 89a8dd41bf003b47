package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.PodFacts.Problem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One step after another toward a target: make the surge worker, wait at the gate, remove the old one. With 3 workers,
 * maxSurge 1 and TerminationComplete (contract, section 3):
 *
 * <pre>
 *   slot 1   slot 2   slot 3
 *   A        A        A       make 1-1 (B)
 *   A b      A        A       b is not ready yet: wait
 *   A B      A        A       B has passed the gate: evict 1-0
 *   - B      A        A       1-0 drains: wait until it is gone
 *     B      A        A       recorded: a step has ended; pauseSeconds; make 2-1 (B) ...
 * </pre>
 */
final class Steps {
    /** What the steps are for: forward, back to the snapshot, or a fill whose spec was changed. */
    enum Mode {
        OUT,
        BACK,
        FILL
    }

    /** A worker of the target and what the gate says of it. */
    private record Judged(int slot, Worker worker, Gate gate, boolean besideOld) {}

    /** A new operator has to ask all new workers again, and there may be hundreds. */
    private static final int ASKED_AT_ONCE = 32;

    private final Observation o;
    private final Settings s;
    private final Workforce force;
    private final Staffing staffing;
    private final Agenda agenda;
    private final Mode mode;
    private final String target;
    private final Optional<Rollout.Course> course;
    private final StepClock clock;
    private final List<Judged> judged = new ArrayList<>();

    Steps(Observation o, Workforce force, Staffing staffing, Agenda agenda, Mode mode, String target) {
        this.o = o;
        this.s = o.settings();
        this.force = force;
        this.staffing = staffing;
        this.agenda = agenda;
        this.mode = mode;
        this.target = target;
        this.course = o.state().rollout().running();
        this.clock = new StepClock(o);
        force.slots().forEach((slot, workers) -> {
            List<Worker> old = workers.stream().filter(this::isOld).toList();
            for (Worker w : workers) {
                boolean isNew = !w.proven() || !old.isEmpty() && old.stream().allMatch(x -> isMadeAfter(w, x));
                if (!isOld(w) && (mode != Mode.BACK || isNew)) {
                    Gate gate = Gate.of(w, s, isNew, mode == Mode.OUT, heardAt(), o.now());
                    judged.add(new Judged(slot, w, gate, !old.isEmpty()));
                }
            }
        });
        if (mode != Mode.FILL && !clock.deadline().equals(Instant.MAX)) { // a fill that is late does not fail
            agenda.deadline(clock.deadline());
        }
    }

    /** One that was there first has served: what it did in all of its life does not count against it now. */
    private static boolean isMadeAfter(Worker w, Worker other) {
        return w.pod().generation() > other.pod().generation();
    }

    /** Workers on the target: alone in their slot, through the gate, and nothing of their slot draining that still counts. */
    static int done(Observation o, Workforce force, String target) {
        List<Integer> draining =
                force.countedLeaving().stream().map(Worker::slot).toList();
        return (int) force.slots().entrySet().stream()
                .filter(e -> e.getValue().stream().allMatch(w -> w.revision().equals(target)))
                .filter(e -> e.getValue().stream().anyMatch(Worker::proven))
                .filter(e -> !draining.contains(e.getKey()))
                .count();
    }

    /** Removes a worker that has no place any more, if any has. */
    Optional<Plan> tidy() {
        return extras().filter(w -> force.mayRemove(w) && !staffing.isKept(w))
                .findFirst()
                .flatMap(this::remove);
    }

    private Stream<Worker> extras() {
        return force.slots().values().stream().flatMap(slot -> Rivals.extras(o, slot, target, mode).stream());
    }

    /** The first worker of the target that will not pass, or the deadline of the step. */
    Optional<Map.Entry<Optional<Worker>, Problem>> failure() {
        for (Judged j : judged) {
            if (j.gate() instanceof Gate.Failed failed) {
                return Optional.of(Map.entry(Optional.of(j.worker()), failed.problem()));
            }
        }
        Instant deadline = clock.deadline();
        if (o.now().isBefore(deadline)) {
            agenda.wakeAt(deadline);
            return Optional.empty();
        }
        if (o.now().isBefore(heardAt())) {
            agenda.wakeAt(heardAt());
            return Optional.empty();
        }
        if (course.filter(c -> done(o, force, target) > c.done()).isPresent()) {
            return Optional.empty(); // it has just ended, which is recorded first
        }
        Optional<Judged> slow = stillProving();
        String why = slow.flatMap(j -> j.worker().pod().blocked())
                .or(() -> o.createObstacle().map(Obstacle::message))
                .or(() -> o.evictObstacle().map(Obstacle::message))
                .or(() -> o.deleteObstacles().values().stream()
                        .map(Obstacle::message)
                        .min(Comparator.naturalOrder()))
                .or(() -> slow.map(j -> j.worker().name() + " " + sentence(j)))
                .orElseGet(this::heldUpBy);
        return Optional.of(Map.entry(
                slow.map(Judged::worker),
                new Problem(
                        "ProgressDeadlineExceeded",
                        (mode == Mode.FILL ? "the first fill" : "the step") + " took longer than "
                                + s.progressDeadline().toSeconds() + " s (rollout.progressDeadlineSeconds): " + why,
                        Optional.empty())));
    }

    /** What the step waited for when no new worker is still proving itself and no call was refused. */
    private String heldUpBy() {
        return lackingOthers()
                .findFirst()
                .map(w -> goesWhen(w) + ", not " + (force.available() - 1))
                .or(staffing::delayed)
                .orElse("no worker was replaced");
    }

    /** Those that would go if enough others were available. */
    private Stream<Worker> lackingOthers() {
        return Stream.concat(passed().flatMap(j -> old(j.slot())), extras()).filter(w -> !force.mayRemove(w));
    }

    private Optional<Judged> stillProving() {
        return judged.stream().filter(j -> !(j.gate() instanceof Gate.Passed)).findFirst();
    }

    /** Whether all workers are on the target, available, and through the gate. */
    boolean complete() {
        return force.staffed() == s.replicas()
                && force.pods() == s.replicas()
                && force.available() == s.replicas()
                && force.slots().values().stream().allMatch(w -> w.stream().noneMatch(this::isOld))
                && judged.stream().allMatch(j -> j.gate() instanceof Gate.Passed);
    }

    /** What to do now, if anything; otherwise the agenda knows what is waited for. */
    Optional<Plan> next() {
        return askHealth()
                .or(this::remakeLost)
                .or(this::removeOld)
                .or(this::describe)
                .or(this::replaceBroken)
                .or(this::surge);
    }

    private Optional<Plan> askHealth() {
        List<Action> asks = judged.stream()
                .filter(j -> j.gate() instanceof Gate.Ask)
                .limit(ASKED_AT_ONCE)
                .<Action>map(j -> new Action.Verify(j.worker().pod()))
                .toList();
        return asks.isEmpty() ? Optional.empty() : Optional.of(agenda.act(asks, List.of()));
    }

    /** A surge worker whose node is lost is made again. */
    private Optional<Plan> remakeLost() {
        return judged.stream()
                .filter(j -> j.besideOld() && j.worker().pod().nodeLost() && !staffing.isKept(j.worker()))
                .findFirst()
                .flatMap(j -> remove(j.worker()));
    }

    /** One old worker whose replacement has passed the gate. */
    private Optional<Plan> removeOld() {
        for (Worker old : passed().flatMap(j -> old(j.slot())).toList()) {
            if (!force.mayRemove(old)) {
                agenda.waiting(step(old.slot()) + goesWhen(old));
            } else if (!staffing.isKept(old)) {
                return remove(old);
            }
        }
        return Optional.empty();
    }

    /** Those through the gate whose old worker is there still. */
    private Stream<Judged> passed() {
        return judged.stream().filter(j -> j.besideOld() && j.gate() instanceof Gate.Passed);
    }

    private Stream<Worker> old(int slot) {
        return force.slot(slot).stream().filter(this::isOld);
    }

    private String goesWhen(Worker old) {
        return old.name() + " goes when " + s.replicas() + " other workers are available";
    }

    /**
     * Old workers that have been unready for readyTimeout give no capacity: the old pod goes as the new one is made. So do
     * those that are ready now and then, but never all at once, and so keep a step from its end for that long.
     */
    private Optional<Plan> replaceBroken() {
        List<Worker> draining = force.countedLeaving();
        boolean room =
                force.pods() + draining.size() <= s.mostPods(); // the one it makes included, for the old one goes
        long inStep = Stream.concat(
                        proving(true).map(Judged::slot), draining.stream().map(Worker::slot))
                .distinct()
                .count();
        if (mode != Mode.OUT || !room || pausing() || inStep >= atOnce()) {
            return Optional.empty();
        }
        Instant overdue = lackingOthers().findAny().isPresent() ? clock.overdue() : Instant.MAX;
        for (Worker old : alone()) {
            if (force.slot(old.slot()).size() > 1) {
                continue; // what an earlier target left could not be removed: no third one without room for it
            }
            Instant broken = old.unreadySince()
                    .map(t -> t.plus(s.readyTimeout()))
                    .map(t -> overdue.isBefore(t) ? overdue : t)
                    .orElse(Instant.MAX);
            if (o.now().isBefore(broken)) {
                if (broken != Instant.MAX) {
                    agenda.wakeAt(broken);
                }
            } else if (staffing.mayCreate(old.slot()) && staffing.canMake(target) && !staffing.isKept(old)) {
                return Optional.of(agenda.act(
                        List.of(
                                new Action.Delete(old.pod(), true),
                                new Action.Create(old.slot(), force.nextGeneration(old.slot()), target)),
                        List.of()));
            }
        }
        return Optional.empty();
    }

    /** New before old, at most maxSurge at a time. */
    private Optional<Plan> surge() {
        List<Worker> draining = force.countedLeaving();
        long room = Math.min(
                atOnce()
                        - (int) judged.stream().filter(Judged::besideOld).count()
                        - (int) proving(false).count(),
                (long) s.replicas() + atOnce() - force.pods() - draining.size());
        List<Worker> old = alone();
        if (old.isEmpty() || room <= 0 || force.staffed() < s.replicas() || pausing()) {
            return Optional.empty();
        }
        List<Action> make = old.stream()
                .filter(w -> staffing.mayCreate(w.slot()) && staffing.canMake(target))
                .limit(room)
                .<Action>map(w -> new Action.Create(w.slot(), force.nextGeneration(w.slot()), target))
                .toList();
        if (make.isEmpty()) {
            return Optional.empty();
        }
        agenda.waiting(step(old.get(0).slot()) + "its new worker starts, and then has "
                + s.readyTimeout().toSeconds() + " s to become ready, then "
                + old.get(0).name() + " is evicted");
        return Optional.of(agenda.act(make, List.of()));
    }

    /** Says what is waited for, before the pause after which the next step begins. */
    private Optional<Plan> describe() {
        for (Judged j : judged) {
            if (j.gate() instanceof Gate.Waiting waiting) {
                waiting.until().ifPresent(agenda::wakeAt);
                j.worker()
                        .pod()
                        .blocked()
                        .ifPresent(why ->
                                agenda.blocked(step(j.slot()) + j.worker().name() + " waits: " + why));
                agenda.waiting(step(j.slot()) + j.worker().name() + " " + sentence(j));
            }
        }
        for (Worker w : force.countedLeaving()) {
            Instant limit = force.forgottenAt(w);
            agenda.wakeAt(limit);
            agenda.waiting(step(w.slot()) + w.name() + " drains; it is waited for until " + Agenda.clock(limit));
        }
        return Optional.empty();
    }

    private String sentence(Judged j) {
        String sentence =
                switch (j.gate()) {
                    case Gate.Waiting waiting -> waiting.sentence();
                    case Gate.Ask ask -> "is to be verified";
                    case Gate.Passed passed -> "is through the gate";
                    case Gate.Failed failed -> failed.problem().message();
                };
        return j.besideOld() ? sentence + ", then " + names(j.slot()) + " is evicted" : sentence;
    }

    private String names(int slot) {
        return old(slot).map(Worker::name).collect(Collectors.joining(", "));
    }

    /** After scaling down there may be a worker 7 among three. */
    private String step(int slot) {
        return "worker " + slot + (slot <= s.replicas() ? " of " + s.replicas() : "") + ": ";
    }

    /** Slots with old workers only: longest broken first, then the lowest. */
    private List<Worker> alone() {
        return force.slots().values().stream()
                .filter(slot -> slot.stream().allMatch(this::isOld))
                .map(slot -> slot.get(0))
                .sorted(Comparator.<Worker, Boolean>comparing(w -> w.available()
                                || o.now()
                                        .isBefore(
                                                w.unreadySince().orElse(o.now()).plus(s.readyTimeout())))
                        .thenComparing(Worker::slot))
                .toList();
    }

    /** New workers that have yet to pass the gate. */
    private Stream<Judged> proving(boolean besideOldToo) {
        return judged.stream()
                .filter(j -> besideOldToo || !j.besideOld())
                .filter(j -> !(j.gate() instanceof Gate.Passed))
                .filter(j -> j.besideOld() || !j.worker().proven() || isOneOnTrial());
    }

    private int atOnce() {
        return isOneOnTrial() ? 1 : s.maxSurge();
    }

    /** On trial a single worker goes first, whatever maxSurge says (contract, section 5): until one is alone and has passed. */
    private boolean isOneOnTrial() {
        return o.state().rollout() instanceof Rollout.RollingOut r
                && r.trial()
                && (Steps.done(o, force, target) == 0
                        || judged.stream().noneMatch(j -> !j.besideOld() && j.gate() instanceof Gate.Passed));
    }

    /** Between one step and the next. */
    private boolean pausing() {
        Instant until = clock.pauseEnds();
        if (!o.now().isBefore(until)) {
            return false;
        }
        agenda.wakeAt(until);
        agenda.waiting(StepClock.pauseUntil(until));
        return true;
    }

    /**
     * Whether half of the step's time is over, and what holds it up says nothing of the new worker: an old one drains, or not
     * all have heard the API server again that was away, and no worker says itself whom it waits for. The step's clock is
     * then set anew, so that at least half of its time is left afterwards.
     */
    boolean isHeldUpLong() {
        boolean drains = force.countedLeaving().stream().anyMatch(this::isOld);
        boolean says = judged.stream().anyMatch(j -> j.worker().pod().blocked().isPresent());
        if (!drains && (says || !o.now().isBefore(heardAt()))) {
            return false;
        }
        agenda.wakeAt(clock.half());
        return !o.now().isBefore(clock.half());
    }

    /** When all have heard the API server again that was away; nothing that a node could not tell or hear counts before. */
    private Instant heardAt() {
        return o.outage().map(Obstacle::retryAt).orElse(Instant.MIN);
    }

    private Optional<Plan> remove(Worker w) {
        return Optional.of(agenda.act(w.available() ? new Action.Evict(w.pod()) : new Action.Delete(w.pod(), true)));
    }

    private boolean isOld(Worker w) {
        return !w.revision().equals(target);
    }
}
