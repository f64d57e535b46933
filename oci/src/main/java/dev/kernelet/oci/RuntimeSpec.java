package dev.kernelet.oci;

import dev.kernelet.abi.Mounts;
import dev.kernelet.sandbox.ContainerSpec;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.MountSpec;
import dev.kernelet.sandbox.ProcessSpec;
import dev.kernelet.sentry.kernel.Limits;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A bundle's config.json (runtime-spec 1.2) as far as it matters here. Every field is honoured, refused with
 * an error, or
 * warned about: docs/compatibility/oci.md has a row for each, and RuntimeSpecTest compares it with this
 * class.
 */
final class RuntimeSpec {
    static final String VERSION = "1.2.0";
    /** One of linux.namespaces: path null for a new one. */
    record Namespace(String type, String path) {}

    final ContainerSpec container = new ContainerSpec();
    final ArrayList<Namespace> namespaces = new ArrayList<>();
    final Resources resources = new Resources();
    String cgroupsPath = "";
    Json hooks;
    LinkedHashMap<String, String> annotations = new LinkedHashMap<>();
    final ArrayList<String> warnings = new ArrayList<>();
    private final Json top;
    private final String bundle;
    /** Where the Sentry finds root and bind mounts, in their order; null: by their paths. */
    private Iterator<ContainerSpec.Place> places;

    private RuntimeSpec(Json top, String bundle) {
        this.top = top;
        this.bundle = bundle;
    }

    /** The same in a sandbox that runs already, where no path of the host leads anywhere. */
    static RuntimeSpec placed(String text, String bundle, Iterable<ContainerSpec.Place> places) {
        var spec = new RuntimeSpec(Json.parse(text, "config.json"), bundle);
        spec.places = places.iterator();
        spec.read();
        return spec;
    }

    private ContainerSpec.Place place() {
        if (places == null) return null;
        if (places.hasNext()) return places.next();
        throw new Failure("control request without its places",
                "Use one version of Kernelet for all commands.");
    }

    /** Reads the text of a bundle's config.json; {@code bundle} is its directory, absolute. */
    static RuntimeSpec parse(String text, String bundle) {
        var spec = new RuntimeSpec(Json.parse(text, "config.json"), bundle);
        spec.read();
        return spec;
    }

    Json top() { return top; }

    private void read() {
        version();
        Json root = top.get("root");
        if (root == null) throw missing("root");
        String path = root.string("path", "");
        if (path.isEmpty()) throw missing("root.path");
        container.root = path.charAt(0) == '/' ? path : bundle + "/" + path;
        container.rootPlace = place();
        container.readonlyRoot = root.bool("readonly");
        container.hostname = top.string("hostname", null);
        container.domainname = top.string("domainname", null);
        for (Json m : top.list("mounts")) container.mounts.add(mount(m));
        Json process = top.get("process");
        if (process != null) container.process = process(process, warnings);
        hooks = top.get("hooks");
        if (hooks != null) Hooks.check(hooks);
        annotations = top.stringMap("annotations");
        for (String other : new String[] {"solaris", "windows", "vm", "zos", "freebsd"}) {
            if (top.get(other) != null) throw new Failure("config.json: " + other + " is for another system",
                    "Leave it out.");
        }
        Json linux = top.get("linux");
        if (linux != null) linux(linux);
        var unknown = new ArrayList<String>();
        top.unknown(unknown);
        for (String name : unknown) warnings.add(name + " is not known and has no effect");
    }

    private static Failure missing(String field) {
        return new Failure("config.json: " + field + " is missing",
                "Add it; docs/compatibility/oci.md lists all fields.");
    }

    private void version() {
        String v = top.string("ociVersion", "");
        if (v.isEmpty()) throw missing("ociVersion");
        int dot = v.indexOf('.');
        String major = dot < 0 ? v : v.substring(0, dot);
        if (!major.equals("1")) {
            throw new Failure("config.json: ociVersion " + v + " is not 1.x",
                    "Use a bundle of version 1.0 to " + VERSION + ".");
        }
    }

