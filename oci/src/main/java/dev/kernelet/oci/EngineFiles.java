package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/**
 * The configuration files of engines that name their runtimes: Docker's daemon.json and containerd's
 * config.toml. What else is in them stays as it is, byte by byte; a file that is not understood is not
 * touched.
 */
public final class EngineFiles {
    private static final String OF_VERSION_2 = "plugins.\"io.containerd.grpc.v1.cri\".containerd",
            OF_VERSION_3 = "plugins.'io.containerd.cri.v1.runtime'.containerd";

    private EngineFiles() {}

    // ---- Docker

    /** {@code text}: the file's, or empty. */
    public static String dockerWith(String text, String file, String name, String path, String[] arguments,
            boolean isExperimental) {
        String t = checked(text, file);
        var entry = new JsonText().open().field("path", path);
        if (arguments.length > 0) entry.strings("runtimeArgs", java.util.Arrays.asList(arguments));
        t = JsonEdit.put(t, file, entry.close().toString(), "runtimes", name);
        return isExperimental ? JsonEdit.put(t, file, "true", "experimental") : t;
    }

    /** Also no default any more, with which Docker would not start. */
    public static String dockerWithout(String text, String file, String name) {
        if (text.isBlank()) return text;
        String t = checked(text, file);
        if (JsonEdit.get(t, file, "runtimes") != null) {
            t = JsonEdit.remove(t, file, "runtimes", name);
            if (JsonEdit.get(t, file, "runtimes").replaceAll("\\s", "").equals("{}")) {
                t = JsonEdit.remove(t, file, "runtimes");
            }
        }
        if (new JsonText().value(name).toString().equals(JsonEdit.get(t, file, "default-runtime"))) {
            t = JsonEdit.remove(t, file, "default-runtime");
        }
        return t;
    }

    /** Whether daemon.json has a runtime of that name. */
    public static boolean dockerHas(String text, String file, String name) {
        return !text.isBlank() && JsonEdit.get(checked(text, file), file, "runtimes", name) != null;
    }

    private static String checked(String text, String file) {
        if (text.isBlank()) return "{}\n";
        Json.parse(text, file);
        return text;
    }

    // ---- containerd

    /** A block of the runtime's own, replaced as a whole when it is there. */
    public static String containerdWith(String text, String file, String name, String path) {
        var f = new Blocks(text, file);
        String table = table(f, file);
        if (f.has(name)) {
            throw new Failure(file + ": a runtime " + name + " is there already, and not by kernelet install",
                    "Remove it, or use another name (--runtime).");
        }
        f.put(name, table, path);
        return f.text(table);
    }

    public static String containerdWithout(String text, String file, String name) {
        var f = new Blocks(text, file);
        if (f.blocks.remove(name) == null) return text;
        return f.text(f.blocks.isEmpty() ? null : table(f, file));
    }

    /** The table of the runtimes' plugin, by the version of the file. */
    private static String table(Blocks f, String file) {
        int version = f.version();
        if (version == -1 && f.isBare() || version == 2) return OF_VERSION_2;
        if (version == 3) return OF_VERSION_3;
        throw new Failure(file + ": not of version 2 or 3",
                "Have \"containerd config migrate\" write a new one.");
    }

    // ---- files

    /** Empty when there is none. */
    public static String read(String path) {
        var error = new int[1];
        String text = Host.read(path, error);
        if (text == null && error[0] != -dev.kernelet.abi.Errno.ENOENT) {
            throw new Failure("cannot read " + path + ": open", error[0], "Run as root.");
        }
        return text == null ? "" : text;
    }

    public static boolean exists(String path) { return Host.exists(path); }

    /** At once, through a link, with the mode and the owner that the file has. */
    public static void write(String path, String text) {
        String real = Host.exists(path) ? Host.realPath(path) : path;
        int slash = real.lastIndexOf('/');
        if (slash > 0) Host.mkdirs(real.substring(0, slash), 0755);
        int mode = 0644, uid = -1, gid = -1;
        int old = Host.open(real, Host.O_RDONLY, 0);
        if (old >= 0) {
            long p = Memory.allocate(Stat.SIZE);
            if (HostCall.call(SyscallNumber.FSTAT, old, p) == 0) {
                mode = Memory.getInt(p + Stat.MODE) & 0777;
                uid = Memory.getInt(p + Stat.UID);
                gid = Memory.getInt(p + Stat.GID);
            }
            Memory.free(p);
            Host.close(old);
        }
        String temporary = real + ".kernelet-new";
        Host.unlink(temporary);
        int fd = Host.open(temporary, Host.O_WRONLY | Host.O_CREAT | Host.O_TRUNC, mode);
        long r = fd < 0 ? fd : Host.writeAll(fd, text);
        if (fd >= 0) {
            HostCall.call(SyscallNumber.FCHMOD, fd, mode);
            if (uid >= 0) HostCall.call(SyscallNumber.FCHOWN, fd, uid, gid);
            if (r >= 0) r = HostCall.call(SyscallNumber.FSYNC, fd);
            Host.close(fd);
        }
        if (r >= 0) r = Host.rename(temporary, real);
        if (r >= 0) return;
        Host.unlink(temporary);
        throw new Failure("cannot write " + path + ": write", r, "Run as root.");
    }
}
