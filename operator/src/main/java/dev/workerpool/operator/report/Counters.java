package dev.workerpool.operator.report;

import dev.workerpool.operator.decide.Worker;
import java.util.List;
import java.util.function.Predicate;

/**
 * How many workers there are (contract, section 6).
 *
 * @param replicas live pods, surge workers included
 * @param ready live and ready
 * @param available the same as ready: whether a worker is available goes by its Ready condition
 * @param updated live and at the revision that the spec asks for
 * @param terminating being deleted
 */
record Counters(int replicas, int ready, int available, int updated, int terminating) {

    static Counters of(List<Worker> workers, String updateRevision) {
        int available = count(workers, Worker::available);
        return new Counters(
                count(workers, Worker::live),
                available,
                available,
                count(workers, w -> w.live() && w.revision().equals(updateRevision)),
                count(workers, w -> w.pod().terminating()));
    }

    private static int count(List<Worker> workers, Predicate<Worker> which) {
        return (int) workers.stream().filter(which).count();
    }
}
