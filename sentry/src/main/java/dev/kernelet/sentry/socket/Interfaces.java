package dev.kernelet.sentry.socket;

import dev.kernelet.sentry.kernel.Task;

/** The network interfaces as ioctl(2) shows them (netdevice(7)). */
public abstract class Interfaces {
    public abstract long ioctl(Task t, int request, long argument);
}
