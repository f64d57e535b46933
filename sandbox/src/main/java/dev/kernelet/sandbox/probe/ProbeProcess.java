package dev.kernelet.sandbox.probe;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.process.Host;

/**
 * A process of a few instructions that makes the system calls it is told, to see what becomes of them, and
 * is killed then:
 *
 * <pre>
 *   for (;;) { read(0, buffer, SIZE); buffer[0] = syscall(buffer[0], buffer[1] ... buffer[6]); write(0,
 *   buffer, SIZE); }
 * </pre>
 */
final class ProbeProcess implements AutoCloseable {
    /** {@link #call}: the call ended the process, or it does not answer. */
    static final long DIED = Long.MIN_VALUE;

    private static final long CODE = 0x10000000, BUFFER = 0x10010000;
    private static final int SIZE = 1024, DATA = 64, IMAGE_SIZE = 0x200, ENTRY = 0x100,
            PATIENCE_MILLIS = 3000;
    private static final int SIGKILL = 9;

    private final long message = Memory.allocate(SIZE);
    private final long scratch = Memory.allocate(16);
    private long socket = -1;
    /** The process, or the negative errno of its start. */
    final long pid;
    /** What failed at the start. */
    final String failed;
    /** wait status once it has died; else -1. */
    int status = -1;

    ProbeProcess() {
        long image = image();
        String what = "memfd_create";
        long p = image;
        if (image >= 0) {
            what = "socketpair";
            p = Host.socketpair(scratch);
            if (p >= 0) {
                socket = Memory.getInt(scratch);
                long peer = Memory.getInt(scratch + 4);
                what = "execveat of a memfd";
                p = HostCall.spawnStub(image, peer, 0);
                Host.close(peer);
            }
            Host.close(image);
        }
        pid = p;
        failed = p < 0 ? what : "a process from a memfd";
    }

    /** Whether it has been seen to work: its start may be over before it is in place. */
    boolean hasStarted() { return call(GETPID) > 0; }

    /** Why not, as a negative errno. */
    long failure() { return pid < 0 ? pid : -5; /* EIO */ }

    boolean runs() { return pid > 0 && status < 0; }

    /** Makes it do a call: the result, or {@link #DIED}. */
    long call(int nr, long... arguments) {
        if (!runs()) return DIED;
        Memory.putLong(message, nr);
        for (int i = 0; i < 6; i++) Memory.putLong(message + 8 + 8L * i, i < arguments.length ? arguments[i]
                : 0);
        if (HostCall.call(WRITE, socket, message, SIZE) != SIZE || !isReadable()
                || HostCall.call(READ, socket, message, SIZE) != SIZE) {
            end();
            return DIED;
        }
        return Memory.getLong(message);
    }

    private boolean isReadable() {
        Memory.putLong(scratch, socket | 1L << 32 /* POLLIN */);
        return HostCall.call(POLL, scratch, 1, PATIENCE_MILLIS) == 1;
    }

    /** Where {@link #here} is in the process, to be passed in the next call. */
    static long there(int offset) { return BUFFER + DATA + offset; }

    /** Memory that goes along with the next call and comes back with its result. */
    long here(int offset) { return message + DATA + offset; }

    /** Puts a string there and returns its address in the process. */
    long string(int offset, String s) {
        Memory.putBytes(here(offset), s);
        Memory.putByte(here(offset) + s.length(), (byte) 0);
        return there(offset);
    }

    /** Its memory as seen from outside: the first word of the buffer. */
    static long buffer() { return BUFFER; }

    private void end() {
        if (pid <= 0 || status >= 0) return;
        // It may have died by itself of the call: then that is its status.
        for (int i = 0; Host.reap(pid, scratch, 1 /* WNOHANG */) == 0; i++) {
            if (i == 50) Host.kill(pid, SIGKILL);
            Memory.putLong(scratch, 0);
            Memory.putLong(scratch + 8, 1_000_000);
            HostCall.call(NANOSLEEP, scratch, 0);
        }
        status = Memory.getInt(scratch) & 0xffff;
    }

    /** The signal it died of, 0: none. */
    int signal() { return status < 0 ? 0 : status & 0x7f; }

    @Override
    public void close() {
        if (runs()) {
            Host.kill(pid, SIGKILL);
            end();
        }
        if (socket >= 0) Host.close(socket);
        Memory.free(message);
        Memory.free(scratch);
    }

    // ---- the image

    private static long image() {
        long fd = Host.memfd("kernelet-probe", 0x10);
        if (fd < 0) return fd;
        long at = Memory.allocate(IMAGE_SIZE);
        Memory.putLong(at, 0x00010102464c457fL);
        Memory.putLong(at + 16, 0x1003e0002L); // ET_EXEC, x86-64, version 1
        Memory.putLong(at + 24, CODE + ENTRY);
        Memory.putLong(at + 32, 64);
        Memory.putInt(at + 52, 64 | 56 << 16);
        Memory.putInt(at + 56, 2 | 64 << 16);
        segment(at + 64, 5, CODE, IMAGE_SIZE, IMAGE_SIZE);
        segment(at + 120, 6, BUFFER, 0, SIZE);
        code(at + ENTRY);
        long n = Host.pwrite(fd, at, IMAGE_SIZE, 0);
        Memory.free(at);
        if (n == IMAGE_SIZE) return fd;
        Host.close(fd);
        return n < 0 ? n : -5;
    }

    private static void segment(long at, int flags, long address, long inFile, long inMemory) {
        Memory.putInt(at, 1); // PT_LOAD
        Memory.putInt(at + 4, flags);
        Memory.putLong(at + 16, address);
        Memory.putLong(at + 24, address);
        Memory.putLong(at + 32, inFile);
        Memory.putLong(at + 40, inMemory);
        Memory.putLong(at + 48, 4096);
    }

    private static void code(long at) {
        int[] bytes = {
            0xbb, 0x00, 0x00, 0x01, 0x10, // mov $BUFFER,%ebx
            0x31, 0xc0, 0x31, 0xff, 0x48, 0x89, 0xde, 0xba, 0x00, 0x04, 0x00, 0x00, 0x0f, 0x05, // read(0, buffer, SIZE)
            0x48, 0x85, 0xc0, 0x7e, 0x33, // test %rax,%rax; jle exit
            0x48, 0x8b, 0x03, 0x48, 0x8b, 0x7b, 0x08, 0x48, 0x8b, 0x73, 0x10, 0x48, 0x8b, 0x53, 0x18, // rax, rdi, rsi, rdx
            0x4c, 0x8b, 0x53, 0x20, 0x4c, 0x8b, 0x43, 0x28, 0x4c, 0x8b, 0x4b, 0x30, // r10, r8, r9
            0x0f, 0x05, 0x48, 0x89, 0x03, // syscall; mov %rax,(%rbx)
            0xb8, 0x01, 0x00, 0x00, 0x00, 0x31, 0xff, 0x48, 0x89, 0xde, 0xba, 0x00, 0x04, 0x00, 0x00, 0x0f,
                    0x05, // write
            0xeb, 0xba, // jmp to the read
            0xb8, 0xe7, 0x00, 0x00, 0x00, 0x31, 0xff, 0x0f, 0x05, // exit: exit_group(0)
        };
        for (int i = 0; i < bytes.length; i++) Memory.putByte(at + i, (byte) bytes[i]);
    }
}
