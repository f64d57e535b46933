/**
 * The composition root: puts platform, kernel, file systems and the first program together and runs them.
 *
 * <p>{@link dev.kernelet.sandbox.SandboxOptions} says what is wanted, {@link dev.kernelet.sandbox.Inherited}
 * what the process was started with, {@link dev.kernelet.sandbox.Sandbox} runs it. A reason why it cannot be
 * run is a {@link dev.kernelet.sandbox.Failure}.
 */
package dev.kernelet.sandbox;
