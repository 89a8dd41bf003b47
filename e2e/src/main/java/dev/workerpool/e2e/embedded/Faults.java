package dev.workerpool.e2e.embedded;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** What a test wants to go wrong. */
final class Faults {
    private static final class Fault {
        final Predicate<RecordedRequest> which;
        final boolean done;
        final Reply reply;
        int times;

        /**
         * @param done whether what is asked is done all the same
         * @param reply null: send no answer
         */
        Fault(Predicate<RecordedRequest> which, int times, boolean done, Reply reply) {
            this.which = which;
            this.times = times;
            this.done = done;
            this.reply = reply;
        }
    }

    private final List<Fault> faults = new CopyOnWriteArrayList<>();
    volatile Duration latency = Duration.ZERO;
    volatile boolean outage;
    /** Of which resources ({@code "pods"}) the open watches deliver nothing. */
    volatile Predicate<String> hung = resource -> false;
    /** Counts up whenever all open watches are to end. */
    volatile int watchEpoch;

    void add(Predicate<RecordedRequest> which, int times, boolean done, Reply reply) {
        faults.add(new Fault(which, times, done, reply));
    }

    void clear() {
        faults.clear();
    }

    /** The answer to give instead of doing what is asked. */
    synchronized Optional<Reply> refusal(RecordedRequest request) {
        return take(request, false).map(fault -> fault.reply);
    }

    /** What becomes of the answer to a request that was carried out; {@code reply} if nothing is to go wrong, empty if it is lost. */
    synchronized Optional<Reply> answer(RecordedRequest request, Reply reply) {
        return take(request, true)
                .map(fault -> Optional.ofNullable(fault.reply))
                .orElse(Optional.of(reply));
    }

    private Optional<Fault> take(RecordedRequest request, boolean done) {
        for (Fault fault : faults) {
            if (fault.done == done && fault.times > 0 && fault.which.test(request)) {
                fault.times--;
                return Optional.of(fault);
            }
        }
        return Optional.empty();
    }
}
