package dev.workerpool.operator.decide;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Everything a decision rests on, gathered before it is made.
 *
 * @param pool name of the pool
 * @param settings what the spec asks
 * @param state what status remembers
 * @param workers the pool's pods: live, terminating and ended
 * @param records the revisions that have a ControllerRevision, with its number: 0 until it was good once
 * @param verdict on a pod of the spec
 * @param takenGenerations the highest generation, by slot, of a name that a foreign pod holds
 * @param lostRevisions the revision, by slot, of a worker that went without our doing and was not made again
 * @param vacated slots whose broken worker a rollout removed, and in which it has yet to make its own
 * @param createNotBefore by slot: growing delay after workers that failed one after the other
 * @param createObstacle why the last create was refused
 * @param recordObstacle why the last write of a record was refused
 * @param evictObstacle why the last eviction was refused
 * @param outage why others may not hear yet that a worker leaves; before its time no available one is removed
 * @param deleteObstacles by UID of the pod: why its last deletion was refused
 * @param now the operator's clock
 */
public record Observation(
        String pool,
        Settings settings,
        State state,
        List<Worker> workers,
        Map<String, Long> records,
        Verdict verdict,
        Map<Integer, Integer> takenGenerations,
        Map<Integer, String> lostRevisions,
        Set<Integer> vacated,
        Map<Integer, Instant> createNotBefore,
        Optional<Obstacle> createObstacle,
        Optional<Obstacle> recordObstacle,
        Optional<Obstacle> evictObstacle,
        Optional<Obstacle> outage,
        Map<String, Obstacle> deleteObstacles,
        Instant now) {

    /** The same, had this been recorded. */
    public Observation with(State recorded) {
        return new Observation(
                pool,
                settings,
                recorded,
                workers,
                records,
                verdict,
                takenGenerations,
                lostRevisions,
                vacated,
                createNotBefore,
                createObstacle,
                recordObstacle,
                evictObstacle,
                outage,
                deleteObstacles,
                now);
    }
}
