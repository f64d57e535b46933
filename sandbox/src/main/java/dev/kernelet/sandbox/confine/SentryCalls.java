package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.host.CallFilter;
import dev.kernelet.platform.stub.StubLayout;
import dev.kernelet.sandbox.HostAccess;

/**
 * The host calls that the Sentry's process may make once the program inside runs, and why. Numbers in {@code isOneOf} and its
 * like are an argument's index and its values; all other arguments are free.
 *
 * <p>Nothing here executes, traces, mounts, changes identity, loads code or makes a mapping executable. Names are resolved by
 * openat2 alone; Landlock and the mount namespace say how far. Sockets are made with {@code --network=host} only.
 */
final class SentryCalls {
    private static final int PROT_NONE = 0, PROT_RW = 3, PROT_EXEC = 4;
    private static final int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;
    /** SOCK_CLOEXEC, SOCK_NONBLOCK. */
    private static final int SOCK_FLAGS = 0x80800;
    private static final int S_IFMT = 0xf000, S_IFIFO = 0x1000, S_IFREG = 0x8000, S_IFSOCK = 0xc000;
    private static final int SIGKILL = 9, SIGCHLD = 17, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22;
    /**
     * CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID:
     * pthread_create(3).
     */
    private static final int PTHREAD = 0x3d0f00;

    private final CallFilter f;

    private SentryCalls(CallFilter filter) { f = filter; }

    /**
     * @param network      "host" or "none"
     * @param writesHost   whether any file of the host may be written (a volume, or a root without an overlay)
     * @param platform     "systrap", "ptrace" or "kvm"
     * @param loadsClasses whether classes come from a directory, as in development: the virtual machine opens them by name
     * @param proc         with --directfs=false the descriptor of /proc, beneath which alone anything is
     * opened; else -1
     * @param access       which unix sockets of the host programs use
     */
    static void list(CallFilter filter, String network, boolean writesHost, String platform,
            boolean loadsClasses,
            int proc, HostAccess access) {
        var c = new SentryCalls(filter);
        c.threads();
        c.memory();
        c.openFiles();
        c.ioctls(network.equals("host"), platform.equals("systrap"));
        if (proc < 0) {
            c.names();
            if (writesHost) c.changes();
        } else {
            c.namesOutside(proc, writesHost);
        }
        c.waiting();
        c.sockets(network.equals("host"), access.usesSockets(), access.createsSockets());
        c.stubs(platform);
        c.virtualMachine(loadsClasses);
    }

    // ---- hot ones first: calls with argument checks are not in the kernel's bitmap of calls that are always allowed
    private void threads() {
        f.allow(FUTEX, "locks of the machine; the doorbell and slots of the stubs (WAIT, WAKE, WAIT_BITSET)")
                .isOneOf(1, 0, 1, 0x80, 0x81, 0x89, 0x189, 0x109);
        f.allow(SCHED_YIELD, "locks of the machine");
        f.allow(CLONE, "threads, no processes").isOneOf(0, PTHREAD);
        f.refuse(CLONE3, ENOSYS, "the C library then uses clone, whose flags can be checked");
        f.allow(SET_ROBUST_LIST, "a thread starts");
        f.allow(RSEQ, "a thread starts");
        f.allow(PRCTL, "a thread names itself").isOneOf(0, 15 /* PR_SET_NAME */);
        f.allow(GETTID, "a thread starts");
        f.allow(SCHED_GETAFFINITY, "the machine counts processors");
        f.allow(RT_SIGRETURN, "implicit null checks: the machine's SIGSEGV handler");
        f.allow(RT_SIGPROCMASK, "a thread starts; signal handlers");
        f.allow(RESTART_SYSCALL, "timed waits after SIGCONT");
        f.allow(CLOCK_NANOSLEEP, "sleeps of the machine");
        f.allow(CLOCK_GETTIME, "CPU clocks; the others are in the vDSO");
        f.allow(EXIT, "a thread ends");
        f.allow(EXIT_GROUP, "the sandbox ends");
    }

    private void memory() {
        f.allow(MMAP, "heap, thread stacks, slots; never executable").hasNone(2, PROT_EXEC);
        f.allow(MPROTECT, "heap and thread stacks; never executable").isOneOf(2, PROT_NONE, PROT_RW);
        f.allow(MUNMAP, "heap, thread stacks, slots of ended stubs");
        f.allow(MREMAP, "malloc grows a block").isOneOf(3, 1 /* MREMAP_MAYMOVE */);
        f.allow(MADVISE, "a thread's stack is given back; slots").isOneOf(2, 4 /* MADV_DONTNEED */,
                23 /* POPULATE_WRITE */);
        f.allow(BRK, "malloc");
        f.allow(MEMFD_CREATE, "files in memory, slots; no huge pages").hasNone(1, ~0x1b);
    }

