package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.PlatformTraits;
import dev.kernelet.platform.process.Emptying;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.Xstate;

/**
 * Starts the template stub and forks spares from it. The stubs' parent-death signal fires when the
 * <i>thread</i> ends that spawned the template, so this thread lives as long as the platform.
 */
final class Template extends Thread {
    private final SystrapPlatform platform;
    private final int doorFd;
    private final long scratch = Memory.allocate(128);
    private SystrapAddressSpace space;

    Template(SystrapPlatform platform, int doorFd) {
        super("template");
        this.platform = platform;
        this.doorFd = doorFd;
        setDaemon(true);
    }

    @Override
    public void run() {
        String reason = "";
        for (int attempt = 0; attempt < 5; attempt++) {
            reason = startTemplate();
            if (reason == null) break;
        }
        if (reason != null) {
            platform.fail(reason);
            return;
        }
        var rogues = new Rogues(platform);
        for (int demand; (demand = platform.awaitDemand()) >= 0; ) {
            if (demand == 0) {
                if (platform.hasRun() || rogues.hasDoubts) rogues.scan();
                continue;
            }
            SystrapAddressSpace spare = spare();
            if (spare != null) {
                platform.offer(spare);
            } else if (space.dead) {
                platform.fail("the template stub is gone");
                return;
            } else {
                platform.noSpare(); // a limit of the host's: perhaps there is room later
            }
        }
    }

    /**
     * A fork of the template. Processes that were killed just now may still count on the host, so a refusal
     * is not final.
     */
    private SystrapAddressSpace spare() {
        for (int attempt = 0; ; attempt++) {
            var spare = (SystrapAddressSpace) space.first.fork(scratch, Arena.create(scratch));
            if (spare != null || space.dead || attempt == 10) return spare;
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                return null;
            }
        }
    }

    /** null, or why it did not start. By bad luck of the host's randomization a start may fail: try again. */
    private String startTemplate() {
        var arena = Arena.create(scratch);
        if (arena == null) return "no memfd or socket for the template stub";
        long slot = arena.slot(1);
        Memory.putInt(slot + OFF_TURN, TURN_STUB);
        if (Host.sendFds(arena.control, scratch, arena.memfd(), doorFd) < 0)
            return "sendmsg to the template stub failed";
        long pid = HostCall.spawnStub(platform.imageFd, arena.peer(), platform.guard);
        if (pid < 0) {
            arena.close();
            return "cannot start the template stub: errno " + -pid;
        }
        arena.sent();
        String reason = awaitBoot(slot, pid);
        if (reason != null) {
            arena.close();
            return reason;
        }
        long header = arena.slot(0);
        long xfeatures = Memory.getLong(header + HDR_XCR0) & ~XSTATE_EXCLUDED;
        long hwcap2 = Memory.getLong(header + HDR_HWCAP2);
        boolean fsgsbase = (hwcap2 & 2) != 0;
        Memory.putLong(platform.door + DOOR_XFEATURES, xfeatures);
        Memory.putInt(platform.door + DOOR_FSGSBASE, fsgsbase ? 1 : 0);
        // AT_HWCAP2 without FSGSBASE: %gs is the stub's.
        var traits = new PlatformTraits("systrap", platform.base, Xstate.size(xfeatures), hwcap2 & ~2L);
        if (traits.xstateSize() > XSTATE_MAX) return "this processor's extended state is too large";
        platform.learned(traits, xfeatures, fsgsbase, (int) Host.getpgid(pid));
        space = new SystrapAddressSpace(platform, arena, 0);
        platform.templateContext = space.first;
        if (!platform.adopt(space, (int) pid)) return "the template stub is gone";
        platform.watchBirths(Host.receiveFd(arena.control, scratch));
        platform.startReaper();
        Memory.putLong(space.first.slot + OFF_REGS + 8 * dev.kernelet.platform.Registers.EFLAGS, 0x202);
        space.first.resetXstate();
        space.vdso = new Emptying(space.first, platform.base)
                .run((int) pid, Memory.getLong(header + HDR_VDSO));
        if (space.dead || space.vdso < 0) return "the template stub could not be emptied";
        platform.ready();
        return null;
    }

    private String awaitBoot(long slot, long pid) {
        long status = Memory.allocate(24);
        Memory.putLong(status + 8, 0);
        Memory.putLong(status + 16, 10_000_000);
        String reason = null;
        Memory.putIntVolatile(slot + OFF_SENTRY_WAITS, 1);
        for (int i = 0; Memory.getIntVolatile(slot + OFF_TURN) == TURN_STUB; i++) {
            if (Host.futexWait(slot + OFF_TURN, TURN_STUB, status + 8) != -Host.ETIMEDOUT) continue;
            if (Host.reap(pid, status, 1 /* WNOHANG */) == pid) {
                reason = "the template stub ended with status " + Memory.getInt(status);
                break;
            }
            if (i >= 100 * platform.deadlineSeconds) Host.kill(pid, 9);
        }
        Memory.putInt(slot + OFF_SENTRY_WAITS, 0);
        Memory.free(status);
        return reason;
    }
}
