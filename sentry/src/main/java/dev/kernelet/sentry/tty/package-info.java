/**
 * Terminals (tty_ioctl(4), termios(3), pty(7)): {@link dev.kernelet.sentry.tty.Terminal} is what all have in
 * common (settings, window size, session, foreground group, ioctls), {@link
 * dev.kernelet.sentry.tty.LineDiscipline} the editing of input and output, {@link
 * dev.kernelet.sentry.tty.Pty} a pseudo-terminal, {@link dev.kernelet.sentry.tty.DevPts} its filesystem, and
 * {@link dev.kernelet.sentry.tty.HostTerminal} the caller's own terminal. Kernel lock.
 */
package dev.kernelet.sentry.tty;
