package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

/**
 * User and group ids of its own, and capabilities over what belongs to it alone (user_namespaces(7)). All ids
 * that the kernel keeps are the sandbox's; credentials whose {@link Credentials#ns} is null are in the
 * namespace that the sandbox began with, and see them as they are. It lives while tasks, files of nsfs or
 * namespaces below refer to it. Kernel lock.
 */
public final class UserNamespace {
    /** As deep as Linux lets them be. */
    public static final int LEVEL_MAX = 32;
    /** In one sandbox (user.max_user_namespaces). */
    public static final int MAX = 1024;
    private static final int EXTENTS_MAX = 340, MAP_MAX = 4096;
    /** Stands for an id that is not mapped: /proc/sys/kernel/overflowuid. */
    public static final int OVERFLOW = 65534;
    /** No id. */
    public static final int NONE = -1;

    private final Kernel kernel;
    /** Null: the sandbox's own. */
    public final UserNamespace parent;
    /** The sandbox's own is at level 0. */
    public final int level;
    /** What /proc/PID/ns calls it. */
    public final long number;
    /** Who made it: in the parent that user has all capabilities over it. */
    public final int owner;
    private final boolean couldSetCapabilities;
    /** Triples of the first id inside, the first of the sandbox's, and how many; empty until it is written. */
    private int[] users = {}, groups = {};
    private boolean allowsSetgroups = true;
    private int references;

    private UserNamespace(Task t) {
        kernel = t.kernel;
        parent = t.cred.ns;
        level = parent == null ? 1 : parent.level + 1;
        number = kernel.nextNamespace++;
        owner = t.cred.euid;
        couldSetCapabilities = t.cred.capableHere(Credentials.CAP_SETFCAP);
        allowsSetgroups = parent == null || parent.allowsSetgroups;
    }

    /** A new one below the task's, which nobody refers to yet; null with t.error. */
    public static UserNamespace make(Task t) {
        Credentials c = t.cred;
        int level = c.ns == null ? 1 : c.ns.level + 1;
        t.error = -ENOSPC;
        if (level > LEVEL_MAX || t.kernel.userNamespaces >= MAX) return null;
        t.error = -EPERM;
        // From a changed root one would come to have another by a mount namespace.
        if (!t.fs.isAtTop()) return null;
        boolean isSomebody = c.ns == null
                || c.ns.userOut(c.euid, NONE) != NONE && c.ns.groupOut(c.egid, NONE) != NONE;
        if (!isSomebody) return null;
        return new UserNamespace(t);
    }

    // ---- its life
    public UserNamespace hold() {
        if (references++ > 0) return this;
        kernel.userNamespaces++;
        if (parent != null) parent.hold();
        return this;
    }

    public void put() {
        if (--references > 0) return;
        kernel.userNamespaces--;
        if (parent != null) parent.put();
    }

    /** Nobody refers to it any more. */
    public boolean hasEnded() { return references == 0; }

    /** Whether it is {@code other} or lies below that one; null is the sandbox's own. */
    public static boolean isWithin(UserNamespace n, UserNamespace other) {
        while (n != null && n != other) n = n.parent;
        return n == other;
    }

    /** The credentials of whoever enters it: all capabilities, over what it owns. */
    public Credentials entered(Credentials old) {
        Credentials c = old.copy();
        c.ns = this;
        c.securebits = 0;
        c.permitted = c.effective = c.bounding = Credentials.ALL_CAPS;
        c.inheritable = c.ambient = 0;
        return c;
    }

    /** The task goes there, alone in its process. */
    public static void enter(Task t, UserNamespace to) {
        Credentials old = t.cred;
        to.hold();
        t.changeCredentials(to.entered(old));
        // Who comes from further up has what the namespace's root must not look at (cred_cap_issubset).
        if (!to.isMadeBy(old)) t.hide();
        if (old.ns != null) old.ns.put();
    }

    private boolean isMadeBy(Credentials c) {
        for (UserNamespace n = this; n != null; n = n.parent) {
            if (n.parent == c.ns && n.owner == c.euid) return true;
        }
        return false;
    }

    // ---- ids
    private static int map(int[] ranges, int id, int from, int to, int otherwise) {
        for (int i = 0; i < ranges.length; i += 3) {
            int offset = id - ranges[i + from];
            if (Integer.compareUnsigned(offset, ranges[i + 2]) < 0) return ranges[i + to] + offset;
        }
        return otherwise;
    }

    /** The sandbox's id for one of this namespace, or {@link #NONE}. */
    public int userIn(int id) { return map(users, id, 0, 1, NONE); }

    public int groupIn(int id) { return map(groups, id, 0, 1, NONE); }

    /** This namespace's id for one of the sandbox's, or {@code otherwise}. */
    public int userOut(int id, int otherwise) { return map(users, id, 1, 0, otherwise); }

    public int groupOut(int id, int otherwise) { return map(groups, id, 1, 0, otherwise); }

    /** setgroups(2): not before groups are mapped, and not where it was given up for that. */
    public boolean maySetGroups() { return groups.length > 0 && allowsSetgroups; }

    // ---- the files of /proc/PID
    /** uid_map and gid_map as a reader in {@code viewer} sees them. */
    public String text(boolean isOfGroups, UserNamespace viewer) {
        int[] ranges = isOfGroups ? groups : users;
        UserNamespace below = viewer == this ? parent : viewer;
        var s = new StringBuilder();
        for (int i = 0; i < ranges.length; i += 3) {
            int lower = ranges[i + 1];
            if (below != null) lower = isOfGroups ? below.groupOut(lower, NONE) : below.userOut(lower, NONE);
            column(s, ranges[i]).append(' ');
            column(s, lower).append(' ');
            column(s, ranges[i + 2]).append('\n');
        }
        return s.toString();
    }

