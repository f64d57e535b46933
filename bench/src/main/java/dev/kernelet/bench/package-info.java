/**
 * The benchmark: the same programs natively, in Kernelet and in its peers, in turn.
 *
 * <p>{@link dev.kernelet.bench.Bench} reads the command line; {@link dev.kernelet.bench.Measurement} runs rounds over the
 * {@link dev.kernelet.bench.Runner}s found here and gathers samples into a {@link dev.kernelet.bench.Result}, whose JSON is
 * the record; {@link dev.kernelet.bench.Table} and {@link dev.kernelet.bench.Page} show it against
 * {@link dev.kernelet.bench.Targets}. Single threaded.
 */
package dev.kernelet.bench;
