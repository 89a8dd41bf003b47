/**
 * What the operator knows of pods: how one is made from a spec, and what one says of itself. Pure: no API access, no
 * clock (contract, sections 1, 2 and 4).
 */
package dev.workerpool.operator.pods;
