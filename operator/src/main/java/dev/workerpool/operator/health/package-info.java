/** Whether this process does its work, as the kubelet and a person can ask it over HTTP. */
package dev.workerpool.operator.health;
