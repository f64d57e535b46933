package dev.kernelet.sandbox.probe;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

/** User namespaces and those within them: tried in a process of its own. */
final class Namespaces {
    private static final String NAME = "user namespaces", LOST = "nothing: this version does not use them";
    private static final long NEWUSER = 0x10000000;
    private static final long[] KINDS = {0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000};
    private static final String[] KIND_NAMES = {"mount", "pid", "net", "ipc", "uts"};
    private static final int MS_PRIVATE_REC = 1 << 18 | 1 << 14;

    private final Environment environment;

    Namespaces(Environment environment) { this.environment = environment; }

    Mechanism probe() {
        try (var p = new ProbeProcess()) {
            if (!p.hasStarted()) return missing(p.failed, p.failure(), environment.refusal(p.failure()),
                    environment.remedy(p.failure()));
            long r = p.call(UNSHARE, NEWUSER);
            if (r != 0) return refused(r == ProbeProcess.DIED ? -EPERM : r);
            var kinds = new StringBuilder("with");
            for (int i = 0; i < KINDS.length; i++) {
                r = p.call(UNSHARE, KINDS[i]);
                if (r == 0) kinds.append(' ').append(KIND_NAMES[i]);
                else if (i == 0) return within("unshare(CLONE_NEWNS)", r == ProbeProcess.DIED ? -EPERM : r);
            }
            long root = p.string(0, "/"), none = p.string(8, "none");
            r = p.call(MOUNT, none, root, 0, MS_PRIVATE_REC, 0);
            if (r != 0) return within("mount(MS_PRIVATE)", r == ProbeProcess.DIED ? -EPERM : r);
            return Mechanism.works(NAME, kinds.append("; not used").toString());
        }
    }

    private static Mechanism missing(String call, long result, String cause, String remedy) {
        return Mechanism.missing(NAME, call, result, cause, LOST, remedy);
    }

    private Mechanism refused(long r) {
        String call = "unshare(CLONE_NEWUSER)";
        if (environment.userNamespacesSysctl == 0 && !environment.isRoot) {
            return missing(call, r, "kernel.unprivileged_userns_clone is 0",
                    "sysctl -w kernel.unprivileged_userns_clone=1 (as root)");
        }
        if (r == -ENOSPC || r == -EUSERS || environment.maxUserNamespaces == 0) {
            return missing(call, r, "user.max_user_namespaces is " + environment.maxUserNamespaces
                    + ", here or in a namespace around",
                    "sysctl -w user.max_user_namespaces=10000 (as root)");
        }
        if (environment.appArmorRestricts == 1 && !environment.isRoot) return appArmor(call, r);
        return missing(call, r, environment.refusal(r), environment.remedy(r));
    }

    /** The namespace was made, but gives no rights. */
    private Mechanism within(String call, long r) {
        if (environment.appArmorRestricts == 1) return appArmor(call, r);
        return missing(call, r, environment.refusal(r), environment.remedy(r));
    }

    private static Mechanism appArmor(String call, long r) {
        return missing(call, r, "kernel.apparmor_restrict_unprivileged_userns is 1 (AppArmor, as on Ubuntu)",
                "an AppArmor profile with \"userns,\", or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (as root)");
    }
}