    private void openFiles() {
        f.allow(READ, "open files");
        f.allow(WRITE, "open files, log, standard error");
        f.allow(PREAD64, "open files; classes of the runtime");
        f.allow(PWRITE64, "open files");
        f.allow(PREADV2, "files, with flags");
        f.allow(PWRITEV2, "files, with flags");
        f.allow(LSEEK, "files, directories, holes");
        f.allow(CLOSE, "everything");
        f.allow(FSTAT, "files in memory; the machine's own");
        f.allow(FSTATFS, "statfs");
        f.allow(GETDENTS64, "directories");
        f.allow(FTRUNCATE, "files in memory and of the host");
        f.allow(FALLOCATE, "same");
        f.allow(FSYNC, "fsync");
        f.allow(FDATASYNC, "fdatasync");
        f.allow(SYNCFS, "sync");
        f.allow(FCHOWN, "files among standard input and output; volumes");
        f.allow(FCHMOD, "same");
        f.allow(FCNTL, "status flags; seals of memfds").isOneOf(1, F_GETFL, F_ADD_SEALS);
    }

    private void ioctls(boolean hostNetwork, boolean asksOfBirths) {
        f.allow(IOCTL, "terminals among standard input, output and error; never TIOCSTI, TIOCSCTTY, TIOCLINUX"
                + (asksOfBirths ? "; births of the stubs" : ""))
                .isOneOf(1, 0x5401 /* TCGETS */, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5408, 0x5409, 0x540a,
                        0x540b /* TCFLSH */, 0x540f /* TIOCGPGRP */, 0x5410 /* TIOCSPGRP */,
                        0x5411 /* TIOCOUTQ */, 0x5413 /* TIOCGWINSZ */, 0x5414 /* TIOCSWINSZ */,
                        0x541b /* FIONREAD */)
                .or().isOneOf(1, 0x802c542a /* TCGETS2 */, 0x402c542b, 0x402c542c, 0x402c542d);
        if (asksOfBirths)
            f.or().isOneOf(1, 0xc0502100 /* SECCOMP_IOCTL_NOTIF_RECV */, 0xc0182101 /* ... SEND */);
        if (!hostNetwork) return;
        f.or().isOneOf(1, 0x8905 /* SIOCATMARK */, 0x8906 /* SIOCGSTAMP */, 0x8907,
                0x894b /* SIOCOUTQNSD */, 0x8910 /* SIOCGIFNAME */, 0x8912, 0x8913, 0x8915,
                0x8917, 0x8919, 0x891b, 0x891d, 0x8921, 0x8927, 0x8933, 0x8942, 0x8970 /* SIOCGIFMAP */);
    }

    /** The process outside makes the calls on names. */
    private void namesOutside(int proc, boolean writesHost) {
        f.allow(OPENAT2, "/proc of the stubs, and nothing else").isOneOf(0, proc);
        f.allow(UTIMENSAT, "times of files in memory that are mapped; no name").isOneOf(1, 0);
        f.allow(FGETXATTR, "attributes of an open file");
        f.allow(FLISTXATTR, "same");
        if (!writesHost) return;
        f.allow(FSETXATTR, "same");
        f.allow(FREMOVEXATTR, "same");
    }

    private void names() {
        f.allow(UTIMENSAT, "times: of files in memory that are mapped, standard input and output, volumes");
        f.allow(OPENAT2, "files beneath a root, /proc of the stubs");
        f.allow(STATX, "stat");
        f.allow(READLINKAT, "symbolic links");
        f.allow(FGETXATTR, "attributes");
        f.allow(FLISTXATTR, "attributes");
    }

    private void changes() {
        f.allow(MKDIRAT, "mkdir in a volume");
        f.allow(MKNODAT, "FIFOs and sockets in a volume, no devices").hasMasked(2, S_IFMT, S_IFIFO, S_IFSOCK, S_IFREG, 0);
        f.allow(UNLINKAT, "unlink and rmdir in a volume");
        f.allow(SYMLINKAT, "symlink in a volume");
        f.allow(LINKAT, "link in a volume");
        f.allow(RENAMEAT2, "rename in a volume");
        f.allow(FCHOWNAT, "chown in a volume");
        f.allow(FCHMODAT2, "chmod in a volume");
        f.allow(FSETXATTR, "attributes in a volume");
        f.allow(FREMOVEXATTR, "attributes in a volume");
    }

    private void waiting() {
        f.allow(POLL, "whether a host descriptor is ready");
        f.allow(EPOLL_CREATE1, "the reactor");
        f.allow(EPOLL_CTL, "the reactor");
        f.allow(EPOLL_PWAIT, "the reactor");
        f.allow(GETRANDOM, "/dev/random, AT_RANDOM");
        f.allow(SYSINFO, "memory of the host");
        f.allow(PRLIMIT64, "its own limit of descriptors").isOneOf(1, 7 /* RLIMIT_NOFILE */);
    }

