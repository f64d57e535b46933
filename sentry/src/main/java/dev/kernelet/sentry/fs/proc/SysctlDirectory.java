package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.sentry.fs.anon.InotifyLimits;
import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.PidTable;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.UserNamespace;
import dev.kernelet.sentry.kernel.UtsNamespace;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.MountOps;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import java.util.ArrayList;
import java.util.HashMap;

/** /proc/sys (sysctl(8)): a tree given by its file names. Values may be changed by root where that has a meaning inside. */
final class SysctlDirectory extends PseudoDirectory {
    /** Path, then the value shown; "*" in front: computed by {@link #computed}; "+": root may write it. */
    private static final String[] FILES = {
        "fs/file-max=9223372036854775807", "fs/file-nr=*", "fs/nr_open=1048576", "fs/inode-nr=0\t0",
        "fs/inode-state=0\t0\t0\t0\t0\t0\t0", "fs/dentry-state=0\t0\t45\t0\t0\t0", "fs/pipe-max-size=1048576",
        "fs/pipe-user-pages-soft=16384", "fs/pipe-user-pages-hard=0", "fs/lease-break-time=45", "fs/leases-enable=1",
        "fs/mount-max=" + MountOps.MAX,
        "fs/overflowuid=65534", "fs/overflowgid=65534", "fs/protected_fifos=0", "fs/protected_hardlinks=1",
        "fs/protected_regular=0", "fs/protected_symlinks=0", "fs/suid_dumpable=0", "fs/aio-max-nr=65536", "fs/aio-nr=0",
        "fs/epoll/max_user_watches=3500000",
        "fs/inotify/max_queued_events=+*", "fs/inotify/max_user_instances=+*",
        "fs/inotify/max_user_watches=+*", "fs/mqueue/msg_default=10", "fs/mqueue/msg_max=10",
        "fs/mqueue/msgsize_default=8192", "fs/mqueue/msgsize_max=8192", "fs/mqueue/queues_max=256",
        "kernel/overflowuid=65534", "kernel/overflowgid=65534",
        "kernel/ostype=Linux", "kernel/osrelease=*", "kernel/version=#1 SMP PREEMPT_DYNAMIC", "kernel/hostname=+*",
        "kernel/domainname=+*", "kernel/pid_max=*", "kernel/ns_last_pid=+*",
        "kernel/threads-max=*", "kernel/ngroups_max=65536",
        "kernel/cap_last_cap=40", "kernel/core_pattern=core", "kernel/core_uses_pid=0", "kernel/randomize_va_space=2",
        "kernel/random/boot_id=*", "kernel/random/uuid=*", "kernel/random/entropy_avail=256", "kernel/random/poolsize=256",
        "kernel/shmmax=18446744073692774399", "kernel/shmall=18446744073692774399", "kernel/shmmni=4096",
        "kernel/msgmax=8192", "kernel/msgmnb=16384", "kernel/msgmni=32000", "kernel/sem=32000\t1024000000\t500\t32000",
        "kernel/yama/ptrace_scope=0", "kernel/perf_event_paranoid=4", "kernel/kptr_restrict=2", "kernel/dmesg_restrict=1",
        "kernel/printk=4\t4\t1\t7", "kernel/sched_child_runs_first=0", "kernel/seccomp/actions_avail=", "kernel/tainted=0",
        "kernel/unprivileged_bpf_disabled=2", "kernel/panic=0", "kernel/sysrq=0", "kernel/io_uring_disabled=2",
        "vm/overcommit_memory=+0", "vm/overcommit_ratio=50", "vm/max_map_count=65530", "vm/mmap_min_addr=65536",
        "vm/swappiness=60", "vm/dirty_ratio=20", "vm/dirty_background_ratio=10", "vm/drop_caches=+0", "vm/nr_hugepages=0",
        "vm/legacy_va_layout=0", "vm/min_free_kbytes=67584", "vm/vfs_cache_pressure=100", "vm/user_reserve_kbytes=131072",
        "vm/admin_reserve_kbytes=8192", "net/core/somaxconn=4096", "net/core/rmem_max=212992", "net/core/wmem_max=212992",
        "net/core/rmem_default=212992", "net/core/wmem_default=212992", "net/core/netdev_max_backlog=1000",
        "net/core/optmem_max=131072", "net/ipv4/ip_forward=0", "net/ipv4/ip_local_port_range=32768\t60999",
        "net/ipv4/ip_local_reserved_ports=", "net/ipv4/ip_unprivileged_port_start=1024", "net/ipv4/tcp_fin_timeout=60",
        "net/ipv4/tcp_keepalive_time=7200", "net/ipv4/tcp_keepalive_intvl=75", "net/ipv4/tcp_keepalive_probes=9",
        "net/ipv4/tcp_syncookies=1", "net/ipv4/tcp_rmem=4096\t131072\t6291456", "net/ipv4/tcp_wmem=4096\t16384\t4194304",
        "net/ipv4/tcp_congestion_control=cubic", "net/ipv4/tcp_available_congestion_control=reno cubic",
        "net/ipv4/tcp_max_syn_backlog=512", "net/ipv4/tcp_sack=1", "net/ipv4/tcp_timestamps=1", "net/ipv4/tcp_window_scaling=1",
        "net/ipv4/ping_group_range=0\t2147483647", "net/ipv6/conf/all/disable_ipv6=0", "net/ipv6/conf/default/disable_ipv6=0",
        "net/ipv6/conf/lo/disable_ipv6=0", "net/unix/max_dgram_qlen=512",
        "user/max_user_namespaces=" + UserNamespace.MAX,
        "user/max_pid_namespaces=" + PidNamespace.MAX,
        "kernel/arch=x86_64", "kernel/panic_on_oops=0", "kernel/pty/max=4096", "kernel/pty/reserve=1024",
        "kernel/sched_rr_timeslice_ms=100", "kernel/sched_rt_period_us=1000000", "kernel/sched_rt_runtime_us=950000",
        "kernel/shm_rmid_forced=0", "kernel/sysctl_writes_strict=1", "vm/dirty_background_bytes=0", "vm/dirty_bytes=0",
        "vm/dirty_expire_centisecs=3000", "vm/dirty_writeback_centisecs=500", "vm/hugetlb_shm_group=0",
        "vm/nr_overcommit_hugepages=0", "vm/oom_kill_allocating_task=0", "vm/overcommit_kbytes=0", "vm/page-cluster=3",
        "vm/panic_on_oom=0", "vm/zone_reclaim_mode=0", "user/max_inotify_instances=+*", "user/max_inotify_watches=+*"};

