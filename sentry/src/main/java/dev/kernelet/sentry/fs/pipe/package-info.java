/** Pipes and FIFOs (pipe(7), fifo(7)): {@link dev.kernelet.sentry.fs.pipe.Pipe} is the buffer, {@link dev.kernelet.sentry.fs.pipe.PipeFile} an end. */
package dev.kernelet.sentry.fs.pipe;
