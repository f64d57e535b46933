package dev.kernelet.sentry.kernel;

/** What a kernel is started with. Mutable while the sandbox is put together, constant after. */
public final class KernelOptions {
    public int processors = Runtime.getRuntime().availableProcessors();
    /** Bytes the sandbox may use, as shown in /proc/meminfo; 0: the host's. */
    public long memoryLimit;
    /** Most tasks (threads and processes) at once. */
    public int taskLimit = 32768;
    /** {@link #taskLimit} is one that was asked for, not the default. */
    public boolean isTaskLimited;
    /** As the control group shows them: microseconds in each period (0: no limit), and the share. */
    public long cpuQuota, cpuPeriod = 100_000, cpuWeight = 100;
    /** Most open files at once in the sandbox. */
    public int fileLimit = 1 << 20;
    /** The first process never sees the orphans it adopts; the kernel reaps them. False for containers with a real init. */
    public boolean reapsOrphans = true;
    /** The first process is a container's: see ThreadGroup.isUnkillable. */
    public boolean hasContainerInit;
    /** The first process waits for {@link Kernel#releaseInit}. */
    public boolean holdsInit;
    /** Whether set-user-ID and set-group-ID bits count (execve(2)): ids inside are the sandbox's own, the host gives nothing. */
    public boolean allowSuid = true;
    public boolean strace;
    /** "host" or "none". */
    public String network = "host";
    public String hostname = "kernelet", domainname = "(none)";
    /** Values of /proc/sys that are not the usual ones, by path: "kernel/msgmax"; null: none. */
    public java.util.Map<String, String> sysctl;
    /** The first port that needs no capability: net.ipv4.ip_unprivileged_port_start. */
    public int unprivilegedPorts = 1024;
    /** What uname(2) says. */
    public String release = "6.12.0-kernelet";
    /** The first process's personality(2): the caller's. */
    public int personality;
    /** Most CPU seconds of a process, and bytes of a file; nobody inside can raise them. 0: no limit. */
    public long cpuSeconds, fileSize;
    /** Most bytes written to the descriptors the sandbox was given, in all; 0: no limit. */
    public long outputLimit;
    /** FIFOs and unix sockets of the host are the host's; else the sandbox sees their names alone. */
    public boolean hostFifos, hostSockets, createsHostSockets;
    public boolean spins = true;
    /** User and group ids of the host as they are inside. */
    public HostIds ids = HostIds.SAME;
}
