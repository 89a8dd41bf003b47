/** Gathers everything a decision rests on, and remembers when this process saw it. */
package dev.workerpool.operator.observe;
