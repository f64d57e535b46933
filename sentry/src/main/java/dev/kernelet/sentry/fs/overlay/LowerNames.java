package dev.kernelet.sentry.fs.overlay;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import java.util.Arrays;

/** What readdir said about a lower directory, without "." and "..". */
final class LowerNames implements OpenFile.DirectorySink {
    /** Lists up to this length are kept with the directory. */
    static final int KEPT = 128;

    String[] name = new String[32];
    long[] ino = new long[32];
    byte[] type = new byte[32];
    int count;

    private LowerNames() {}

    /** Null with t.error. */
    static LowerNames read(Task t, Inode lower) {
        OpenFile f = lower.open(t, null, 0x10000);
        if (f == null) return null;
        var n = new LowerNames();
        long r = f.readdir(t, n);
        f.put(t);
        if (r < 0) {
            t.error = (int) r;
            return null;
        }
        return n;
    }

    @Override
    public boolean entry(String entryName, long entryIno, int entryType, long next) {
        if (entryName.equals(".") || entryName.equals("..")) return true;
        if (count == name.length) {
            name = Arrays.copyOf(name, count * 2);
            ino = Arrays.copyOf(ino, count * 2);
            type = Arrays.copyOf(type, count * 2);
        }
        name[count] = entryName;
        ino[count] = entryIno;
        type[count++] = (byte) entryType;
        return true;
    }
}
