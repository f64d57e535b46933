package dev.kernelet.sentry.kernel;

/**
 * Host and domain name as some of the processes see them (uts_namespaces(7)). A task whose {@link Task#uts}
 * is null is in the namespace that the sandbox began with: the names of the kernel's options. Kernel lock.
 */
public final class UtsNamespace {
    public final long number;
    /** The user namespace it belongs to; null: the sandbox's own. */
    public final UserNamespace owner;
    private String hostname, domainname;

    /** A copy of the one the task is in (CLONE_NEWUTS). */
    public UtsNamespace(Task t, UserNamespace owner) {
        this.owner = owner;
        number = t.kernel.nextNamespace++;
        hostname = hostname(t);
        domainname = domainname(t);
    }

    /** With other names from its beginning: of a container. */
    public UtsNamespace(Kernel k, String hostname, String domainname) {
        owner = null;
        number = k.nextNamespace++;
        this.hostname = hostname;
        this.domainname = domainname;
    }

    public static String hostname(Task t) {
        return t.uts == null ? t.kernel.options.hostname : t.uts.hostname;
    }

    public static String domainname(Task t) {
        return t.uts == null ? t.kernel.options.domainname : t.uts.domainname;
    }

    public static void setHostname(Task t, String name) {
        if (t.uts == null) t.kernel.options.hostname = name;
        else t.uts.hostname = name;
    }

    public static void setDomainname(Task t, String name) {
        if (t.uts == null) t.kernel.options.domainname = name;
        else t.uts.domainname = name;
    }
}
