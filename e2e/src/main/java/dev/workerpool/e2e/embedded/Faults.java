package dev.workerpool.e2e.embedded;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** What a test wants to go wrong. */
final class Faults {
    private static final class Fault {
        final Predicate<RecordedRequest> which;
        final Reply reply;
        int times;

        /** @param reply instead of doing what is asked; null: do it, and send no answer */
        Fault(Predicate<RecordedRequest> which, int times, Reply reply) {
            this.which = which;
            this.times = times;
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

    void add(Predicate<RecordedRequest> which, int times, Reply reply) {
        faults.add(new Fault(which, times, reply));
    }

    void clear() {
        faults.clear();
    }

    /** The answer to give instead of doing what is asked. */
    synchronized Optional<Reply> refusal(RecordedRequest request) {
        return take(request, true).map(fault -> fault.reply);
    }

    /** Whether the answer to a request that was carried out is to be lost. */
    synchronized boolean loses(RecordedRequest request) {
        return take(request, false).isPresent();
    }

    private Optional<Fault> take(RecordedRequest request, boolean refusing) {
        for (Iterator<Fault> all = faults.iterator(); all.hasNext(); ) {
            Fault fault = all.next();
            if ((fault.reply != null) == refusing && fault.times > 0 && fault.which.test(request)) {
                fault.times--;
                return Optional.of(fault);
            }
        }
        return Optional.empty();
    }
}
