package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;
import java.util.LinkedHashMap;

/**
 * What engines say about pods: containerd's and CRI-O's annotations (podman writes the latter), and the
 * namespaces by whose paths a container says with whom it shares.
 */
final class Pods {
    private static final String[] TYPE = {"io.kubernetes.cri.container-type",
            "io.kubernetes.cri-o.ContainerType"},
            SANDBOX = {"io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"};

    /** What its groups lie in, with the cgroupfs driver; with systemd's a pod has a slice of its own. */
    private static final String LIBPOD = "/libpod_parent/";
    private static final int AT_FDCWD = -100, STATX_INO = 0x100;

    private Pods() {}

    /**
     * Whether others are to come into its sandbox. Podman does not say it of a pod's first container, but
     * that is the one in the pod's control group that names no other, or runs the program that does nothing.
     */
    static boolean isSandbox(RuntimeSpec spec) {
        for (String name : TYPE) if ("sandbox".equals(spec.annotations.get(name))) return true;
        boolean names = spec.annotations.containsKey(TYPE[1]) || spec.annotations.containsKey(SANDBOX[1]);
        if (names || !isPodmans(spec.annotations)) return false;
        String[] args = spec.container.process.args;
        if (args.length == 2 && args[0].endsWith("catatonit") && args[1].equals("-P")) return true;
        String group = spec.cgroupsPath;
        return group.contains("libpod_pod_") || group.startsWith(LIBPOD)
                && group.indexOf("/libpod-", LIBPOD.length()) > 0;
    }

    /** The id of the container whose sandbox it belongs to, or null. */
    private static String sandboxOf(LinkedHashMap<String, String> annotations) {
        for (int i = 0; i < TYPE.length; i++) {
            if ("container".equals(annotations.get(TYPE[i]))) return annotations.get(SANDBOX[i]);
        }
        // Podman 5 has no type.
        return isPodmans(annotations) && !annotations.containsKey(TYPE[1]) ? annotations.get(SANDBOX[1]) : null;
    }

    private static boolean isPodmans(LinkedHashMap<String, String> annotations) {
        return "libpod".equals(annotations.get("io.container.manager"));
    }

    /**
     * The sandbox a container is to come into; null: it gets one of its own, as its pod's is none of ours, or
     * takes no others.
     */
    static ContainerState sandbox(StateStore store, RuntimeSpec spec) {
        String id = sandboxOf(spec.annotations);
        if (id == null || id.isEmpty()) return null;
        StateStore.checkId(id);
        ContainerState s = store.find(id);
        if (s == null || !s.hostsPod) return null;
        if (spec.container.uids.length > 0) {
            spec.warnings.add("linux.uidMappings: the pod's sandbox has others: a sandbox of its own");
            return null;
        }
        String status = s.status();
        if (!status.equals("running")) {
            throw new Failure("the sandbox " + id + " of its pod is " + status + ", not running",
                    "Start it first, or make the pod anew.");
        }
        return s;
    }

    /**
     * With whom it shares a kind of namespace: the container's id, or "" for one of its own. None given is
     * the sandbox's.
     */
    static String shares(StateStore store, ContainerState sandbox, RuntimeSpec spec, String type) {
        for (RuntimeSpec.Namespace n : spec.namespaces) {
            if (!n.type().equals(type)) continue;
            if (n.path() == null) return "";
            ContainerState other = holder(store, n.path());
            if (other == null && n.path().startsWith("/proc/")) {
                throw new Failure("config.json: linux.namespaces: " + type + ": " + n.path()
                        + " is of no container, or of one that has ended", "Give the path of one that runs.");
            }
            return other != null && other.sandbox.equals(sandbox.id) ? other.id : sandbox.id;
        }
        return sandbox.id;
    }

    /**
     * What the host's OOM killer thinks of the sandbox: as of the container that it is to spare most. What
     * the first container has is meant for one that does nothing.
     */
    static void scoreOom(StateStore store, ContainerState sandbox) {
        int score = 1000;
        for (String id : store.ids()) {
            ContainerState s = store.find(id);
            if (s != null && s.sandbox.equals(sandbox.id)) score = Math.min(score, s.oomScore);
        }
        if (sandbox.cgroups.isEmpty()) return;
        String text = Integer.toString(score);
        for (String pid : Host.read(sandbox.cgroups.get(0) + "/cgroup.procs").split("\n")) {
            if (!pid.isEmpty()) Host.write("/proc/" + pid + "/oom_score_adj", text);
        }
    }

    /** The container has come to its network namespace; it must be the sandbox's, which has no other. */
    static void checkNetwork(ContainerState sandbox) {
        long own = inode("/proc/thread-self/ns/net"), its = inode("/proc/" + sandbox.pid + "/ns/net");
        if (own == its) return;
        throw new Failure("config.json: linux.namespaces: network: not that of the pod's sandbox "
                + sandbox.id, "Give the path of its network namespace, or --pod-sandbox=separate.");
    }

    private static long inode(String path) {
        long p = Host.string(path), status = Memory.allocate(256);
        long r = HostCall.call(SyscallNumber.STATX, AT_FDCWD, p, 0, STATX_INO, status);
        long inode = r < 0 ? -1 : Memory.getLong(status + 32);
        Memory.free(p);
        Memory.free(status);
        return inode;
    }

    /** The container whose process the path of a namespace names; or null. */
    static ContainerState holder(StateStore store, String path) {
        if (!path.startsWith("/proc/")) return null;
        for (String id : store.ids()) {
            ContainerState s = store.find(id);
            if (s != null && path.startsWith("/proc/" + s.pid + "/ns/")) return s;
        }
        return null;
    }
}
