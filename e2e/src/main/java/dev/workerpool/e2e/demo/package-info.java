/** The main job on the embedded server, before one's eyes. */
package dev.workerpool.e2e.demo;