    // ---- mounts
    private MountSpec mount(Json m) {
        String destination = m.string("destination", "");
        if (destination.isEmpty()) throw missing("mounts[].destination");
        // The specification wants an absolute path; older engines gave relative ones, which were below the
        // root.
        if (destination.charAt(0) != '/') destination = "/" + destination;
        String type = m.string("type", ""), source = m.string("source", "");
        int flags = 0;
        boolean copiesUp = false, mapsIds = false;
        var data = new StringBuilder();
        for (String option : m.strings("options")) {
            int set = Names.mountSet(option);
            switch (set) {
                case Names.SHARED -> warnings.add("mounts: " + destination + ": " + option
                        + ": mounts inside do not propagate to the host");
                case Names.UNKNOWN -> data.append(data.isEmpty() ? "" : ",").append(option);
                case Names.COPY_UP -> copiesUp = true;
                case Names.ID_MAP -> mapsIds = true;
                default -> flags = flags & ~Names.mountClear(option) | set;
            }
        }
        int[] uids = IdRanges.read(m, "uidMappings"), gids = IdRanges.read(m, "gidMappings");
        boolean isBind = (flags & Mounts.MS_BIND) != 0 || type.equals("bind") || type.equals("none");
        checkOptions(m, destination, isBind, data, copiesUp && !type.equals("tmpfs"), mapsIds
                && uids.length == 0);
        if (isBind) {
            if (source.isEmpty()) throw missing("mounts[].source of " + destination);
            if (source.charAt(0) != '/') source = bundle + "/" + source;
            // mount(2) follows links in a source.
            if (places == null) source = Host.realPath(source);
            type = "bind";
        }
        if (type.isEmpty()) throw missing("mounts[].type of " + destination);
        return new MountSpec(destination, type, source.isEmpty() ? type : source,
                flags & ~(Mounts.MS_BIND | Mounts.MS_REC), data.toString(), copiesUp, uids, gids,
                isBind ? place() : null);
    }

    private void checkOptions(Json m, String destination, boolean isBind, StringBuilder data,
            boolean copiesUpOther, boolean lacksIds) {
        // mount(2) takes no other data with MS_BIND.
        String wrong = isBind && !data.isEmpty() ? data.toString() : copiesUpOther ? "tmpcopyup" : null;
        if (wrong != null) warnings.add("mounts: " + destination + ": " + wrong
                + " has no effect on a mount of this type");
        if (lacksIds || !isBind && (!m.list("uidMappings").isEmpty() || !m.list("gidMappings").isEmpty())) {
            throw new Failure("config.json: " + m.path() + ": ids are mapped for bind mounts with "
                    + "uidMappings, at "
                    + destination, "Give both, or leave them out.");
        }
    }

    // ---- process
    /** Also of the file of {@code exec --process}. */
    static ProcessSpec process(Json p, ArrayList<String> warnings) {
        var s = new ProcessSpec();
        s.args = p.strings("args");
        s.env = p.strings("env");
        s.cwd = p.string("cwd", "");
        if (s.cwd.isEmpty()) throw missing("process.cwd");
        s.terminal = p.bool("terminal");
        Json size = p.get("consoleSize");
        if (size != null) {
            s.rows = (int) size.number("height", 0);
            s.columns = (int) size.number("width", 0);
        }
        user(p.get("user"), s, warnings);
        capabilities(p.get("capabilities"), s, warnings);
        for (Json l : p.list("rlimits")) {
            int n = Names.limit(l.string("type", ""));
            if (n < 0) throw l.bad("a type like RLIMIT_NOFILE");
            if ((s.hasLimit >>> n & 1) != 0) throw l.bad("each type once");
            long soft = l.number("soft", 0), hard = l.number("hard", 0);
            if (Long.compareUnsigned(soft, hard) > 0) throw l.bad("soft not above hard");
            s.limit(n, soft, hard);
        }
        s.noNewPrivileges = p.bool("noNewPrivileges");
        s.oomScoreAdj = (int) p.number("oomScoreAdj", 0);
        if (!p.string("apparmorProfile",
                "").isEmpty()) warnings.add("process.apparmorProfile: no AppArmor inside");
        if (!p.string("selinuxLabel", "").isEmpty()) warnings.add("process.selinuxLabel: no SELinux inside");
        if (!p.string("commandLine", "").isEmpty()) warnings.add("process.commandLine is for Windows");
        ProcessScheduling.read(p, s);
        if (p.get("execCPUAffinity") != null) {
            warnings.add("process.execCPUAffinity: the host schedules the sandbox as a whole");
        }
        return s;
    }

