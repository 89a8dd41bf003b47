package dev.workerpool.operator.decide;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Who stays when a target was left and a slot has two live pods (contract, section 3). */
final class Rivals {
    private Rivals() {}

    /**
     * Those of a slot that have no place any more. Of two that are not in a step, the one that alone is available stays;
     * otherwise the snapshot's; otherwise the older. On the way back, and in a fill, unready workers of what is left go too.
     */
    static List<Worker> extras(Observation o, List<Worker> slot, String target, Steps.Mode mode) {
        List<Worker> old =
                slot.stream().filter(w -> !w.revision().equals(target)).toList();
        List<Worker> fresh =
                slot.stream().filter(w -> w.revision().equals(target)).toList();
        List<Worker> rivals = new ArrayList<>();
        if (old.size() > 1) {
            rivals.addAll(old);
        } else if (fresh.size() > 1) {
            rivals.addAll(fresh);
        } else if (mode == Steps.Mode.BACK
                && old.size() == 1
                && fresh.size() == 1
                && generation(fresh) < generation(old)) {
            rivals.addAll(slot);
        }
        if (!rivals.isEmpty()) {
            Worker stays = rivals.stream()
                    .min(Comparator.<Worker, Boolean>comparing(w -> !w.available())
                            .thenComparing(w -> !Wish.isSnapshot(o, w.revision()))
                            .thenComparing(w -> w.pod().generation()))
                    .orElseThrow();
            return rivals.stream().filter(w -> w != stays).toList();
        }
        return mode == Steps.Mode.OUT
                ? List.of()
                : old.stream().filter(w -> !w.available()).toList();
    }

    /** Those of a slot for which another of the same revision stands in, which is available: of several such, the oldest. */
    static List<Worker> doubles(List<Worker> slot) {
        return slot.stream()
                .filter(w -> slot.stream()
                        .filter(other -> other.available() && other.revision().equals(w.revision()))
                        .min(Comparator.comparing(other -> other.pod().generation()))
                        .filter(stays -> stays != w)
                        .isPresent())
                .toList();
    }

    private static int generation(List<Worker> single) {
        return single.get(0).pod().generation();
    }
}
