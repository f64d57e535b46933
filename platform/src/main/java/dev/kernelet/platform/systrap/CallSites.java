package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.Registers;

/**
 * Rewrites hot call sites of one address space: instead of trapping (1.6 us) they jump to the stub (0.1 us).
 *
 * <p>Only bytes <i>before</i> the {@code syscall} instruction change: the instruction in front of it, 5 bytes
 * or more, becomes a jump to a trampoline that does what was overwritten, loads the site's end into rcx
 * (where the call would leave it) and jumps to the stub's entry. So a jump to the {@code syscall} itself
 * still works (it traps), rip - 2 still repeats the call, and no saved rip can point into the middle of
 * something new. What is overwritten is one instruction (or a group nobody jumps into), so a thread is before
 * or behind it, never inside.
 *
 * <p>A patch vanishes with its mapping; trampolines stay as long as the address space. fork inherits both.
 * Kernel lock.
 */
final class CallSites {
    static final int THRESHOLD = 10;
    private static final int NEVER = Integer.MIN_VALUE / 2, CELL = 32, REGION = 0x4000, MAX_SITES = 4096,
            BEFORE = 12;
    /** How far a region may lie from the sites it serves: rel32 with room to spare. */
    private static final long REACH = 0x70000000L;

    private final SystrapAddressSpace space;
    private long[] ends;
    private int[] hits;
    private int count;
    private long[] regions = new long[2];
    private int[] used = new int[2];
    private int regionCount;
    /** What was rewritten: where, and the eight bytes that were there. */
    private long[] patched = new long[8], originals = new long[8];
    private int patchedCount;
    private boolean isOff;

    CallSites(SystrapAddressSpace space) { this.space = space; }

    /** A fork's child has its maker's memory, trampolines and patches included. */
    void inherit(CallSites from) {
        isOff = from.isOff;
        if (from.ends == null) return;
        ends = from.ends.clone();
        hits = from.hits.clone();
        count = from.count;
        regions = from.regions.clone();
        used = from.used.clone();
        regionCount = from.regionCount;
        patched = from.patched.clone();
        originals = from.originals.clone();
        patchedCount = from.patchedCount;
    }

    /**
     * Takes all patches back and makes no more: the application wants %gs for itself, by which they find the
     * slot. False: one could not be taken back (a torn site while other threads run).
     */
    boolean turnOff(SystrapContext c) {
        isOff = true;
        long scratch = Memory.allocate(16);
        try {
            while (patchedCount > 0) {
                long site = patched[patchedCount - 1];
                boolean isOurs = c.copyIn(scratch, site, 5) == 5 && Memory.getUnsignedByte(scratch) == 0xe9
                        && isCell(site + 5 + Memory.getInt(scratch + 1));
                Memory.putLong(scratch, originals[patchedCount - 1]);
                if (isOurs && !writeSite(c, site, scratch, scratch + 8)) return false;
                patchedCount--;
            }
            return true;
        } finally {
            Memory.free(scratch);
        }
    }

    private boolean isCell(long address) {
        for (int i = 0; i < regionCount; i++)
            if (address >= regions[i] && address < regions[i] + used[i]) return true;
        return false;
    }

    private void note(long site, long original) {
        if (patchedCount == patched.length) {
            patched = java.util.Arrays.copyOf(patched, patchedCount * 2);
            originals = java.util.Arrays.copyOf(originals, patchedCount * 2);
        }
        patched[patchedCount] = site;
        originals[patchedCount++] = original;
    }

    /** The site that ends at {@code rip} has trapped; true when it is due. */
    boolean hit(long rip) {
        if (ends == null) {
            if (space.textMap == null || isOff) return false;
            ends = new long[64];
            hits = new int[64];
        }
        int i = index(rip);
        if (ends[i] == 0) {
            if (count >= MAX_SITES || rip == 0) return false;
            ends[i] = rip;
            if (++count * 2 > ends.length) {
                grow();
                i = index(rip);
            }
        }
        return ++hits[i] == THRESHOLD && !isOff;
    }

    private int index(long rip) {
        int mask = ends.length - 1;
        int i = (int) (rip * 0x9e3779b97f4a7c15L >>> 40) & mask;
        while (ends[i] != 0 && ends[i] != rip) i = i + 1 & mask;
        return i;
    }

    private void grow() {
        long[] oldEnds = ends;
        int[] oldHits = hits;
        ends = new long[oldEnds.length * 2];
        hits = new int[ends.length];
        for (int j = 0; j < oldEnds.length; j++) {
            if (oldEnds[j] == 0) continue;
            int i = index(oldEnds[j]);
            ends[i] = oldEnds[j];
            hits[i] = oldHits[j];
        }
    }

    /** Rewrites the site that ends at {@code end}, if its form is known. The context is stopped there. */
    void patch(SystrapContext c, long end) {
        int i = index(end);
        if (ends[i] != end) return;
        int result = tryPatch(c, end);
        // Done: should the mapping be replaced, it traps again and gets another chance. Not now: later.
        if (result > 0) space.platform.sitesPatched++;
        hits[i] = result > 0 ? -100 : result < 0 ? NEVER : -20;
    }

