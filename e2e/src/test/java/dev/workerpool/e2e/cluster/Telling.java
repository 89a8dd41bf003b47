package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.e2e.proxy.Call;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which Events a story tells, in groups that follow one write each, as a run without a crash told them. They come after
 * the write that makes them true: a crash between loses the rest of one group, and nothing else.
 *
 * @param writes how many that run had in all
 * @param groups reason of each Event, of a replaced worker's with the message
 */
record Telling(int writes, List<List<String>> groups) {

    static Telling of(CrashLane.Run undisturbed) {
        List<List<String>> groups = new ArrayList<>();
        boolean open = false;
        for (Call write : undisturbed.writes()) {
            if (!write.event()) {
                open = false;
                continue;
            }
            if (!open) {
                groups.add(new ArrayList<>());
            }
            open = true;
            Event event = event(write);
            if (counts(event)) {
                groups.getLast().add(text(event));
            }
        }
        return new Telling(undisturbed.writes().size(), groups);
    }

    void verify(CrashLane.Run run) {
        List<String> told =
                run.events().stream().filter(Telling::counts).map(Telling::text).toList();
        assertThat(told).as("events").doesNotHaveDuplicates();
        List<String> all = groups.stream().flatMap(List::stream).toList();
        assertThat(all).as("events").containsAll(told);
        Set<String> lost = new HashSet<>(all);
        told.forEach(lost::remove);
        if (!lost.isEmpty()) {
            assertThat(run.last()).as("the crash that lost %s", lost).isPresent();
            assertThat(groups)
                    .as("of one of these groups the crash lost the rest: %s", lost)
                    .anyMatch(group -> {
                        List<String> kept =
                                group.stream().filter(e -> !lost.contains(e)).toList();
                        Call last = run.last().orElseThrow();
                        return group.subList(kept.size(), group.size())
                                        .equals(group.stream()
                                                .filter(lost::contains)
                                                .toList())
                                && lost.size() == group.size() - kept.size()
                                && (last.event()
                                        ? !kept.isEmpty() && kept.getLast().equals(text(event(last)))
                                        : kept.isEmpty());
                    });
        }
    }

    private static Event event(Call write) {
        return Serialization.unmarshal(write.body(), Event.class);
    }

    /** What stands in the way for a moment is the machine's doing, and not part of the story. */
    private static boolean counts(Event event) {
        return !event.getReason().equals("Blocked");
    }

    /**
     * The same transition may be told in other words when it is seen later ("restarted 1 time"), so only what is told of
     * each step keeps them.
     */
    private static String text(Event event) {
        return event.getReason().equals("WorkerReplaced")
                ? event.getReason() + ": " + event.getMessage()
                : event.getReason();
    }
}