    private static void user(Json u, ProcessSpec s, ArrayList<String> warnings) {
        if (u == null) return;
        s.uid = (int) u.number("uid", 0);
        s.gid = (int) u.number("gid", 0);
        if (u.get("umask") != null) s.umask = u.get("umask").integer(0, 0777);
        ArrayList<Json> groups = u.list("additionalGids");
        s.groups = new int[groups.size()];
        for (int i = 0; i < s.groups.length; i++) s.groups[i] = (int) groups.get(i).number();
        if (!u.string("username", "").isEmpty()) warnings.add("process.user.username is for Windows");
    }

    private static void capabilities(Json c, ProcessSpec s, ArrayList<String> warnings) {
        if (c == null) return;
        s.bounding = set(c, "bounding", warnings);
        s.effective = set(c, "effective", warnings);
        s.permitted = set(c, "permitted", warnings);
        s.inheritable = set(c, "inheritable", warnings);
        s.ambient = set(c, "ambient", warnings);
    }

    private static long set(Json c, String name, ArrayList<String> warnings) {
        long bits = 0;
        for (String capability : c.strings(name)) {
            int n = Names.capability(capability);
            if (n < 0) warnings.add("process.capabilities." + name + ": " + capability + " is not known");
            else bits |= 1L << n;
        }
        return bits;
    }

    // ---- linux
    private void linux(Json l) {
        for (Json n : l.list("namespaces")) namespace(n);
        ids(l);
        for (Json d : l.list("devices")) device(d);
        cgroupsPath = l.string("cgroupsPath", "");
        resources.read(l.get("resources"), warnings);
        container.maskedPaths = l.strings("maskedPaths");
        container.readonlyPaths = l.strings("readonlyPaths");
        sysctl(l.stringMap("sysctl"));
        String propagation = l.string("rootfsPropagation", "");
        if (propagation.endsWith("shared")) warnings.add("linux.rootfsPropagation " + propagation
                + ": nothing propagates to the host");
        seccomp(l.get("seccomp"));
        personality(l.get("personality"));
        if (!l.string("mountLabel", "").isEmpty()) warnings.add("linux.mountLabel: no SELinux inside");
        if (l.get("intelRdt") != null) throw new Failure("config.json: linux.intelRdt is not supported",
                "Leave it out.");
        if (l.get("timeOffsets") != null) throw new Failure("config.json: linux.timeOffsets is not supported",
                "Leave it out.");
        container.memoryLimit = Math.max(0, resources.memoryLimit);
        container.pidsLimit = (int) Math.min(Math.max(0, resources.pidsLimit), 1 << 22);
        container.processors = resources.processors();
        container.cpuQuota = Math.max(0, resources.cpuQuota);
        if (resources.cpuPeriod > 0) container.cpuPeriod = resources.cpuPeriod;
        if (resources.cpuShares > 0) container.cpuWeight = Cgroup.weight(resources.cpuShares);
    }

    /** sysctl(8) takes both separators. Those of the network are set in its namespace (SandboxProcess). */
    private void sysctl(Map<String, String> values) {
        for (Map.Entry<String, String> e : values.entrySet()) {
            String path = sysctlPath(e.getKey());
            for (String name : path.split("/", -1)) {
                if (name.isEmpty() || name.equals("..") || name.equals(".")) {
                    throw new Failure("config.json: linux.sysctl: \"" + e.getKey() + "\" is no name", "Correct it.");
                }
            }
            container.sysctl.put(path, e.getValue());
            if (path.startsWith("fs/inotify/")) {
                if (!e.getValue().trim().matches("[0-9]{1,9}")) {
                    throw new Failure("config.json: linux.sysctl " + e.getKey() + ": \"" + e.getValue()
                            + "\" is no number below 1000000000", "Correct it.");
                }
            } else if (!path.startsWith("net/")) {
                warnings.add("linux.sysctl " + e.getKey() + ": shown inside, but not enforced");
            }
        }
    }

