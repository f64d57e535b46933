package dev.kernelet.sentry.loader;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;
import java.lang.reflect.Field;
import sun.misc.Unsafe;

/** The headers of a program: what is accepted lies in user memory and in order; what is refused has an errno. */
public final class ElfFuzz {
    private static final int HEAD = 4096;
    private static final Task TASK = task();
    private static final long HEAD_AT = Memory.allocate(HEAD);

    private ElfFuzz() {}

    /** Only its error is used here; a real one needs a kernel. */
    private static Task task() {
        try {
            Field f = Unsafe.class.getDeclaredField("theUnsafe");
            f.setAccessible(true);
            return (Task) ((Unsafe) f.get(null)).allocateInstance(Task.class);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static final class Bytes extends OpenFile {
        final byte[] content;

        Bytes(byte[] content) {
            super(null, 0);
            this.content = content;
        }

        @Override
        public long pread(Task t, long address, long length, long position) {
            if (position < 0 || length < 0) throw new AssertionError("pread " + length + " at " + position);
            if (position >= content.length) return 0;
            int n = (int) Math.min(length, content.length - position);
            Memory.copyFromArray(content, (int) position, address, n);
            return n;
        }
    }

    public static void fuzzerTestOneInput(FuzzedDataProvider data) {
        byte[] bytes = data.consumeRemainingAsBytes();
        int n = Math.min(bytes.length, HEAD);
        Memory.copyFromArray(bytes, 0, HEAD_AT, n);
        TASK.error = 0;
        ElfFile e = ElfFile.read(TASK, new Bytes(bytes), HEAD_AT, n);
        if (e == null) {
            if (TASK.error >= 0) throw new AssertionError("refused without an errno");
            return;
        }
        for (int i = 0; i < e.loads; i++) {
            if (e.vaddr[i] < 0 || e.memsz[i] < 0 || e.filesz[i] > e.memsz[i] || e.vaddr[i] + e.memsz[i] > 1L << 47)
                throw new AssertionError("segment " + i + " outside user memory");
        }
        if (e.loads > 0 && e.low > e.high) throw new AssertionError("low " + e.low + " high " + e.high);
    }
}
