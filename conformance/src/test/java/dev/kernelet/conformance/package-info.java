/**
 * Runs what must behave as on Linux and reports each check as a test: {@link
 * dev.kernelet.conformance.ConformanceTest} the guest programs and scripts of conformance/ by
 * conformance/run, natively first, and {@link dev.kernelet.conformance.EnvironmentsTest} the rows of
 * conformance/containers. They test the distribution (dist/out, made by bin/dist), not the classes of the
 * build.
 */
package dev.kernelet.conformance;
