package dev.kernelet.sentry.vfs;

/** A filesystem that is mounted nowhere: of files without names (sockets, namespaces, eventfds). */
public final class NamelessFilesystem extends Filesystem {
    private final String type;
    private final long magic;

    public NamelessFilesystem(String type, long magic) {
        this.type = type;
        this.magic = magic;
    }

    @Override
    public String type() { return type; }

    @Override
    public long magic() { return magic; }
}
