package dev.kernelet.sentry.kernel;

/**
 * User and group ids of the host and what they are inside (user_namespaces(7)): ranges of three numbers, the
 * first id inside, the first one outside and how many. Without ranges both are the same.
 */
public final class HostIds {
    /** Stands inside for an id that no range covers: /proc/sys/kernel/overflowuid. */
    private static final int OVERFLOW = 65534;
    /** No id outside belongs to it. */
    public static final int NONE = -1;
    public static final HostIds SAME = new HostIds(new int[0], new int[0]);

    private final int[] users, groups;

    public HostIds(int[] users, int[] groups) {
        this.users = users;
        this.groups = groups;
    }

    public int userInside(int outside) { return map(users, outside, 1, 0, OVERFLOW); }

    public int groupInside(int outside) { return map(groups, outside, 1, 0, OVERFLOW); }

    /** The host's id, or {@link #NONE}. */
    public int userOutside(int inside) { return map(users, inside, 0, 1, NONE); }

    public int groupOutside(int inside) { return map(groups, inside, 0, 1, NONE); }

    public boolean hasUser(int inside) { return users.length == 0 || userOutside(inside) != NONE; }

    public boolean hasGroup(int inside) { return groups.length == 0 || groupOutside(inside) != NONE; }

    /** Whether the host's id is one inside. */
    public boolean hasHostUser(int outside) { return covers(users, outside); }

    public boolean hasHostGroup(int outside) { return covers(groups, outside); }

    private static boolean covers(int[] ranges, int id) {
        for (int i = 0; i < ranges.length; i += 3) {
            if (Integer.compareUnsigned(id - ranges[i + 1], ranges[i + 2]) < 0) return true;
        }
        return ranges.length == 0;
    }

    /**
     * Ids of a mount whose files' owners are other ids of the host than those stored (mount_setattr(2),
     * MOUNT_ATTR_IDMAP): ranges of the first stored one, the first that it stands for, and how many.
     */
    public HostIds through(int[] mountUsers, int[] mountGroups) {
        return new HostIds(compose(users, mountUsers), compose(groups, mountGroups));
    }

    private static int[] compose(int[] own, int[] mount) {
        if (mount.length == 0) return own;
        if (own.length == 0) own = new int[] {0, 0, -1};
        var made = new int[own.length / 3 * mount.length];
        int n = 0;
        for (int i = 0; i < own.length; i += 3) {
            for (int j = 0; j < mount.length; j += 3) {
                long a = own[i + 1] & 0xffffffffL, b = mount[j + 1] & 0xffffffffL;
                long from = Math.max(a, b), to = Math.min(a + (own[i + 2] & 0xffffffffL), b + (mount[j
                        + 2] & 0xffffffffL));
                if (from >= to) continue;
                made[n++] = own[i] + (int) (from - a);
                made[n++] = mount[j] + (int) (from - b);
                made[n++] = (int) (to - from);
            }
        }
        // No range would stand for all of them.
        return n == 0 ? new int[] {NONE, NONE, 0} : java.util.Arrays.copyOf(made, n);
    }

    private static int map(int[] ranges, int id, int from, int to, int otherwise) {
        if (ranges.length == 0) return id;
        for (int i = 0; i < ranges.length; i += 3) {
            int offset = id - ranges[i + from];
            if (Integer.compareUnsigned(offset, ranges[i + 2]) < 0) return ranges[i + to] + offset;
        }
        return otherwise;
    }

    /** As /proc/PID/uid_map and gid_map show them. */
    public String text(boolean isOfGroups) {
        int[] ranges = isOfGroups ? groups : users;
        if (ranges.length == 0) return "         0          0 4294967295\n";
        var s = new StringBuilder();
        for (int i = 0; i < ranges.length; i += 3) {
            column(s, ranges[i]).append(' ');
            column(s, ranges[i + 1]).append(' ');
            column(s, ranges[i + 2]).append('\n');
        }
        return s.toString();
    }

    private static StringBuilder column(StringBuilder s, int id) {
        String digits = Integer.toUnsignedString(id);
        for (int i = digits.length(); i < 10; i++) s.append(' ');
        return s.append(digits);
    }
}
