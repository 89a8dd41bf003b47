/**
 * What the user reads: {@link dev.workerpool.operator.report.StatusRenderer} says what status should be,
 * {@link dev.workerpool.operator.report.StatusMapper} how the planner's memory is kept in it, and
 * {@link dev.workerpool.operator.report.StatusWriter}, which alone writes it, when it is worth a write (contract,
 * section 6).
 */
package dev.workerpool.operator.report;
