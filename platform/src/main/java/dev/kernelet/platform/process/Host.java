package dev.kernelet.platform.process;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;

/** The host calls the platform makes, by name. Results are raw: negative errno on failure. */
public final class Host {
    private Host() {}

    public static final int EINTR = 4, ESRCH = 3, ECHILD = 10, ETIMEDOUT = 110;
    private static final int READ = 0, CLOSE = 3, POLL = 7, MMAP = 9, MUNMAP = 11, IOCTL = 16, MADVISE = 28,
            SENDMSG = 46, RECVMSG = 47,
            SOCKETPAIR = 53, WAIT4 = 61,
            KILL = 62, FCNTL = 72, FTRUNCATE = 77, GETPGID = 121, FUTEX = 202, TGKILL = 234, WAITID = 247,
            MEMFD_CREATE = 319, GETPID = 39, GETTID = 186, CLOCK_NANOSLEEP = 230,
            PROCESS_VM_READV = 310, PROCESS_VM_WRITEV = 311, PREAD = 17, PWRITE = 18;
    private static final int F_ADD_SEALS = 1033;
    public static final int SEAL_SEAL = 1, SEAL_SHRINK = 2, SEAL_GROW = 4, SEAL_FUTURE_WRITE = 16;

    public static long close(long fd) { return HostCall.call(CLOSE, fd); }
    public static long gettid() { return HostCall.call(GETTID); }
    public static long getpid() { return HostCall.call(GETPID); }
    public static long getpgid(long pid) { return HostCall.call(GETPGID, pid); }
    public static long kill(long pid, int signal) { return HostCall.call(KILL, pid, signal); }
    public static long tgkill(long pid, long tid, int signal) {
        return HostCall.call(TGKILL, pid, tid, signal);
    }
    public static long munmap(long address, long length) { return HostCall.call(MUNMAP, address, length); }
    public static long read(long fd, long buffer, long length) {
        return HostCall.call(READ, fd, buffer, length);
    }

    public static long pread(long fd, long buffer, long length, long offset) {
        return HostCall.call(PREAD, fd, buffer, length, offset);
    }

    public static long pwrite(long fd, long buffer, long length, long offset) {
        return HostCall.call(PWRITE, fd, buffer, length, offset);
    }

    public static long vmRead(long pid, long iovs) {
        return HostCall.call(PROCESS_VM_READV, pid, iovs, 1, iovs + 16, 1, 0);
    }
    public static long vmWrite(long pid, long iovs) {
        return HostCall.call(PROCESS_VM_WRITEV, pid, iovs, 1, iovs + 16, 1, 0);
    }

    /** A file of a process, by the host's /proc. */
    public static long openProc(int pid, String name, int flags) {
        return HostProc.open(pid + "/" + name, flags);
    }

    /** A shared read-write mapping of a descriptor. */
    public static long mapShared(long fd, long length) { return HostCall.call(MMAP, 0, length, 3, 1, fd, 0); }

    public static long mapAnonymous(long length) { return HostCall.call(MMAP, 0, length, 3, 0x22, -1, 0); }

    /**
     * memfd_create(2); {@code flags} beside close-on-exec: 2 allow sealing, 0x10 executable, 8 never
     * executable.
     */
    public static long memfd(String name, int flags) {
        long at = string(name);
        long fd = HostCall.call(MEMFD_CREATE, at, flags | 1);
        // Kernels before 6.3 do not know the executable flags.
        if (fd == -22) fd = HostCall.call(MEMFD_CREATE, at, (flags & ~0x18) | 1);
        Memory.free(at);
        return fd;
    }

    public static long ftruncate(long fd, long length) { return HostCall.call(FTRUNCATE, fd, length); }
    public static long seal(long fd, int seals) { return HostCall.call(FCNTL, fd, F_ADD_SEALS, seals); }

    /** madvise(2), MADV_POPULATE_WRITE: faults pages in; kernels before 5.14 do not know it. */
    public static long populate(long address, long length) {
        return HostCall.call(MADVISE, address, length, 23);
    }

    /** A SOCK_SEQPACKET pair: the descriptors as two ints at {@code pair}. */
    public static long socketpair(long pair) { return HostCall.call(SOCKETPAIR, 1, 5 | 0x80000, 0, pair); }

    /** FUTEX_WAIT on a shared word; {@code timeout} is a timespec or 0. */
    public static long futexWait(long address, int expected, long timeout) {
        return HostCall.call(FUTEX, address, 0, expected, timeout);
    }

    public static long futexWake(long address, int count) { return HostCall.call(FUTEX, address, 1, count); }

