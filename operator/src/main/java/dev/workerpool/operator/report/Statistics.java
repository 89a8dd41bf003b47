package dev.workerpool.operator.report;

import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.operator.decide.State.Ending;
import dev.workerpool.operator.decide.State.Result;
import java.util.List;
import java.util.LongSummaryStatistics;

/** The history in figures (contract, section 6, {@code statistics}). */
final class Statistics {
    private Statistics() {}

    /** Superseded rollouts count nowhere; null if there are no others. */
    static WorkerPoolStatus.Statistics over(List<Ending> history) {
        List<Ending> counted =
                history.stream().filter(e -> e.result() != Result.Superseded).toList();
        if (counted.isEmpty()) {
            return null;
        }
        int failed = (int)
                counted.stream().filter(e -> e.result() != Result.Succeeded).count();
        LongSummaryStatistics millis =
                counted.stream().mapToLong(Ending::durationMillis).summaryStatistics();
        return new WorkerPoolStatus.Statistics(
                counted.size(),
                failed,
                Math.round(failed * 1000.0 / counted.size()) / 10.0,
                Math.round(millis.getAverage()) / 1000.0,
                millis.getMin() / 1000.0,
                millis.getMax() / 1000.0);
    }
}
