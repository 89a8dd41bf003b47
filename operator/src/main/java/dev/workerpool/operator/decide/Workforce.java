package dev.workerpool.operator.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The observed workers by slot. A slot is one worker; in a step it has two live pods, the old one and its surge worker
 * (contract, section 2).
 */
final class Workforce {
    /** A pod that does not go within its grace and this much more holds up nothing any longer (contract, I2). */
    private static final Duration STUCK = Duration.ofSeconds(30);

    private final Observation o;
    private final TreeMap<Integer, List<Worker>> live = new TreeMap<>();
    private final Map<Integer, Integer> generations = new HashMap<>();
    private final List<Worker> leaving = new ArrayList<>();
    private int pods;
    private int available;

    Workforce(Observation o) {
        this.o = o;
        for (Worker w : o.workers()) {
            generations.merge(w.slot(), w.pod().generation(), Math::max);
            if (w.live()) {
                live.computeIfAbsent(w.slot(), s -> new ArrayList<>(2)).add(w);
                pods++;
                available += w.available() ? 1 : 0;
            } else {
                leaving.add(w);
            }
        }
        live.values().forEach(w -> w.sort(Comparator.comparingInt(x -> x.pod().generation())));
        o.takenGenerations().forEach((slot, generation) -> generations.merge(slot, generation, Math::max));
    }

    /** Live pods by slot, lowest slot first; within a slot by generation. */
    TreeMap<Integer, List<Worker>> slots() {
        return live;
    }

    List<Worker> slot(int slot) {
        return live.getOrDefault(slot, List.of());
    }

    /** Slots with a live pod: the workers as {@code replicas} counts them. */
    int staffed() {
        return live.size();
    }

    int pods() {
        return pods;
    }

    int available() {
        return available;
    }

    List<Worker> ended() {
        return leaving.stream()
                .filter(w -> w.pod().ended() && !w.pod().terminating())
                .toList();
    }

    /** One more than the highest generation of the slot's pods that exist or whose name is taken, else 0. */
    int nextGeneration(int slot) {
        return generations.getOrDefault(slot, -1) + 1;
    }

    /** I1: it gives no capacity, or at least {@code replicas} others do. */
    boolean mayRemove(Worker w) {
        return !w.available() || available - 1 >= o.settings().replicas();
    }

    /** I2: pods that rollouts removed count until they are gone, at most grace + 30 s; only with TerminationComplete. */
    List<Worker> countedLeaving() {
        if (!o.settings().terminationComplete()) {
            return List.of();
        }
        return leaving.stream()
                .filter(w -> w.removal() == Worker.Removal.ROLLOUT)
                .filter(w -> o.now().isBefore(forgottenAt(w)))
                .toList();
    }

    /** When a terminating pod stops to hold up its slot's step. */
    Instant forgottenAt(Worker w) {
        return w.leavingSince().orElse(o.now()).plus(w.pod().grace()).plus(STUCK);
    }

    /**
     * Whether something of this slot is leaving that scaling did not remove, as far as this process can tell: a worker made
     * in it now heals.
     */
    boolean hasLeaving(int slot) {
        return leaving.stream().anyMatch(w -> w.slot() == slot && w.removal() == Worker.Removal.ROLLOUT);
    }

    /** Slots to make workers in, {@code count} of them: those that had one first, then the lowest free numbers from 1. */
    List<Integer> freeSlots(int count) {
        TreeSet<Integer> lost = new TreeSet<>(o.lostRevisions().keySet());
        lost.addAll(o.vacated());
        lost.removeAll(live.keySet());
        List<Integer> free = new ArrayList<>(lost.stream().limit(count).toList());
        for (int slot = 1; free.size() < count; slot++) {
            if (!live.containsKey(slot) && !lost.contains(slot)) {
                free.add(slot);
            }
        }
        return free;
    }
}