    private final ProcFs procfs;
    private final String prefix;

    SysctlDirectory(ProcFs fs, String prefix) {
        super(fs, 0555);
        procfs = fs;
        this.prefix = prefix;
    }

    @Override
    protected String[] names() {
        var names = new ArrayList<String>();
        for (String f : FILES) {
            if (!f.startsWith(prefix)) continue;
            String rest = f.substring(prefix.length(), f.indexOf('='));
            int slash = rest.indexOf('/');
            String name = slash < 0 ? rest : rest.substring(0, slash);
            if (!names.contains(name)) names.add(name);
        }
        return names.toArray(new String[0]);
    }

    @Override
    protected Inode make(int index, String name) {
        String path = prefix + name;
        for (String f : FILES) {
            if (f.startsWith(path + "=")) return new Variable(path, f.substring(path.length() + 1));
        }
        return new SysctlDirectory(procfs, path + "/");
    }

    private final class Variable extends PseudoFile {
        private final String path;
        private String value;

        Variable(String path, String initial) {
            super(procfs, initial.startsWith("+") ? 0644 : 0444);
            this.path = path;
            String given = procfs.kernel.options.sysctl == null ? null : procfs.kernel.options.sysctl.get(path);
            // The limits of inotify know of it themselves, and are shown as they are.
            value = given != null && !path.startsWith(InotifyLimits.DIRECTORY) ? given
                    : initial.startsWith("+") ? initial.substring(1) : initial;
        }