    /** The first separator is the one that counts (sysctl.d(5)). */
    private static String sysctlPath(String name) {
        int dot = name.indexOf('.'), slash = name.indexOf('/');
        if (dot < 0 || slash >= 0 && slash < dot) return name;
        return name.replace('/', '\0').replace('.', '/').replace('\0', '.');
    }

    private void namespace(Json n) {
        String type = n.string("type", ""), path = n.string("path", "");
        switch (type) {
            case "pid", "ipc", "uts", "mount", "cgroup", "network", "user", "time" -> { }
            default -> throw n.bad("a type of namespace");
        }
        if (!path.isEmpty() && path.charAt(0) != '/') throw n.bad("an absolute path");
        for (Namespace other : namespaces) if (other.type.equals(type)) throw n.bad("each type once");
        if (type.equals("time")) warnings.add("linux.namespaces: time: the host's clocks are shown");
        // its ids, and so its rights, would be others than meant
        if (!path.isEmpty() && type.equals("user")) {
            throw new Failure("config.json: linux.namespaces: the user namespace " + path
                    + " cannot be joined",
                    "Give linux.uidMappings and gidMappings for a new one.");
        }
        namespaces.add(new Namespace(type, path.isEmpty() ? null : path));
    }

    /** Of a container that comes into no other's sandbox. */
    void warnOfNamespaces() {
        for (Namespace n : namespaces) {
            if (n.path == null || n.type.equals("network") || n.type.equals("uts")) continue;
            warnings.add("linux.namespaces: " + n.type + " of " + n.path
                    + ": what is virtual inside cannot be joined from the host: a new one");
        }
    }

    /** A user namespace is the Sentry's own: its ids are others on the host, where files are concerned. */
    private void ids(Json l) {
        container.uids = IdRanges.read(l, "uidMappings");
        container.gids = IdRanges.read(l, "gidMappings");
        boolean hasMappings = container.uids.length > 0 || container.gids.length > 0, isNew = false;
        for (Namespace n : namespaces) isNew |= n.type.equals("user");
        if (hasMappings && !isNew) {
            throw new Failure("config.json: linux.uidMappings without a user namespace in linux.namespaces",
                    "Add {\"type\": \"user\"}.");
        }
        if (isNew && (container.uids.length == 0 || container.gids.length == 0)) {
            throw new Failure("config.json: a user namespace without linux.uidMappings and gidMappings",
                    "Add them.");
        }
    }

    private void device(Json d) {
        String type = d.string("type", ""), path = d.string("path", "");
        if (path.isEmpty() || path.charAt(0) != '/') throw d.bad("an absolute path");
        char c = type.equals("b") || type.equals("p") ? type.charAt(0) : type.equals("c") || type.equals("u")
                ? 'c' : 0;
        if (c == 0) throw d.bad("a type of c, u, b or p");
        int mode = (int) d.number("fileMode", 0666) & 07777;
        container.devices.add(new ContainerSpec.DeviceNode(path, c, (int) d.number("major", 0),
                (int) d.number("minor", 0), mode,
                (int) d.number("uid", 0), (int) d.number("gid", 0)));
    }

    private void personality(Json p) {
        if (p == null) return;
        String domain = p.string("domain", "LINUX");
        if (!domain.equals("LINUX")) {
            throw new Failure("config.json: linux.personality.domain " + domain + " is not supported",
                    "Only 64-bit programs run here.");
        }
        p.strings("flags");
    }

    private void seccomp(Json s) {
        if (s == null) return;
        SeccompProfile profile = SeccompProfile.read(s);
        container.seccomp = profile.program();
        container.isSeccompLogged = profile.isLogged;
    }

    /** RLIMIT_NOFILE and others the engine did not give: those of this process. */
    void inherit(long[] hostLimits) {
        if (hostLimits == null || hostLimits.length < 2 * Limits.COUNT) return;
        ProcessSpec p = container.process;
        for (int i = 0; i < Limits.COUNT; i++) {
            if ((p.hasLimit >>> i & 1) == 0) p.limit(i, hostLimits[2 * i], hostLimits[2 * i + 1]);
        }
    }
}
