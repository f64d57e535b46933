package dev.kernelet.sandbox;

import dev.kernelet.sentry.fs.host.HostFilesystem;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.vfs.Filesystem;
import java.util.ArrayList;

/**
 * The directories of the host that the containers of a pod show. What several show is one file system inside,
 * so that sockets, FIFOs, locks and watches in a shared volume work between containers. Kernel lock.
 */
final class PodFiles {
    /** One of them, and how many mounts show it. */
    static final class Shared {
        final Filesystem fs;
        private final HostFilesystem host;
        private final HostIds ids;
        /** Where it was opened, which stays mounted as long as anybody shows it. Null: at the start. */
        private final String place;
        private int users;

        private Shared(Filesystem fs, HostFilesystem host, HostIds ids, String place) {
            this.fs = fs;
            this.host = host;
            this.ids = ids;
            this.place = place;
        }

        private boolean isOverlay() { return fs != host; }
    }

    private final ArrayList<Shared> all = new ArrayList<>();
    /** Places that nobody needs any more, of which nobody has been told yet. */
    private final ArrayList<String> unused = new ArrayList<>();

    /** One that shows the same directory in the same way, for one more mount; or null. */
    Shared find(HostFilesystem host, boolean overlay, HostIds ids) {
        for (Shared s : all) {
            if (s.isOverlay() != overlay || s.ids != ids || !s.host.isSame(host)) continue;
            s.users++;
            return s;
        }
        return null;
    }

    Shared add(Filesystem fs, HostFilesystem host, HostIds ids, String place) {
        var s = new Shared(fs, host, ids, place);
        s.users = 1;
        all.add(s);
        return s;
    }

    /** The mounts of a container are gone; {@code places}: all it was given. */
    void release(ArrayList<Shared> shown, ArrayList<String> places) {
        for (Shared s : shown) {
            if (--s.users > 0) continue;
            all.remove(s);
            s.fs.shrink();
            s.host.leave();
            if (s.place != null && !places.contains(s.place)) unused.add(s.place);
        }
        for (String p : places) {
            boolean isUsed = false;
            for (Shared s : all) isUsed |= p.equals(s.place);
            if (!isUsed) unused.add(p);
        }
    }

    /** The places that can be unmounted by now; told once. */
    String[] unused() {
        String[] list = unused.toArray(new String[0]);
        unused.clear();
        return list;
    }
}
