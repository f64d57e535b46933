package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostProc;
import dev.kernelet.platform.process.Host;
import java.util.HashSet;

/**
 * Looks for processes forked behind the Sentry's back: an application can jump to its stub's {@code syscall}
 * with the registers of a fork. The child has a stub's filter and nothing else, but nobody would count or end
 * it. It is a child of the template's thread, as all stubs are (CLONE_PARENT), so that thread's list of
 * children has it (proc_tid_children(5)). It is killed, and so is the process that shares its slots: the one
 * that made it. A program that makes many at once ends its sandbox. Where {@link Births} is there it has killed
 * the maker before anything was born. Template thread only.
 */
final class Rogues {
    static final int PERIOD_MILLIS = 250;
    /**
     * Where {@link Births} stops them before they are born there is nothing to find: a look now and
     * then, in case.
     */
    static final int RARE_MILLIS = 10_000;
    /**
     * Rounds that an unknown child is left alone while some fork is under way: longer than a stub may take.
     */
    private static final int PATIENCE = 60;
    /** More at a time is a bomb, which outruns whoever kills one by one: then all stubs go, in one call. */
    private static final int BOMB = 20;
    private static final int ROUNDS_MAX = 1000, SI_PID = 16;

    private final SystrapPlatform platform;
    private final String children = "self/task/" + Host.gettid() + "/children";
    /** How the line of a stub's slots begins in its maps. */
    private final String arena;
    private final long info = Memory.allocate(128);
    private final HashSet<Integer> killed = new HashSet<>();
    private int patience;
    /** The last look has left a child alone that nobody knew (yet). */
    boolean hasDoubts;

    Rogues(SystrapPlatform platform) {
        this.platform = platform;
        arena = Long.toHexString(ARENA_BASE - STUB_BASE + platform.base) + "-";
    }

    /** Kills all that are there, again and again as long as there are new ones. */
    void scan() {
        killed.clear();
        hasDoubts = false;
        for (int round = 0, n = 1; round < ROUNDS_MAX && n > 0; round++) {
            String pids = HostProc.read(children);
            // A bomb leaves others little of the processors: no look at each.
            if (killed.size() > BOMB || each(pids, false) > BOMB) platform.killAll();
            n = each(pids, true);
            if (n > 0) Host.napMillis(info, 1); // they need a moment to go
        }
    }

    /** How many of the list nobody knows, as far as they matter; kills them. */
    private int each(String pids, boolean kills) {
        int count = 0, pid = 0;
        for (int i = 0; i < pids.length() && count <= BOMB; i++) {
            char c = pids.charAt(i);
            if (c >= '0' && c <= '9') {
                pid = 10 * pid + c - '0';
            } else {
                if (pid > 0 && !platform.isKnown(pid)
                        && (kills ? killed(pid, killed.size() < BOMB) : isAlive(pid))) count++;
                pid = 0;
            }
        }
        return count;
    }

    private boolean isAlive(int pid) {
        Memory.zero(info, 128);
        // else gone, or going
        return Host.peekChild(pid, info) >= 0 && Memory.getInt(info + SI_PID) == 0;
    }

    private boolean killed(int pid, boolean seeksOwner) {
        String slots = seeksOwner ? slots(pid) : "";
        synchronized (platform) { // nobody reaps an unknown child meanwhile, so the number stays its
            if (platform.isKnown(pid)) return false;
            if (platform.isBirth() && patience++ < PATIENCE) {
                hasDoubts = true;
                return false;
            }
            if (!isAlive(pid)) return false;
            Host.kill(pid, 9);
        }
        patience = 0;
        killed.add(pid);
        if (!slots.isEmpty()) platform.killOwner(this, slots);
        return true;
    }

    /** Device and inode of the memory that holds a process's slots; "" when it has none. */
    String slots(int pid) {
        String maps = HostProc.read(pid + "/maps");
        int at = maps.indexOf(arena), end = maps.indexOf('\n', at);
        if (at < 0 || end < 0 || at > 0 && maps.charAt(at - 1) != '\n') return "";
        // ADDRESSES RIGHTS OFFSET DEVICE INODE NAME
        int from = at;
        for (int i = 0; i < 3; i++) from = maps.indexOf(' ', from) + 1;
        int to = maps.indexOf(' ', maps.indexOf(' ', from) + 1);
        return to < 0 || to > end ? "" : maps.substring(from, to);
    }
}
