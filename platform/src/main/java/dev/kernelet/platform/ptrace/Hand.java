package dev.kernelet.platform.ptrace;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;

/**
 * The page of code in every traced process, the Sentry's hand there: an ELF image of a few instructions, each
 * followed by {@code int3}. The tracer sets all registers, lets the thread go at one of them, and has it back
 * at the {@code int3}.
 *
 * <pre>
 *   ENTRY    mov $34,%eax; syscall; jmp ENTRY    pause(2), until it is seized
 *   SYSCALL  syscall; int3
 *   CAS      lock cmpxchg %edx,(%rdi); int3
 *   HANDLER  int3                                signals of faults, delivered to learn their error code
 * </pre>
 *
 * <p>An application may jump here: it then traps as from anywhere, as PTRACE_SYSEMU holds for the whole
 * thread.
 */
final class Hand {
    private Hand() {}

    static final long ENTRY = STUB_BASE + 0x100, SYSCALL = STUB_BASE + 0x110, CAS = STUB_BASE + 0x120,
            HANDLER = STUB_BASE + 0x130;
    /** Where rip is when the {@code int3} of each has been executed. */
    static final long SYSCALL_DONE = SYSCALL + 3, CAS_DONE = CAS + 5, HANDLER_DONE = HANDLER + 1;
    private static final int IMAGE_SIZE = 0x200;

    /**
     * Private writable memory of each process, beyond the application's reach: what injected calls point to.
     */
    static final long AREA = ARENA_BASE;
    static final int AREA_SIZE = 0x10000;
    /** Frames of {@link #HANDLER} end here. */
    static final long FRAME_TOP = AREA + AREA_SIZE;

    static byte[] image() {
        long at = Memory.allocate(IMAGE_SIZE);
        Memory.putLong(at, 0x00010102464c457fL); // ELF, 64-bit, little endian
        Memory.putLong(at + 16, 0x1003e0002L); // ET_EXEC, x86-64, version 1
        Memory.putLong(at + 24, ENTRY);
        Memory.putLong(at + 32, 64); // e_phoff
        Memory.putInt(at + 52, 64 | 56 << 16);
        Memory.putInt(at + 56, 2 | 64 << 16);
        programHeader(at + 64, 1 /* PT_LOAD */, 5 /* R, X */, STUB_BASE, IMAGE_SIZE, 4096);
        programHeader(at + 120, 0x6474e551 /* PT_GNU_STACK */, 6, 0, 0, 16);
        code(at, ENTRY, 0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7);
        code(at, SYSCALL, 0x0f, 0x05, 0xcc);
        code(at, CAS, 0xf0, 0x0f, 0xb1, 0x17, 0xcc);
        code(at, HANDLER, 0xcc);
        var bytes = new byte[IMAGE_SIZE];
        Memory.copyToArray(at, bytes, 0, IMAGE_SIZE);
        Memory.free(at);
        return bytes;
    }

    private static void programHeader(long at, int type, int flags, long address, long size, long align) {
        Memory.putInt(at, type);
        Memory.putInt(at + 4, flags);
        Memory.putLong(at + 16, address);
        Memory.putLong(at + 24, address);
        Memory.putLong(at + 32, size);
        Memory.putLong(at + 40, size);
        Memory.putLong(at + 48, align);
    }

    private static void code(long image, long address, int... bytes) {
        for (int i = 0; i < bytes.length; i++)
            Memory.putByte(image + (address - STUB_BASE) + i, (byte) bytes[i]);
    }
}
