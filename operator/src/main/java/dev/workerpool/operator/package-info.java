/** Wiring and the edges of the process: its start, its end, who leads. Decisions are made elsewhere. */
package dev.workerpool.operator;
