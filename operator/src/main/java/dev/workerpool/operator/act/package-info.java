/** Carries out what was decided; with the event sources and the status writer, all that talks to the API server. */
package dev.workerpool.operator.act;
