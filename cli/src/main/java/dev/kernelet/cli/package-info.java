/**
 * The command line: {@link dev.kernelet.cli.Main} picks one class per command by a switch, so that only that one is
 * loaded. {@link dev.kernelet.cli.Flags} reads flags as the Go programs do that users come from; {@link
 * dev.kernelet.cli.GlobalFlags} holds those before the command. Strings are byte strings (one char per byte) throughout.
 *
 * <p>Exit status: the program's own; 128 for every failure of Kernelet's, with two lines on standard error.
 */
package dev.kernelet.cli;
