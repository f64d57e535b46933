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

    private static final int AT_FDCWD = -100, STATX_INO = 0x100;

    private Pods() {}

    /** Whether others are to come into its sandbox. */
    static boolean isSandbox(LinkedHashMap<String, String> annotations) {
        for (String name : TYPE) if ("sandbox".equals(annotations.get(name))) return true;
        return false;
    }

    /** The id of the container whose sandbox it belongs to, or null. */
    private static String sandboxOf(LinkedHashMap<String, String> annotations) {
        for (int i = 0; i < TYPE.length; i++) {
            if ("container".equals(annotations.get(TYPE[i]))) return annotations.get(SANDBOX[i]);
        }
        return null;
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
            return other != null && other.sandbox.equals(sandbox.id) ? other.id : sandbox.id;
        }
        return sandbox.id;
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
