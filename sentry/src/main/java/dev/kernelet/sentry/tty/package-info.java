/**
 * Terminals (tty_ioctl(4), termios(3), pty(7)): {@link dev.kernelet.sentry.tty.Terminal} is what all have in common (settings,
 * window size, session, foreground group, ioctls), {@link dev.kernelet.sentry.tty.LineDiscipline} the editing of input and
 * output, {@link dev.kernelet.sentry.tty.Pty} a pseudo-terminal, {@link dev.kernelet.sentry.tty.DevPts} its filesystem. The
 * caller's own terminal is still a plain host file (fs.host) without job control. Kernel lock.
 */
package dev.kernelet.sentry.tty;
