/** The sentence itself: observe, decide, act, report. */
package dev.workerpool.operator.reconcile;
