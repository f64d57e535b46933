package dev.kernelet.sentry.vfs;

import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import java.util.LinkedHashMap;

/** The filesystem types that mount(2) knows, by name. */
public final class FilesystemTypes {
    /** Makes the filesystem of a new mount; null with t.error. */
    public interface Type {
        Filesystem make(Task t, String source, String data);
    }

    private final LinkedHashMap<String, Type> types = new LinkedHashMap<>();

    public void register(String name, Type type) { types.put(name, type); }

    public Type find(String name) { return types.get(name); }

    public int count() { return types.size(); }

    /** Names in the order of registration, for /proc/filesystems. */
    public Iterable<String> names() { return types.keySet(); }

    /** The table of the kernel, made on first use. */
    public static FilesystemTypes of(Kernel k) {
        if (k.root.filesystems == null) k.root.filesystems = new FilesystemTypes();
        return (FilesystemTypes) k.root.filesystems;
    }
}
