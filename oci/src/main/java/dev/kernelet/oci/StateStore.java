package dev.kernelet.oci;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sandbox.Failure;
import java.util.ArrayList;

/**
 * A directory per container below {@code --root}:
 *
 * <pre>
 *     ID/state.json   {@link ContainerState}, replaced as a whole
 *     ID/config.json  copy of the bundle's, when it has hooks
 *     ID/control      socket of the sandbox's process
 * </pre>
 *
 * Making the directory takes the id. A directory without a state is a container whose making was cut short.
 */
final class StateStore {
    private static final int ID_MAX = 1024;
    private final String root;

    /** {@code root} null: the default for this user. */
    StateStore(String root, String runtimeDirectory) {
        if (root != null) this.root = Host.absolute(root);
        else if (Host.euid() == 0 && !(runtimeDirectory != null && isUsersRoot())) this.root = "/run/kernelet";
        else this.root = (runtimeDirectory == null ? "/tmp/kernelet-" + Host.euid() : runtimeDirectory)
                + "/kernelet";
    }

    /** Root of an ordinary user's namespace alone, as rootless podman calls us: /run is not its own. */
    static boolean isUsersRoot() {
        String map = Host.read("/proc/self/uid_map").strip();
        return !map.isEmpty() && !map.endsWith("4294967295");
    }

    static void checkId(String id) {
        boolean isGood = !id.isEmpty() && id.length() <= ID_MAX && !id.equals(".") && !id.equals("..");
        for (int i = 0; i < id.length() && isGood; i++) {
            char c = id.charAt(i);
            isGood = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                    || "_+-.".indexOf(c) >= 0;
        }
        if (!isGood) throw new Failure("invalid container id \"" + id + "\"",
                "Use letters, digits, \"_\", \"+\", \"-\" and \".\".");
    }

    String directory(String id) { return root + "/" + id; }

    /** Takes the id: the directory is there and empty then. */
    void take(String id) {
        checkId(id);
        long r = Host.mkdirs(root, 0711);
        if (r < 0) throw new Failure("cannot make " + root + ": mkdir", r,
                "Give --root a directory that can be written.");
        r = Host.mkdir(directory(id), 0711);
        if (r == -EEXIST) throw new Failure("container with id " + id + " already exists",
                "Delete it first, or use another id.");
        if (r < 0) throw new Failure("cannot make " + directory(id) + ": mkdir", r,
                "Give --root a directory that can be written.");
    }

    void save(ContainerState s) {
        long r = Host.replace(directory(s.id) + "/state.json", s.text(), 0600);
        if (r < 0) {
            throw new Failure("cannot write " + directory(s.id) + "/state.json: write", r,
                    "See that the file system of --root has room and may be written.");
        }
    }

    /** The state of a container; fails when there is none. */
    ContainerState load(String id) {
        checkId(id);
        ContainerState s = find(id);
        if (s == null) throw notThere(id);
        return s;
    }

    static Failure notThere(String id) {
        return new Failure("container \"" + id + "\" does not exist",
                "\"kernelet list\" shows the containers below --root.");
    }

    /** Null when there is none, or one whose making was cut short. */
    ContainerState find(String id) {
        String path = directory(id) + "/state.json";
        var error = new int[1];
        String text = Host.read(path, error);
        if (text == null && error[0] != -ENOENT && error[0] != -ENOTDIR) throw new Failure("cannot read "
                + path + ": open", error[0], "Run as its owner.");
        return text == null ? null : ContainerState.parse(text, path);
    }

    boolean isTaken(String id) { return Host.exists(directory(id)); }

    /** All containers, by id. */
    ArrayList<String> ids() {
        ArrayList<String> names = Host.list(root);
        names.removeIf(n -> !Host.exists(directory(n) + "/state.json"));
        names.sort(null);
        return names;
    }

    void remove(String id) {
        String directory = directory(id);
        for (String name : Host.list(directory)) Host.unlink(directory + "/" + name);
        Host.rmdir(directory);
    }
}
