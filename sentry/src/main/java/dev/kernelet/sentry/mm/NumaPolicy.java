package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;

/**
 * Memory policies (set_mempolicy(2), mbind(2)...) of a machine with one node: everything is checked and remembered as on
 * such a machine, and all memory is on node 0 whatever the policy.
 */
public final class NumaPolicy {
    private NumaPolicy() {}

    private static final int MODE_FLAGS = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;

    /** The node mask as its first word; nodes above 0 do not exist. Or -errno (a mask is never negative: node 63). */
    private static long mask(Task t, long address, long maxNode) {
        // The kernel's "maxnode" is one too many (set_mempolicy(2), BUGS in get_nodes).
        long bits = maxNode - 1;
        if (address == 0 || maxNode == 0 || bits == 0) return 0;
        if (bits < 0 || bits > 4096 * 8) return -EINVAL;
        int bytes = (int) ((bits + 63) / 64 * 8);
        long p = t.mem.in(address, bytes);
        if (p < 0) return p;
        long word = 0;
        for (int i = 0; i < bytes; i += 8) {
            long w = Memory.getLong(p + i);
            if (i == bytes - 8 && (bits & 63) != 0) w &= (1L << (bits & 63)) - 1;
            if (i > 0 && w != 0) return -EINVAL;
            if (i == 0) word = w;
        }
        return word < 0 ? -EINVAL : word;
    }

    /** Checks mode and nodes as mpol_new does: 0 or -errno. */
    private static long check(int mode, int flags, long nodes) {
        if (mode < 0 || mode >= MPOL_MAX) return -EINVAL;
        if ((flags & MPOL_F_STATIC_NODES) != 0 && (flags & MPOL_F_RELATIVE_NODES) != 0) return -EINVAL;
        if ((flags & MPOL_F_NUMA_BALANCING) != 0 && mode != MPOL_BIND && mode != MPOL_PREFERRED_MANY) return -EINVAL;
        switch (mode) {
            case MPOL_DEFAULT -> { return nodes == 0 ? 0 : -EINVAL; }
            case MPOL_LOCAL -> { return nodes == 0 && (flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)) == 0 ? 0 : -EINVAL; }
            case MPOL_PREFERRED -> {
                if (nodes == 0) return (flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)) == 0 ? 0 : -EINVAL;
            }
            default -> { if (nodes == 0) return -EINVAL; }
        }
        // Of the nodes asked for one must exist.
        return (nodes & 1) != 0 ? 0 : -EINVAL;
    }

    public static long set(Task t, int modeAndFlags, long nodeMask, long maxNode) {
        int flags = modeAndFlags & MODE_FLAGS, mode = modeAndFlags & ~MODE_FLAGS;
        long nodes = mask(t, nodeMask, maxNode);
        if (nodes < 0) return nodes;
        long r = check(mode, flags, nodes);
        if (r < 0) return r;
        t.memoryPolicy = mode == MPOL_DEFAULT ? 0 : mode | flags;
        t.memoryPolicyNodes = nodes & 1;
        return 0;
    }

    public static long get(Task t, long modeAddress, long nodeMask, long maxNode, long address, long flags) {
        if ((flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED)) != 0) return -EINVAL;
        if (nodeMask != 0 && maxNode < 1) return -EINVAL;
        int mode = t.memoryPolicy;
        long nodes = t.memoryPolicyNodes;
        if ((flags & MPOL_F_MEMS_ALLOWED) != 0) {
            if ((flags & (MPOL_F_NODE | MPOL_F_ADDR)) != 0) return -EINVAL;
            mode = 0;
            nodes = 1;
        } else if ((flags & MPOL_F_ADDR) != 0) {
            if (t.mm.list.at(address) < 0) return -EFAULT;
            mode = 0;
            nodes = 0;
            if ((flags & MPOL_F_NODE) != 0 && !t.mm.isAccessible(address, 1, false)) return -EFAULT;
        } else if (address != 0) {
            return -EINVAL;
        } else if ((flags & MPOL_F_NODE) != 0) {
            // The next node to interleave on, for those who interleave.
            if ((mode & ~MODE_FLAGS) != MPOL_INTERLEAVE) return -EINVAL;
            mode = 0;
        }
        if (modeAddress != 0) {
            long r = t.mem.outInt(modeAddress, mode);
            if (r < 0) return r;
        }
        return nodeMask == 0 ? 0 : outMask(t, nodeMask, maxNode, nodes);
    }

    private static long outMask(Task t, long address, long maxNode, long nodes) {
        long bits = maxNode - 1;
        if (bits <= 0) return 0;
        if (bits > 4096 * 8) return -EINVAL;
        int bytes = (int) ((bits + 63) / 64 * 8);
        long p = t.mem.scratch(bytes);
        Memory.putLong(p, nodes);
        return t.mem.out(address, p, bytes);
    }

    public static long bind(Task t, long address, long length, long modeAndFlags, long nodeMask, long maxNode, int flags) {
        if ((flags & ~(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) != 0) return -EINVAL;
        if ((flags & MPOL_MF_MOVE_ALL) != 0 && !t.cred.capable(23 /* CAP_SYS_NICE */)) return -EPERM;
        if ((address & 4095) != 0 || (int) modeAndFlags != modeAndFlags) return -EINVAL;
        int modeFlags = (int) modeAndFlags & MODE_FLAGS, mode = (int) modeAndFlags & ~MODE_FLAGS;
        long nodes = mask(t, nodeMask, maxNode);
        if (nodes < 0) return nodes;
        long r = check(mode, modeFlags, nodes);
        if (r < 0) return r;
        long to = address + MemoryManager.pageUp(length);
        if (address < 0 || to < address) return -EINVAL;
        if (to == address) return 0;
        return Advice.isMapped(t.mm.list, address, to) ? 0 : -EFAULT;
    }

    /** move_pages(2) of the task's own memory: everything is on node 0 already. */
    public static long movePages(Task t, MemoryManager mm, long count, long pages, long nodes, long status, int flags) {
        if ((flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) != 0) return -EINVAL;
        if ((flags & MPOL_MF_MOVE_ALL) != 0 && !t.cred.capable(23 /* CAP_SYS_NICE */)) return -EPERM;
        if (count < 0 || count > 1 << 20) return -E2BIG;
        int n = (int) count;
        long p = t.mem.in(pages, n * 8);
        if (p < 0) return p;
        long to = 0;
        if (nodes != 0) {
            to = t.mem.in(nodes, n * 4);
            if (to < 0) return to;
            for (int i = 0; i < n; i++) if (Memory.getInt(to + 4L * i) != 0) return -ENODEV;
        }
        long out = t.mem.scratch(n * 4);
        for (int i = 0; i < n; i++) {
            int at = mm.list.at(Memory.getLong(p + 8L * i));
            Memory.putInt(out + 4L * i, at < 0 ? -EFAULT : 0);
        }
        return t.mem.out(status, out, n * 4);
    }

    /** migrate_pages(2): from nodes to nodes; with one of them there is nothing to move. */
    public static long migrate(Task t, long maxNode, long from, long to) {
        long f = mask(t, from, maxNode);
        if (f < 0) return f;
        long n = mask(t, to, maxNode);
        if (n < 0) return n;
        return (n & 1) == 0 ? -EINVAL : 0;
    }
}
