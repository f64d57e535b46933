package dev.kernelet.sandbox;

/**
 * A mount of a container.
 *
 * @param destination path inside
 * @param type        tmpfs, proc, sysfs, devpts, mqueue, cgroup, cgroup2 or bind
 * @param source      host path for bind, otherwise only shown
 * @param flags       MS_RDONLY, MS_NOSUID... (mount(2))
 * @param data        options of the filesystem, separated by commas
 * @param copiesUp    of a tmpfs: it begins with what it hides (tmpcopyup)
 * @param uids        of an id-mapped mount: ranges of stored id, id of the host, count; else empty
 * @param gids        the same for groups
 * @param place       of a container that joins a sandbox: where the Sentry finds the source; else null
 */
public record MountSpec(String destination, String type, String source, int flags, String data,
        boolean copiesUp,
        int[] uids, int[] gids, ContainerSpec.Place place) {
    /** The same with another place. */
    public MountSpec at(ContainerSpec.Place p) {
        return new MountSpec(destination, type, source, flags, data, copiesUp, uids, gids, p);
    }
}
