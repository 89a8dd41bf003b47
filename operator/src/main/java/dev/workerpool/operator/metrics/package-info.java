/** What can be seen of the operator from outside: Prometheus series and health, on one management port. */
package dev.workerpool.operator.metrics;
