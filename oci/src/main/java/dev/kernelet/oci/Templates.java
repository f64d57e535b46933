package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;

/** The texts of {@code spec} and {@code features}. */
public final class Templates {
    private static final String CAPABILITIES = "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]";

    private static final String[] MOUNT_OPTIONS = {"async", "atime", "bind", "defaults", "dev", "diratime",
            "dirsync",
            "exec", "mand", "noatime", "nodev", "nodiratime", "noexec", "norelatime", "nostrictatime",
                    "nosuid",
            "nosymfollow", "private", "rbind", "relatime", "ro", "rprivate", "rro", "rslave", "rw", "slave",
            "strictatime", "suid", "sync", "unbindable"};

    private static final String SPEC = """
            {
              "ociVersion": "@VERSION@",
              "process": {
                "terminal": true,
                "user": {"uid": 0, "gid": 0},
                "args": ["sh"],
                "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
                "cwd": "/",
                "capabilities": {
                  "bounding": @CAPABILITIES@,
                  "effective": @CAPABILITIES@,
                  "permitted": @CAPABILITIES@
                },
                "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
                "noNewPrivileges": true
              },
              "root": {"path": "rootfs", "readonly": true},
              "hostname": "kernelet",
              "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                  "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
                {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                  "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
                {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                  "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
                {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
                  "options": ["nosuid", "noexec", "nodev"]},
                {"destination": "/sys", "type": "sysfs", "source": "sysfs",
                  "options": ["nosuid", "noexec", "nodev", "ro"]}
              ],
              "linux": {
                "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
                  {"type": "mount"}, {"type": "cgroup"}],
                "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                  "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
              }
            }
            """;

    private Templates() {}

    /** Writes config.json into a bundle's directory; one that is there stays as it is. */
    public static void spec(String bundle) {
        String file = (bundle == null ? Host.cwd() : Host.absolute(bundle)) + "/config.json";
        if (Host.exists(file)) throw new Failure("cannot make " + file + ": it exists",
                "Move it away first.");
        String text = SPEC.replace("@VERSION@", RuntimeSpec.VERSION).replace("@CAPABILITIES@", CAPABILITIES);
        long r = Host.replace(file, text, 0666);
        if (r < 0) throw new Failure("cannot write " + file + ": open", r,
                "Name a directory that may be written to.");
    }

    /** What this runtime can do, as the runtime-spec's features.md has it. */
    public static String features(String version) {
        var j = new JsonText().open().field("ociVersionMin", "1.0.0").field("ociVersionMax",
                RuntimeSpec.VERSION);
        j.name("hooks").openList();
        for (String h : Hooks.KINDS) j.value(h);
        j.closeList().name("mountOptions").openList();
        for (String option : MOUNT_OPTIONS) j.value(option);
        j.closeList().name("linux").open().name("namespaces").openList();
        for (String n : new String[] {"cgroup", "ipc", "mount", "network", "pid", "user", "uts"}) j.value(n);
        j.closeList().name("capabilities").openList();
        for (int i = 0; i < Names.capabilities(); i++) j.value(Names.capabilityName(i));
        j.closeList().name("cgroup").open().field("v1", true).field("v2", true).field("systemd", true)
                .field("systemdUser", true).field("rdma", false).close();
        j.name("mountExtensions").open().name("idmap").open().field("enabled", true).close().close();
        j.name("seccomp").open().field("enabled", true).strings("actions",
                java.util.List.of(SeccompProfile.ACTIONS))
                .strings("operators", java.util.List.of(SeccompProfile.OPERATORS))
                .strings("archs", java.util.List.of("SCMP_ARCH_X86_64"))
                .strings("knownFlags", java.util.List.of(SeccompProfile.FLAGS))
                .strings("supportedFlags", java.util.List.of(SeccompProfile.FLAGS)).close();
        j.name("apparmor").open().field("enabled", false).close().name("selinux").open().field("enabled",
                false).close();
        j.name("intelRdt").open().field("enabled", false).close().close();
        j.strings("potentiallyUnsafeConfigAnnotations", java.util.List.of());
        j.name("annotations").open().field("dev.kernelet.version", version).close();
        return j.close().toString();
    }
}
