package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.CallFilter;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.sandbox.IdMap;
import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.Volume;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;

/**
 * A process of its own that puts the Sentry's filter on itself and then makes calls that are not on the list: HostJailProbe
 * LIBRARY all | one NUMBER. Prints a line "name result" for each. Or LIBRARY domain ROOT VOLUME OUTSIDE PID: what a sandbox with
 * that root, overlaid, and that volume can still reach when it is restricted, by the thread that did it and by an older one.
 */
final class HostJailProbe {
    private static final int HIGHEST = 480;

    private HostJailProbe() {}

    public static void main(String[] args) {
        HostCall.load(args[0]);
        if (args[1].equals("domain")) {
            domain(args);
            return;
        }
        var filter = new CallFilter(CallFilter.TRAP, true);
        SentryCalls.list(filter, "none", false, "systrap", false, -1,
                dev.kernelet.sandbox.HostAccess.DEFAULT);
        var listed = new TreeSet<String>();
        for (String line : filter.text().split("\n")) listed.add(line.substring(0, line.indexOf(line.contains(" fails with ") ? ' ' : ':')));
        var names = new String[HIGHEST];
        for (int nr = 0; nr < HIGHEST; nr++) {
            String name = SyscallNumber.name(nr);
            names[nr] = name == null ? "number " + nr : name;
        }
        // Everything is loaded before: afterwards no class can be.
        print("calls", filter.allowedCalls());
        HostJail.seal(filter, args[1].equals("all"));
        if (args[1].equals("one")) {
            HostCall.call(Long.parseLong(args[2]));
            return;
        }
        for (int nr = 0; nr < HIGHEST; nr++) {
            // uretprobe and uprobe: the kernel's own trampolines, which no filter sees; SIGILL for everybody else.
            if (nr == 335 || nr == 336 || listed.contains(names[nr])) continue;
            print(names[nr], HostCall.call(nr));
        }
        print("x32 getpid", HostCall.call(0x40000000L + GETPID));
        long page = HostCall.call(MMAP, 0, 4096, 3, 0x22, -1);
        print("mmap RWX", HostCall.call(MMAP, 0, 4096, 7, 0x22, -1));
        print("mmap X shared", HostCall.call(MMAP, 0, 4096, 4, 0x21, -1));
        print("mprotect RX", HostCall.call(MPROTECT, page, 4096, 5));
        print("mremap FIXED", HostCall.call(MREMAP, page, 4096, 4096, 3, page));
        print("memfd_create HUGETLB", HostCall.call(MEMFD_CREATE, page, 4));
        print("clone process", HostCall.call(CLONE, 17, 0, 0, 0, 0));
        print("clone NEWUSER", HostCall.call(CLONE, 0x10000000 | 17, 0, 0, 0, 0));
        print("prctl DUMPABLE", HostCall.call(PRCTL, 4, 0));
        print("prctl CAPBSET_DROP", HostCall.call(PRCTL, 24, 0));
        print("kill TERM", HostCall.call(KILL, 0x7ffffff0, 15));
        print("tgkill SEGV", HostCall.call(TGKILL, 0x7ffffff0, 0x7ffffff0, 11));
        print("ioctl TIOCSTI", HostCall.call(IOCTL, 0, 0x5412, page));
        print("ioctl TIOCLINUX", HostCall.call(IOCTL, 0, 0x541c, page));
        print("ioctl FS_IOC_SETFLAGS", HostCall.call(IOCTL, 0, 0x40086602, page));
        print("fcntl SETOWN", HostCall.call(FCNTL, 0, 8, 1));
        print("fcntl SETFL", HostCall.call(FCNTL, 0, 4, 0));
        print("prlimit64 NPROC", HostCall.call(PRLIMIT64, 0, 6, 0, page));
        print("madvise HWPOISON", HostCall.call(MADVISE, page, 4096, 100));
        print("socketpair INET", HostCall.call(SOCKETPAIR, 2, 1, 0, page));
        print("futex PI", HostCall.call(FUTEX, page, 6, 0, 0));
        HostCall.call(EXIT_GROUP, 0);
    }

    private static void domain(String[] args) {
        var options = new SandboxOptions(new String[] {"true"}, args[2], null, new Volume[] {new Volume(args[3], args[3])}, true,
                false, "memory", 0, false, new IdMap[0], new IdMap[0], "systrap", "none", null, false, "", 0, 100, 0, 100,
                Inherited.of("/nonexistent", new String[0], new long[Inherited.GROUPS]));
        var go = new CountDownLatch(1);
        var older = new Thread(() -> {
            while (go.getCount() > 0) Thread.onSpinWait();
            reach("older", args);
        });
        older.start();
        HostProc.open();
        HostJail.restrict(options);
        HostJail.awaitThreads();
        long root = Memory.allocate(args[2].length() + 1);
        Memory.putBytes(root, args[2]);
        print("chroot", HostCall.call(CHROOT, root));
        reach("self", args);
        go.countDown();
        while (older.isAlive()) Thread.yield();
    }

    private static void reach(String who, String[] args) {
        print(who + " reads root", open(args[2] + "/f", O_RDONLY));
        print(who + " writes root", open(args[2] + "/f", O_WRONLY));
        print(who + " creates in root", open(args[2] + "/new", O_WRONLY | O_CREAT));
        print(who + " writes volume", open(args[3] + "/f", O_WRONLY));
        print(who + " creates in volume", open(args[3] + "/" + who, O_WRONLY | O_CREAT));
        print(who + " reads outside", open(args[4] + "/f", O_RDONLY));
        print(who + " creates outside", open(args[4] + "/new", O_WRONLY | O_CREAT));
        print(who + " signals", HostCall.call(KILL, Long.parseLong(args[5]), 0));
        long socket = HostCall.call(SOCKET, 2, 1, 0), at = Memory.allocate(16);
        Memory.putShort(at, (short) 2);
        print(who + " binds", HostCall.call(BIND, socket, at, 16));
        Memory.putInt(at, 0x01000002);
        print(who + " connects", HostCall.call(CONNECT, socket, at, 16));
    }

    /** 0 or a negative errno. */
    private static long open(String path, int flags) {
        long at = Memory.allocate(path.length() + 1);
        Memory.putBytes(at, path);
        return Math.min(0, HostCall.call(OPENAT, AT_FDCWD, at, flags | O_CLOEXEC, 0600));
    }

    private static void print(String name, long result) {
        String line = name + " " + result + "\n";
        long at = Memory.allocate(line.length() + 1);
        HostCall.call(WRITE, 1, at, Memory.putBytes(at, line));
        Memory.free(at);
    }
}
