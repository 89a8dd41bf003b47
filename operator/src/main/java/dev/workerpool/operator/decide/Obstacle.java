package dev.workerpool.operator.decide;

import java.time.Instant;

/**
 * What is in the way of a write for now: the API server refused it, or was away.
 *
 * @param message whom it waits for, in a sentence
 * @param retryAt not before this is it tried; at most 10 s after a refusal
 */
public record Obstacle(String message, Instant retryAt) {}