    /** 1: patched. 0: perhaps later. -1: never. */
    private int tryPatch(SystrapContext c, long end) {
        var map = space.textMap;
        if (map == null || c.nr == 15 /* rt_sigreturn */ || map.privateText(end - 2, 2) < 0) return -1;
        long text = Memory.allocate(BEFORE + 64);
        long cell = text + BEFORE + 8;
        try {
            int before = BEFORE;
            if (map.privateText(end - 2 - before, before + 2) < 0) return -1;
            if (c.copyIn(text, end - 2 - before, before + 2) != before + 2) return -1;
            long syscall = text + before;
            if (Memory.getShort(syscall) != 0x050f) return -1;
            int form = form(c, syscall);
            if (form == 0) return -1;
            long site = end - 2 - (form == FORM_READ ? 11 : form);
            if (isTorn(site)) return 0;
            long at = takeCell(c, site, form == FORM_READ ? 2 : 1);
            if (at == 0) return -1;
            int length = form == FORM_READ ? readCell(syscall, cell, at, site) : 0;
            if (form != FORM_READ) {
                Memory.copy(syscall - form, cell, form);
                length = form;
            }
            if (length < 0) return -1;
            length = leave(cell, at, length, end, space.platform.base);
            if (space.poke(at, cell, length) != length && !write(c, at, cell, length)) return -1;
            long original = Memory.getLong(text + (site - (end - 2 - before)));
            if (!writeJump(c, site, at, text)) return -1;
            note(site, original);
            return 1;
        } finally {
            Memory.free(text);
        }
    }

    // ---- the forms: the bytes in front of the syscall that a trampoline can do in its place

    /** glibc's read: cmpb $0,x(%rip); je y; xor %eax,%eax; syscall. */
    private static final int FORM_READ = 100;

    /** How many bytes in front of {@code syscall} can be moved (5 or more), FORM_READ, or 0. */
    private static int form(SystrapContext c, long syscall) {
        int b5 = Memory.getUnsignedByte(syscall - 5), b6 = Memory.getUnsignedByte(syscall - 6),
                b4 = Memory.getUnsignedByte(syscall - 4);
        // mov $imm32,%r32; another instruction if a prefix comes before. The register still has that value:
        // proof.
        if (b5 >= 0xb8 && b5 <= 0xbf && b5 != 0xbc && holds(c, b5 & 7, Memory.getUnsignedInt(syscall - 4))) {
            if (b6 == 0x41) return holds(c, (b5 & 7) + 8, Memory.getUnsignedInt(syscall - 4)) ? 6 : 0;
            if ((b6 & 0xf0) != 0x40 && b6 != 0x66) return 5;
            return 0;
        }
        if (b6 == 0x41 && b5 >= 0xb8 && b5 <= 0xbf
                && holds(c, (b5 & 7) + 8, Memory.getUnsignedInt(syscall - 4))) return 6;
        // mov $imm32,%rax with a REX prefix
        if (Memory.getUnsignedByte(syscall - 7) == 0x48 && b6 == 0xc7 && b5 == 0xc0
                && holds(c, 0, Memory.getInt(syscall - 4)))
            return 7;
        // mov 8(%rsp),%r9: syscall(3)
        if (b5 == 0x4c && b4 == 0x8b && Memory.getUnsignedByte(syscall - 3) == 0x4c
                && Memory.getShort(syscall - 2) == 0x0824)
            return 5;
        if (Memory.getUnsignedShort(syscall - 2) == 0xc031) {
            // mov x(%rsp),%edi; xor %eax,%eax
            if (b6 == 0x8b && b5 == 0x7c && b4 == 0x24) return 6;
            if (Memory.getUnsignedShort(syscall - 11) == 0x3d80 && b5 == 0 && b4 == 0x74) return FORM_READ;
        }
        return isMove(c, syscall - 6) && isMove(c, syscall - 3) ? 6 : 0;
    }

    /** mov %r64,%r64 (3 bytes), and both registers are equal. */
    private static boolean isMove(SystrapContext c, long at) {
        int rex = Memory.getUnsignedByte(at), modrm = Memory.getUnsignedByte(at + 2);
        if ((rex & 0xfa) != 0x48 || Memory.getUnsignedByte(at + 1) != 0x89 || modrm < 0xc0) return false;
        int from = (modrm >> 3 & 7) + ((rex & 4) << 1), to = (modrm & 7) + ((rex & 1) << 3);
        if (to == 4 || from == 4 || to == 1 || to == 11) return false;
        return from == 1 || from == 11 || from == 0 || c.reg(NUMBER[from]) == c.reg(NUMBER[to]);
    }

