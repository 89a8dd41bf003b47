/**
 * What to do next, and nothing else: an {@link dev.workerpool.operator.decide.Observation} goes in, a
 * {@link dev.workerpool.operator.decide.Plan} comes out. Nothing here imports anything but {@code java.*}, reads a clock,
 * or logs; the same observation always gives the same plan.
 */
package dev.workerpool.operator.decide;
