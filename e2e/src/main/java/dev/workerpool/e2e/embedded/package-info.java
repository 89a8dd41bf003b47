/** A Kubernetes API server with simulated nodes, inside the JVM, for tests and the demo. */
package dev.workerpool.e2e.embedded;
