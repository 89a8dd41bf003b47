package dev.workerpool.operator.decide;

import dev.workerpool.operator.decide.PodFacts.Problem;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
        Duration stoodStill = course.map(Rollout.Course::pausedFor).orElse(Duration.ZERO);
        force.slots().forEach((slot, workers) -> {
            boolean besideOld = workers.stream().anyMatch(this::isOld);
            for (Worker w : workers) {
                if (!isOld(w) && (mode != Mode.BACK || besideOld || !w.everReady())) {
                    Gate gate = Gate.of(w, s, besideOld || !w.everReady(), stoodStill, mode != Mode.BACK, o.now());
                    judged.add(new Judged(slot, w, gate, besideOld));
                }
            }
        });
        if (!deadline().equals(Instant.MAX)) {
            agenda.deadline(deadline());
        }
    }

    /** Workers on the target: alone in their slot, ready once, and nothing of their slot draining that still counts. */
    static int done(Observation o, Workforce force, String target) {
        List<Integer> draining =
                force.countedLeaving().stream().map(Worker::slot).toList();
        return (int) force.slots().entrySet().stream()
                .filter(e -> e.getValue().stream().allMatch(w -> w.revision().equals(target)))
                .filter(e -> e.getValue().stream().anyMatch(Worker::everReady))
                .filter(e -> !draining.contains(e.getKey()))
                .count();
    }

    /** Removes a worker that has no place any more, if any has. */
    Optional<Plan> tidy() {
        for (List<Worker> slot : force.slots().values()) {
            for (Worker extra : Rivals.extras(o, slot, target, mode)) {
                if (force.mayRemove(extra) && !staffing.isKept(extra)) {
                    return remove(extra);
                }
            }
        }
        return Optional.empty();
    }

    /** The first worker of the target that will not pass, or the deadline of the step. */
    Optional<Map.Entry<Optional<Worker>, Problem>> failure() {
        for (Judged j : judged) {
            if (j.gate() instanceof Gate.Failed failed) {
                return Optional.of(Map.entry(Optional.of(j.worker()), failed.problem()));
            }
        }
        Instant deadline = deadline();
        if (o.now().isBefore(deadline)) {
            agenda.wakeAt(deadline);
            return Optional.empty();
        }
        if (course.filter(c -> done(o, force, target) > c.done()).isPresent()) {
            return Optional.empty(); // it has just ended, which is recorded first
        }
        Optional<Judged> slow =
                judged.stream().filter(j -> !(j.gate() instanceof Gate.Passed)).findFirst();
        String why = slow.flatMap(j -> j.worker().pod().blocked())
                .or(() -> o.createObstacle().map(Obstacle::message))
                .or(() -> o.evictObstacle().map(Obstacle::message))
                .or(() -> o.deleteObstacles().values().stream()
                        .map(Obstacle::message)
                        .min(Comparator.naturalOrder()))
                .orElseGet(() ->
                        slow.map(j -> j.worker().name() + " " + sentence(j)).orElse("no worker was replaced"));
        return Optional.of(Map.entry(
                slow.map(Judged::worker),
                new Problem(
                        "ProgressDeadlineExceeded",
                        (mode == Mode.FILL ? "the first fill" : "the step") + " took longer than "
                                + s.progressDeadline().toSeconds() + " s (rollout.progressDeadlineSeconds): " + why,
                        Optional.empty())));
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
        for (Judged j : judged) {
            if (!j.besideOld() || !(j.gate() instanceof Gate.Passed)) {
                continue;
            }
            for (Worker old : force.slot(j.slot()).stream().filter(this::isOld).toList()) {
                if (!force.mayRemove(old)) {
                    agenda.waiting(step(j.slot()) + old.name() + " goes when " + s.replicas()
                            + " other workers are available");
                } else if (!staffing.isKept(old)) {
                    return remove(old);
                }
            }
        }
        return Optional.empty();
    }

    /** Old workers that have been unready for readyTimeout give no capacity: the old pod goes as the new one is made. */
    private Optional<Plan> replaceBroken() {
        boolean room = force.pods() <= s.mostPods(); // the one it makes included, for the old one goes
        if (mode != Mode.OUT || !room || pausing() || proving() >= atOnce()) {
            return Optional.empty();
        }
        for (Worker old : alone()) {
            if (force.slot(old.slot()).size() > 1) {
                continue; // what an earlier target left could not be removed: no third one without room for it
            }
            Instant broken =
                    old.unreadySince().map(t -> t.plus(s.readyTimeout())).orElse(Instant.MAX);
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
        describe(draining);
        long room = Math.min(
                atOnce() - (int) judged.stream().filter(Judged::besideOld).count() - proving(false),
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

    private void describe(List<Worker> draining) {
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
        for (Worker w : draining) {
            Instant limit = force.forgottenAt(w);
            agenda.wakeAt(limit);
            agenda.waiting(step(w.slot()) + w.name() + " drains; it is waited for until " + Agenda.clock(limit));
        }
    }

    private String sentence(Judged j) {
        String sentence = j.gate() instanceof Gate.Waiting waiting ? waiting.sentence() : "is through the gate";
        return j.besideOld() ? sentence + ", then " + names(j.slot()) + " is evicted" : sentence;
    }

    private String names(int slot) {
        return String.join(
                ", ",
                force.slot(slot).stream().filter(this::isOld).map(Worker::name).toList());
    }

    private String step(int slot) {
        return "worker " + slot + " of " + s.replicas() + ": ";
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
    private int proving() {
        return proving(true);
    }

    private int proving(boolean besideOldToo) {
        return (int) judged.stream()
                .filter(j -> besideOldToo || !j.besideOld())
                .filter(j -> !(j.gate() instanceof Gate.Passed))
                .filter(j -> j.besideOld() || !j.worker().everReady())
                .count();
    }

    /** On trial a single worker goes first, whatever maxSurge says (contract, section 5). */
    private int atOnce() {
        boolean trial = o.state().rollout() instanceof Rollout.RollingOut r && r.trial();
        return trial && Steps.done(o, force, target) == 0 ? 1 : s.maxSurge();
    }

    /** Between one step and the next; the first needs no pause. */
    private boolean pausing() {
        Instant until = course.filter(c -> !c.stepStartedAt().equals(c.startedAt()))
                .map(c -> c.stepStartedAt().plus(pause(o)))
                .orElse(Instant.MIN);
        if (!o.now().isBefore(until)) {
            return false;
        }
        agenda.wakeAt(until);
        agenda.waiting(pauseUntil(until));
        return true;
    }

    /** Between one step and the next; a rollback wastes no time on it, for what it replaces has failed. */
    static Duration pause(Observation o) {
        return o.state().rollout() instanceof Rollout.RollingBack back && !back.wayBack()
                ? Duration.ZERO
                : o.settings().pause();
    }

    static String pauseUntil(Instant until) {
        return "the next worker is replaced from " + Agenda.clock(until) + " on (rollout.pauseSeconds)";
    }

    private Instant deadline() {
        return course.map(c -> begun(c).plus(s.progressDeadline()))
                .or(() -> o.state().fillStartedAt().map(since -> since.plus(s.progressDeadline())))
                .orElse(Instant.MAX);
    }

    /** When the step began, without the time that it stood still. */
    private Instant begun(Rollout.Course c) {
        return c.stepStartedAt()
                .plus(c.stepStartedAt().equals(c.startedAt()) ? Duration.ZERO : pause(o))
                .plus(c.pausedFor());
    }

    /**
     * Whether half of the step's time is over, and an old worker still drains, or may not go yet although its replacement has
     * passed the gate, for the API server was away. How long that takes says nothing of the new worker: the step's clock is
     * then set anew, so that at least half of its time is left afterwards.
     */
    boolean waitsLongForOld() {
        boolean drains = force.countedLeaving().stream().anyMatch(this::isOld);
        boolean unheard =
                o.outage().filter(out -> o.now().isBefore(out.retryAt())).isPresent()
                        && judged.stream().anyMatch(j -> j.besideOld() && j.gate() instanceof Gate.Passed);
        if (!drains && !unheard) {
            return false;
        }
        Instant half = course.map(c -> begun(c).plus(s.progressDeadline().dividedBy(2)))
                .orElse(Instant.MAX);
        agenda.wakeAt(half);
        return !o.now().isBefore(half);
    }

    private Optional<Plan> remove(Worker w) {
        return Optional.of(agenda.act(w.available() ? new Action.Evict(w.pod()) : new Action.Delete(w.pod(), true)));
    }

    private boolean isOld(Worker w) {
        return !w.revision().equals(target);
    }
}
