package dev.kernelet.sandbox;

import dev.kernelet.sentry.kernel.Limits;

/** A process to be started in a container: the first one, or a further one. All strings are byte strings. */
public final class ProcessSpec {
    public String[] args = {};
    /** The file to run; null: what the first argument names along PATH. */
    public String program;
    /** NAME=value, in order; of a name that is there twice the last one counts. */
    public String[] env = {};
    public String cwd = "/";
    public int uid, gid;
    public int[] groups = {};
    /** -1: 0022. */
    public int umask = -1;
    /** Capability sets as bits; see capabilities(7). */
    public long bounding, effective, permitted, inheritable, ambient;
    public boolean noNewPrivileges;
    /** Soft and hard limits by RLIMIT_* number; {@link #hasLimit} tells which are given. */
    public final long[] limits = new long[2 * Limits.COUNT];
    public int hasLimit;
    public int oomScoreAdj;
    /** sched(7) and ioprio_set(2), as the process sees them; the host schedules the sandbox as a whole. */
    public int schedulingPolicy, schedulingPriority, nice, ioPriority;
    public boolean resetsOnFork;
    /** Nanoseconds of SCHED_DEADLINE. */
    public long runtime, deadline, period;
    public boolean terminal;
    /** Size of the terminal; 0: as the host's is. */
    public int rows, columns;
    /** personality(2). */
    public int personality;

    public void limit(int resource, long soft, long hard) {
        limits[2 * resource] = soft;
        limits[2 * resource + 1] = hard;
        hasLimit |= 1 << resource;
    }

    /** Another program with the same rights, limits and directory, but without a terminal. */
    public ProcessSpec like(String program, String[] args, String[] env) {
        var p = new ProcessSpec();
        p.program = program;
        p.args = args;
        p.env = env;
        p.cwd = cwd;
        p.uid = uid;
        p.gid = gid;
        p.groups = groups;
        p.umask = umask;
        p.bounding = bounding;
        p.effective = effective;
        p.permitted = permitted;
        p.inheritable = inheritable;
        p.ambient = ambient;
        p.noNewPrivileges = noNewPrivileges;
        System.arraycopy(limits, 0, p.limits, 0, limits.length);
        p.hasLimit = hasLimit;
        p.oomScoreAdj = oomScoreAdj;
        p.personality = personality;
        return p;
    }

    /** Value of an environment variable, or null. */
    String variable(String name) {
        String found = null;
        for (String e : env) {
            if (e.length() > name.length() && e.charAt(name.length()) == '=' && e.startsWith(name)) {
                found = e.substring(name.length() + 1);
            }
        }
        return found;
    }

    /**
     * The environment with the last value of each name, at the place of the first (as runtimes do it).
     * {@code home}: HOME instead of what is given; null: as it is given.
     */
    String[] environment(String home) {
        var place = new java.util.LinkedHashMap<String, String>();
        for (String e : env) {
            int equals = e.indexOf('=');
            place.put(equals < 0 ? e : e.substring(0, equals), e);
        }
        if (home != null) place.put("HOME", "HOME=" + home);
        return place.values().toArray(new String[0]);
    }
}