        @Override
        protected String text(Task t) { return (value.equals("*") ? computed(procfs.kernel, t, path) : value) + "\n"; }

        /** Not even root writes what may not be written (test_perm in fs/proc/proc_sysctl.c). */
        @Override
        public OpenFile open(Task t, Path where, int flags) {
            if ((flags & O_ACCMODE) != O_RDONLY && (mode & 0200) == 0) {
                t.error = -EACCES;
                return null;
            }
            return super.open(t, where, flags);
        }

        @Override
        protected long store(Task t, String text) {
            if ((mode & 0200) == 0 || !t.cred.capable(Credentials.CAP_SYS_ADMIN)) return -EPERM;
            String v = text.trim();
            long r = set(t, v);
            return r < 0 ? r : text.length();
        }

        private long set(Task t, String v) {
            switch (path) {
                case "kernel/hostname" -> UtsNamespace.setHostname(t, v);
                case "kernel/domainname" -> UtsNamespace.setDomainname(t, v);
                case "kernel/ns_last_pid" -> { return PidNamespace.setLast(t, v); }
                case "vm/overcommit_memory" -> {
                    // 0 and 1 promise nothing that does not hold; strict accounting (2) is not done.
                    if (v.equals("2")) return -EPERM;
                    if (!v.equals("0") && !v.equals("1")) return -EINVAL;
                    value = v;
                }
                case "vm/drop_caches" -> {
                    if (v.length() != 1 || v.charAt(0) < '1' || v.charAt(0) > '4') return -EINVAL;
                    // Names and inodes; pages are the host's.
                    if ((v.charAt(0) & 2) != 0) for (Mount m : t.fs.mounts.mounts) m.fs.shrink();
                    value = v;
                }
                default -> {
                    String limit = inotify(path);
                    return limit == null ? -EPERM : InotifyLimits.of(t.kernel).set(limit, v);
                }
            }
            return 0;
        }
    }

    /** The limit of inotify behind this name, or null: those of users have two names. */
    private static String inotify(String path) {
        if (path.startsWith(InotifyLimits.DIRECTORY)) return path.substring(InotifyLimits.DIRECTORY.length());
        return path.startsWith("user/max_inotify_") ? "max_user_" + path.substring(17) : null;
    }

    private static final HashMap<String, String> BOOT = new HashMap<>();

    private static String computed(Kernel k, Task t, String path) {
        return switch (path) {
            case "fs/file-nr" -> "0\t0\t9223372036854775807";
            case "kernel/osrelease" -> k.options.release;
            case "kernel/hostname" -> UtsNamespace.hostname(t);
            case "kernel/domainname" -> UtsNamespace.domainname(t);
            case "kernel/pid_max" -> Integer.toString(PidTable.PID_MAX);
            case "kernel/ns_last_pid" -> Integer.toString(PidNamespace.last(t));
            case "kernel/threads-max" -> Integer.toString(k.options.taskLimit);
            case "kernel/random/boot_id" -> BOOT.computeIfAbsent("id", x -> uuid(k));
            case "kernel/random/uuid" -> uuid(k);
            default -> Integer.toString(InotifyLimits.of(k).get(inotify(path)));
        };
    }

    private static String uuid(Kernel k) {
        long p = dev.kernelet.abi.Memory.allocate(16);
        dev.kernelet.host.HostCall.call(dev.kernelet.abi.SyscallNumber.GETRANDOM, p, 16, 0);
        var s = new StringBuilder(36);
        for (int i = 0; i < 16; i++) {
            int b = dev.kernelet.abi.Memory.getUnsignedByte(p + i);
            if (i == 6) b = b & 0x0f | 0x40;
            if (i == 8) b = b & 0x3f | 0x80;
            s.append(Character.forDigit(b >>> 4, 16)).append(Character.forDigit(b & 15, 16));
            if (i == 3 || i == 5 || i == 7 || i == 9) s.append('-');
        }
        dev.kernelet.abi.Memory.free(p);
        return s.toString();
    }
}
