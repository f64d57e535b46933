package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.CallFilter;
import dev.kernelet.host.HostCall;
import java.util.TreeSet;

/**
 * A process of its own that puts the Sentry's filter on itself and then makes calls that are not on the list: HostJailProbe
 * LIBRARY all | one NUMBER. Prints a line "name result" for each.
 */
final class HostJailProbe {
    private static final int HIGHEST = 480;

    private HostJailProbe() {}

    public static void main(String[] args) {
        HostCall.load(args[0]);
        var filter = new CallFilter(CallFilter.TRAP, true);
        SentryCalls.list(filter, "none", false, "systrap", false);
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

    private static void print(String name, long result) {
        String line = name + " " + result + "\n";
        long at = Memory.allocate(line.length() + 1);
        HostCall.call(WRITE, 1, at, Memory.putBytes(at, line));
        Memory.free(at);
    }
}