    private void sockets(boolean host, boolean unix, boolean listens) {
        f.allow(SENDMSG, "descriptors for the stubs" + (host ? "; the host's sockets" : ""));
        f.allow(SENDTO, "a socket among standard input and output" + (host ? "; the host's" : ""));
        f.allow(RECVFROM, "same");
        if (unix && !host) {
            f.allow(SOCKET,
                    "to be connected to a unix socket of the host, by the process outside").isOneOf(0,
                    AF_UNIX);
            connected();
            if (listens) {
                f.allow(LISTEN, "unix sockets that the process outside has given a name");
                f.allow(ACCEPT4, "same");
            }
        }
        if (!host) return;
        f.allow(SOCKET, "the host's network: TCP, UDP, raw and ping; routes");
        if (unix) f.isOneOf(0, AF_UNIX).or();
        f.isOneOf(0, AF_INET, AF_INET6).hasMasked(1, ~SOCK_FLAGS, 1, 2, 3)
                .or().isOneOf(0, AF_NETLINK).isOneOf(2, 0 /* NETLINK_ROUTE */);
        f.allow(BIND, "the host's network");
        f.allow(CONNECT, "same");
        f.allow(LISTEN, "same");
        f.allow(ACCEPT4, "same");
        connected();
    }

    private void connected() {
        f.allow(GETSOCKNAME, "same");
        f.allow(GETPEERNAME, "same");
        f.allow(SHUTDOWN, "same");
        f.allow(GETSOCKOPT, "same");
        f.allow(SETSOCKOPT, "same");
        f.allow(RECVMSG, "same");
    }

    /** Of a container: its socket, by which engines bring commands and further processes. */
    static void control(CallFilter f, boolean hostNetwork) {
        if (hostNetwork) return;
        f.allow(ACCEPT4, "a command for the container");
        f.allow(GETSOCKOPT, "who gives it (SO_PEERCRED)").isOneOf(2, 17 /* SO_PEERCRED */);
        f.allow(SETSOCKOPT, "patience with it").isOneOf(2, 20 /* SO_RCVTIMEO */, 21 /* SO_SNDTIMEO */);
        f.allow(RECVMSG, "its descriptors: standard input and output of a further process");
    }

    /** With a process outside. */
    static void outside(CallFilter f) { f.allow(GETCPU,
            "where a request comes from, for the process outside"); }

    private void stubs(String platform) {
        f.allow(SOCKETPAIR, "a stub's control socket").isOneOf(0, AF_UNIX);
        f.allow(WAITID, "stubs that ended");
        f.allow(WAIT4, "same");
        f.allow(KILL, "ends a stub").isOneOf(1, SIGKILL);
        boolean traces = platform.equals("ptrace");
        f.allow(TGKILL, "interrupts a stub; stops this process as a job of the caller's shell"
                + (traces ? "; wakes the tracer" : ""))
                .isOneOf(2, traces ? SIGCHLD : StubLayout.INTERRUPT_SIGNAL, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU);
        f.allow(GETPGID, "whether a new stub is what it says; whether this process is in the foreground");
        f.allow(GETPID, "messages; stopping itself");
        f.allow(PROCESS_VM_READV, "memory of a stub that is not at hand");
        f.allow(PROCESS_VM_WRITEV, "same");
        if (traces) tracer();
    }

    private void tracer() {
        // Nothing begins to be traced: PTRACE_SEIZE and PTRACE_ATTACH are over when the program inside runs.
        f.allow(PTRACE, "the stubs' registers, memory and progress; no other process")
                .isOneOf(0, 2 /* PTRACE_PEEKDATA */, 3, 5 /* PTRACE_POKEDATA */, 6, 7 /* PTRACE_CONT */, 12 /* PTRACE_GETREGS */,
                        13, 31 /* PTRACE_SYSEMU */, 0x4201 /* PTRACE_GETEVENTMSG */, 0x4202 /* PTRACE_GETSIGINFO */,
                        0x4204 /* PTRACE_GETREGSET */, 0x4205, 0x4207 /* PTRACE_INTERRUPT */, 0x420e);
        f.allow(RT_SIGTIMEDWAIT, "the tracer waits for stops");
        f.allow(SCHED_SETAFFINITY, "tracer and tracee on one processor");
        f.allow(GETCPU, "same");
        f.allow(RECVMSG, "takes back a descriptor that a killed stub did not take");
    }

    private void virtualMachine(boolean loadsClasses) {
        if (loadsClasses) {
            f.allow(OPENAT, "classes of a directory: a development build");
            f.allow(OPEN, "same");
            f.allow(STAT, "same");
            f.allow(NEWFSTATAT, "same");
            return;
        }
        // Tried unasked: <java.home>/release by the machine, /proc/sys/vm/overcommit_memory by malloc.
        f.refuse(OPENAT, EACCES, "the machine and the C library try, and can do without");
        f.refuse(OPEN, EACCES, "same");
        f.refuse(STAT, EACCES, "same");
        f.refuse(NEWFSTATAT, EACCES, "same");
        f.refuse(READLINK, EACCES, "same");
        f.refuse(ACCESS, EACCES, "same");
    }
}