    /**
     * waitid(2): waits for, but does not reap, an ended child of the process group that was to end with
     * SIGCHLD. {@code info} is a siginfo_t.
     */
    public static long peekDead(long group, long info) {
        return HostCall.call(WAITID, 2 /* P_PGID */, group, info, 0x1000004L /* WNOWAIT, WEXITED */,
                0);
    }

    /** Sleeps; {@code scratch}: 16 bytes. */
    public static void napMillis(long scratch, int millis) {
        Memory.putLong(scratch, 0);
        Memory.putLong(scratch + 8, millis * 1_000_000L);
        HostCall.call(CLOCK_NANOSLEEP, 1 /* CLOCK_MONOTONIC */, 0, scratch, 0);
    }

    /**
     * waitid(2) without waiting: {@code info} names {@code pid} when that child has ended. -ECHILD: not a
     * child.
     */
    public static long peekChild(long pid, long info) {
        return HostCall.call(WAITID, 1 /* P_PID */, pid, info,
                0x41000005L /* __WALL, WNOWAIT, WEXITED, WNOHANG */, 0);
    }

    public static long reap(long pid, long status, int options) {
        return HostCall.call(WAIT4, pid, status, options | 0x40000000L /* __WALL */, 0);
    }

    /** Sends one or two descriptors. {@code scratch}: 128 bytes of the caller's. Never blocks. */
    public static long sendFds(long socket, long scratch, int fd1, int fd2) {
        Memory.putInt(scratch + 96, fd1);
        Memory.putInt(scratch + 100, fd2);
        return sendFds(socket, scratch, fd2 < 0 ? 1 : 2);
    }

    /** Sends {@code count} (at most 6) descriptors, which lie at {@code scratch + 96}. */
    public static long sendFds(long socket, long scratch, int count) {
        message(scratch, count);
        Memory.putLong(scratch + 80, 16 + 4L * count); // cmsg_len
        Memory.putInt(scratch + 88, 1); // SOL_SOCKET
        Memory.putInt(scratch + 92, 1); // SCM_RIGHTS
        return HostCall.call(SENDMSG, socket, scratch, 0x4040 /* MSG_NOSIGNAL, MSG_DONTWAIT */);
    }

    /** A msghdr for one byte and {@code count} descriptors, of which nothing is filled in. */
    private static void message(long scratch, int count) {
        Memory.zero(scratch, 96);
        Memory.putLong(scratch + 16, scratch + 56); // msg_iov
        Memory.putLong(scratch + 24, 1);
        Memory.putLong(scratch + 32, scratch + 80); // msg_control
        Memory.putLong(scratch + 40, 16 + (4L * count + 7 & -8));
        Memory.putLong(scratch + 56, scratch + 120); // iov: one byte
        Memory.putLong(scratch + 64, 1);
    }

    /** The one descriptor of a message that is there; -1: it has none. {@code scratch}: 128 bytes. */
    public static int receiveFd(long socket, long scratch) {
        message(scratch, 1);
        long n = HostCall.call(RECVMSG, socket, scratch, 0x40000040L /* MSG_CMSG_CLOEXEC, MSG_DONTWAIT */);
        return n == 1 && Memory.getLong(scratch + 80) == 20 ? Memory.getInt(scratch + 96) : -1;
    }

    // ---- seccomp_unotify(2)

    /** The next call that waits for an answer, in the 80 bytes at {@code request}. Blocks. */
    public static long receiveNotification(long listener, long request) {
        Memory.zero(request, 80);
        return HostCall.call(IOCTL, listener, 0xc0502100L /* SECCOMP_IOCTL_NOTIF_RECV */, request);
    }

    /** The call goes on, or fails with {@code error}. {@code response}: 24 bytes. */
    public static long answer(long listener, long response, long id, int error) {
        Memory.putLong(response, id);
        Memory.putLong(response + 8, 0);
        Memory.putInt(response + 16, -error);
        Memory.putInt(response + 20, error == 0 ? 1 /* SECCOMP_USER_NOTIF_FLAG_CONTINUE */ : 0);
        return HostCall.call(IOCTL, listener, 0xc0182101L /* SECCOMP_IOCTL_NOTIF_SEND */, response);
    }

    /** Whether the other side of a descriptor is gone. {@code scratch}: 8 bytes. */
    public static boolean isHungUp(long fd, long scratch) {
        Memory.putInt(scratch, (int) fd);
        Memory.putInt(scratch + 4, 0);
        return HostCall.call(POLL, scratch, 1, 0) == 1 && (Memory.getInt(scratch + 4) >> 16 & 0x10) != 0;
    }

    private static long string(String s) {
        long at = Memory.allocate(s.length() + 1);
        Memory.putBytes(at, s);
        return at;
    }
}
