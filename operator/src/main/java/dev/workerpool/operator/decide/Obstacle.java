package dev.workerpool.operator.decide;

import java.time.Instant;

/**
 * A write that the API server refused for now.
 *
 * @param message whom it waits for, in a sentence
 * @param retryAt not before this is it tried again, at most 10 s after the refusal
 */
public record Obstacle(String message, Instant retryAt) {}
