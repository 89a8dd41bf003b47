/** What a user writes and reads: {@code workerpool.dev/v1alpha1 WorkerPool} (contract, sections 1 and 6). */
package dev.workerpool.api;