    private static StringBuilder column(StringBuilder s, int id) {
        String digits = Integer.toUnsignedString(id);
        for (int i = digits.length(); i < 10; i++) s.append(' ');
        return s.append(digits);
    }

    public String setgroupsText() { return allowsSetgroups ? "allow\n" : "deny\n"; }

    /** A write of setgroups, by a file that {@code opener} opened for writing. Bytes or -errno. */
    public long storeSetgroups(Task t, Credentials opener, String text) {
        String v = text.strip();
        if (!v.equals("allow") && !v.equals("deny") || text.length() > 8) return -EINVAL;
        boolean allows = v.equals("allow");
        if (!opener.capableIn(this, Credentials.CAP_SYS_ADMIN)) return -EPERM;
        // Who was kept from a file as a member of a group must not be able to leave it.
        if (allows ? !allowsSetgroups : groups.length > 0) return -EPERM;
        allowsSetgroups = allows;
        return text.length();
    }

    /**
     * A write of uid_map or gid_map, by a file that {@code opener} opened: once, and nothing that the writer
     * and the opener could not have had (map_write in kernel/user_namespace.c). Bytes or -errno.
     */
    public long storeMap(Task t, Credentials opener, boolean isOfGroups, String text) {
        if (opener.ns != this && opener.ns != parent) return -EPERM;
        if (text.length() >= MAP_MAX) return -EINVAL;
        if ((isOfGroups ? groups : users).length > 0) return -EPERM;
        if (!opener.capableIn(this, Credentials.CAP_SYS_ADMIN)) return -EPERM;
        int[] made = parse(text);
        if (made == null) return -EINVAL;
        if (!isPermitted(t, opener, isOfGroups, made)) return -EPERM;
        for (int i = 0; i < made.length; i += 3) {
            int lower = lower(made[i + 1], made[i + 2], isOfGroups);
            if (lower == NONE) return -EPERM;
            made[i + 1] = lower;
        }
        if (isOfGroups) groups = made;
        else users = made;
        return text.length();
    }

    /** The sandbox's first id for a range of the parent's, all of which must lie in one of its ranges. */
    private int lower(int first, int count, boolean isOfGroups) {
        if (parent == null) return first;
        int[] ranges = isOfGroups ? parent.groups : parent.users;
        for (int i = 0; i < ranges.length; i += 3) {
            long offset = Integer.toUnsignedLong(first) - Integer.toUnsignedLong(ranges[i]);
            boolean covers = offset >= 0
                    && offset + Integer.toUnsignedLong(count) <= Integer.toUnsignedLong(ranges[i + 2]);
            if (covers) return ranges[i + 1] + (int) offset;
        }
        return NONE;
    }

    private boolean isPermitted(Task t, Credentials opener, boolean isOfGroups, int[] made) {
        if (!isOfGroups && !mayMapRoot(opener, made)) return false;
        if (made.length == 3 && made[2] == 1 && owner == opener.euid) {
            int own = lower(made[1], 1, isOfGroups);
            if (!isOfGroups && own == opener.euid) return true;
            if (isOfGroups && !allowsSetgroups && own == opener.egid) return true;
        }
        int needs = isOfGroups ? Credentials.CAP_SETGID : Credentials.CAP_SETUID;
        return t.cred.capableIn(parent, needs) && opener.capableIn(parent, needs);
    }

    /** Files with capabilities are those of a root: who maps the parent's needs CAP_SETFCAP there. */
    private boolean mayMapRoot(Credentials opener, int[] made) {
        boolean hasRoot = false;
        for (int i = 0; i < made.length; i += 3) hasRoot |= made[i + 1] == 0;
        if (!hasRoot) return true;
        return opener.ns == this ? couldSetCapabilities : opener.capableIn(parent, Credentials.CAP_SETFCAP);
    }

    /** Triples as they are written; null: not understood. */
    private static int[] parse(String text) {
        String[] lines = text.split("\n", -1);
        int n = lines.length > 1 && lines[lines.length - 1].isEmpty() ? lines.length - 1 : lines.length;
        if (n > EXTENTS_MAX) return null;
        var made = new int[3 * n];
        for (int i = 0; i < n; i++) {
            String[] fields = lines[i].strip().split("[ \t]+");
            if (fields.length != 3) return null;
            for (int j = 0; j < 3; j++) {
                long v = number(fields[j]);
                if (v < 0) return null;
                made[3 * i + j] = (int) v;
            }
            long first = Integer.toUnsignedLong(made[3 * i]), lower = Integer.toUnsignedLong(made[3 * i + 1]);
            long count = Integer.toUnsignedLong(made[3 * i + 2]);
            // Neither end may be no id (-1), nor wrap.
            if (count == 0 || first + count > 0xffffffffL || lower + count > 0xffffffffL) return null;
        }
        for (int i = 0; i < made.length; i += 3) {
            for (int j = 0; j < i; j += 3) if (overlap(made, i, j, 0) || overlap(made, i, j, 1)) return null;
        }
        return made;
    }

    private static boolean overlap(int[] m, int i, int j, int at) {
        long a = Integer.toUnsignedLong(m[i + at]), b = Integer.toUnsignedLong(m[j + at]);
        return a < b + Integer.toUnsignedLong(m[j + 2]) && b < a + Integer.toUnsignedLong(m[i + 2]);
    }

    private static long number(String s) {
        if (s.isEmpty() || s.length() > 10) return -1;
        long n = 0;
        for (int i = 0; i < s.length(); i++) {
            int digit = s.charAt(i) - '0';
            if (digit < 0 || digit > 9) return -1;
            n = n * 10 + digit;
        }
        return n > 0xffffffffL ? -1 : n;
    }

}
