package dev.workerpool.operator.decide;

import java.time.Duration;
import java.util.Optional;

/** What a user writes, as a sentence: {@code aPool().replicas(3).version("A")}. The defaults are the contract's, but for a pause of 0. */
final class PoolSpec {
    private String version = "A";
    private int replicas = 3;
    private boolean paused;
    private Optional<String> retry = Optional.empty();
    private int maxSurge = 1;
    private int minReady;
    private int progressDeadline = 600;
    private int pause;
    private boolean terminationComplete = true;
    private Optional<Settings.Verification> verification = Optional.empty();
    private boolean pauseOnFailure;
    private int retryLimit;
    private int failureThreshold = 3;
    private int resetTimeout = 60;
    private int revisionHistoryLimit = 10;

    static PoolSpec aPool() {
        return new PoolSpec();
    }

    /** Version "A" has the revision "rA". */
    static String revision(String version) {
        return "r" + version;
    }

    PoolSpec version(String value) {
        version = value;
        return this;
    }

    PoolSpec replicas(int value) {
        replicas = value;
        return this;
    }

    PoolSpec paused(boolean value) {
        paused = value;
        return this;
    }

    PoolSpec retry(String value) {
        retry = Optional.of(value);
        return this;
    }

    PoolSpec maxSurge(int value) {
        maxSurge = value;
        return this;
    }

    PoolSpec minReadySeconds(int value) {
        minReady = value;
        return this;
    }

    PoolSpec progressDeadlineSeconds(int value) {
        progressDeadline = value;
        return this;
    }

    PoolSpec pauseSeconds(int value) {
        pause = value;
        return this;
    }

    PoolSpec terminationStarted() {
        terminationComplete = false;
        return this;
    }

    PoolSpec verified(int attempts, int periodSeconds) {
        verification = Optional.of(new Settings.Verification(attempts, Duration.ofSeconds(periodSeconds)));
        return this;
    }

    PoolSpec pauseOnFailure() {
        pauseOnFailure = true;
        return this;
    }

    PoolSpec retryLimit(int value) {
        retryLimit = value;
        return this;
    }

    PoolSpec failureThreshold(int value) {
        failureThreshold = value;
        return this;
    }

    PoolSpec resetTimeoutSeconds(int value) {
        resetTimeout = value;
        return this;
    }

    PoolSpec revisionHistoryLimit(int value) {
        revisionHistoryLimit = value;
        return this;
    }

    /** A film that begins with the pool just created. */
    Film created() {
        return new Film(this);
    }

    /** A film that begins with the pool filled, available and at rest: every worker is {@code <slot>-0}. */
    Film running() {
        return created().fills();
    }

    /** readyTimeout is 30 s, the contract's default. */
    Settings settings() {
        return new Settings(
                version,
                revision(version),
                replicas,
                paused,
                retry,
                maxSurge,
                Duration.ofSeconds(minReady),
                Duration.ofSeconds(30),
                Duration.ofSeconds(progressDeadline),
                Duration.ofSeconds(pause),
                terminationComplete,
                verification,
                pauseOnFailure,
                retryLimit,
                failureThreshold,
                Duration.ofSeconds(resetTimeout),
                revisionHistoryLimit,
                100);
    }
}