    /** Register numbers in the order of instruction encodings. */
    private static final int[] NUMBER = {Registers.RAX, Registers.RCX, Registers.RDX, Registers.RBX,
        Registers.RSP, Registers.RBP, Registers.RSI, Registers.RDI, Registers.R8, Registers.R9, Registers.R10,
        Registers.R11, Registers.R12, Registers.R13, Registers.R14, Registers.R15};

    private static boolean holds(SystrapContext c, int register, long value) {
        if (register == 0) return c.nr == (int) value;
        if (register == 1 || register == 11 || register == 4) return false;
        return c.reg(NUMBER[register]) == value;
    }

    /** The cell of FORM_READ, whose comparison is relative to rip; its length, or -1. */
    private static int readCell(long syscall, long cell, long at, long site) {
        long variable = site + 7 + Memory.getInt(syscall - 9);
        long target = end(site) + Memory.getByte(syscall - 3);
        long displacement = variable - (at + 7), jump = target - (at + 14);
        if (displacement != (int) displacement || jump != (int) jump) return -1;
        Memory.putShort(cell, (short) 0x3d80);
        Memory.putInt(cell + 2, (int) displacement);
        Memory.putByte(cell + 6, (byte) 0);
        Memory.putShort(cell + 7, (short) 0x0575); // jne over the jump
        Memory.putByte(cell + 9, (byte) 0xe9);
        Memory.putInt(cell + 10, (int) jump);
        Memory.putShort(cell + 14, (short) 0xc031);
        return 16;
    }

    /** Behind the je of FORM_READ. */
    private static long end(long site) { return site + 9; }

    /** lea end(%rip),%rcx; jmp *0(%rip); .quad STUB_ENTRY. The cell's length. */
    private static int leave(long cell, long at, int length, long end, long base) {
        long p = cell + length;
        Memory.putShort(p, (short) 0x8d48);
        Memory.putByte(p + 2, (byte) 0x0d);
        Memory.putInt(p + 3, (int) (end - (at + length + 7)));
        Memory.putShort(p + 7, (short) 0x25ff);
        Memory.putInt(p + 9, 0);
        Memory.putLong(p + 13, base + (STUB_ENTRY - STUB_BASE));
        return length + 21;
    }

    /** Cells near the site; 0 when there is no room. */
    private long takeCell(SystrapContext c, long site, int cells) {
        for (int i = 0; i < regionCount; i++) {
            if (Math.abs(regions[i] - site) > REACH || used[i] + cells * CELL > REGION) continue;
            used[i] += cells * CELL;
            return regions[i] + used[i] - cells * CELL;
        }
        if (regionCount == 64) return 0;
        long at = space.textMap.reserve(site, REGION, REACH - REGION);
        if (at == 0 || c.mapAnonymous(at, REGION, 5 /* read, execute */, 2) != 0) return 0;
        if (regionCount == regions.length) {
            regions = java.util.Arrays.copyOf(regions, regionCount * 2);
            used = java.util.Arrays.copyOf(used, regionCount * 2);
        }
        regions[regionCount] = at;
        used[regionCount++] = cells * CELL;
        return at;
    }

    // ---- writing

    /** Other threads run, and the jump could be seen half-written. */
    private boolean isTorn(long site) { return space.running != 0 && (site & 7) > 3; }

    /** For hosts whose /proc/PID/mem respects protections. */
    private static boolean write(SystrapContext c, long address, long source, int length) {
        long page = address & -4096;
        if (c.hostCall(10, page, 4096, 7, 0, 0, 0) != 0) return false;
        boolean ok = c.copyOut(address, source, length) == length;
        return c.hostCall(10, page, 4096, 5, 0, 0, 0) == 0 && ok;
    }

    /** The 5-byte jump over the site's first bytes. {@code scratch}: 16 bytes of the caller's. */
    private boolean writeJump(SystrapContext c, long site, long cell, long scratch) {
        long relative = cell - (site + 5);
        if (relative != (int) relative) return false;
        Memory.putByte(scratch, (byte) 0xe9);
        Memory.putInt(scratch + 1, (int) relative);
        return writeSite(c, site, scratch, scratch + 8);
    }

    /**
     * The five bytes at {@code bytes} to the site, seen by other threads all at once. {@code scratch}: 8
     * bytes of the caller's.
     */
    private boolean writeSite(SystrapContext c, long site, long bytes, long scratch) {
        if (space.running == 0 && space.poke(site, bytes, 5) == 5) return true;
        // Others run: they must see the old bytes or the new ones, so one aligned store.
        int shift = (int) (site & 7);
        if (shift > 3) return false;
        long aligned = site - shift, page = site & -4096;
        if (c.copyIn(scratch, aligned, 8) != 8) return false;
        Memory.copy(bytes, scratch + shift, 5);
        int prot = space.textMap.privateText(aligned, 8);
        if (prot < 0 || c.hostCall(10, page, 4096, prot | 2, 0, 0, 0) != 0) return false;
        long stored = c.store64(aligned, Memory.getLong(scratch));
        if (c.hostCall(10, page, 4096, prot, 0, 0, 0) != 0) space.kill();
        return stored == 0;
    }
}
