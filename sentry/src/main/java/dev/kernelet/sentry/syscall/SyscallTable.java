package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.ENOSYS;

import dev.kernelet.sentry.kernel.Task;

/**
 * The map of all system calls: number to handler, arguments decoded. Split by hundreds so that each part is
 * compiled.
 */
public final class SyscallTable {
    private SyscallTable() {}

    /** Runs the handler of call {@code nr}: a result, -errno, or one of {@link Task}'s special results. */
    public static long dispatch(Task t, int nr) {
        return switch (nr / 50) {
            case 0 -> dispatch0(t, nr);
            case 1 -> dispatch50(t, nr);
            case 2 -> dispatch100(t, nr);
            case 3 -> dispatch150(t, nr);
            case 4 -> dispatch200(t, nr);
            case 5 -> dispatch250(t, nr);
            case 6 -> dispatch300(t, nr);
            case 8 -> dispatch400(t, nr);
            case 9 -> dispatch450(t, nr);
            default -> unknown(t, nr);
        };
    }

    private static long unknown(Task t, int nr) {
        // A test's way to see what an internal error does: -Dkernelet.fault=NUMBER of a call that does not exist.
        Integer fault = Integer.getInteger("kernelet.fault");
        if (fault != null && fault == nr) throw new IllegalStateException("kernelet.fault");
        t.kernel.unimplemented(t, nr);
        return -ENOSYS;
    }

    private static long dispatch0(Task t, int nr) {
        return switch (nr) {
            case 0 -> SysFile.read(t, t.argInt(0), t.arg(1), t.arg(2));
            case 1 -> SysFile.write(t, t.argInt(0), t.arg(1), t.arg(2));
            case 2 -> SysPath.open(t, t.arg(0), t.argInt(1), t.argInt(2));
            case 3 -> SysFd.close(t, t.argInt(0));
            case 4 -> SysStat.stat(t, t.arg(0), t.arg(1));
            case 5 -> SysStat.fstat(t, t.argInt(0), t.arg(1));
            case 6 -> SysStat.lstat(t, t.arg(0), t.arg(1));
            case 7 -> SysPoll.poll(t, t.arg(0), t.argInt(1), t.argInt(2));
            case 8 -> SysFile.lseek(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 9 -> SysMm.mmap(t, t.arg(0), t.arg(1), t.argInt(2), t.argInt(3), t.argInt(4), t.arg(5));
            case 10 -> SysMm.mprotect(t, t.arg(0), t.arg(1), t.argInt(2));
            case 11 -> SysMm.munmap(t, t.arg(0), t.arg(1));
            case 12 -> SysMm.brk(t, t.arg(0));
            case 13 -> SysSignal.rt_sigaction(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 14 -> SysSignal.rt_sigprocmask(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 15 -> SysSignal.rt_sigreturn(t);
            case 16 -> SysFd.ioctl(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 17 -> SysFile.pread64(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 18 -> SysFile.pwrite64(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 19 -> SysFile.readv(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 20 -> SysFile.writev(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 21 -> SysStat.access(t, t.arg(0), t.argInt(1));
            case 22 -> SysPoll.pipe(t, t.arg(0));
            case 23 -> SysPoll.select(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4));
            case 24 -> SysSched.sched_yield(t);
            case 25 -> SysMm.mremap(t, t.arg(0), t.arg(1), t.arg(2), t.argInt(3), t.arg(4));
            case 26 -> SysMm.msync(t, t.arg(0), t.arg(1), t.argInt(2));
            case 27 -> SysMm.mincore(t, t.arg(0), t.arg(1), t.arg(2));
            case 28 -> SysMm.madvise(t, t.arg(0), t.arg(1), t.argInt(2));
            case 29 -> SysIpc.shmget(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 30 -> SysIpc.shmat(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 31 -> SysIpc.shmctl(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 32 -> SysFd.dup(t, t.argInt(0));
            case 33 -> SysFd.dup2(t, t.argInt(0), t.argInt(1));
            case 34 -> SysSignal.pause(t);
            case 35 -> SysTime.nanosleep(t, t.arg(0), t.arg(1));
            case 36 -> SysTime.getitimer(t, t.argInt(0), t.arg(1));
            case 37 -> SysTime.alarm(t, t.argInt(0));
            case 38 -> SysTime.setitimer(t, t.argInt(0), t.arg(1), t.arg(2));
            case 39 -> SysProcess.getpid(t);
            case 40 -> SysSplice.sendfile(t, t.argInt(0), t.argInt(1), t.arg(2), t.arg(3));
            case 41 -> SysSocket.socket(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 42 -> SysSocket.connect(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 43 -> SysSocket.accept(t, t.argInt(0), t.arg(1), t.arg(2));
            case 44 -> SysSocket.sendto(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3), t.arg(4), t.argInt(5));
            case 45 -> SysSocket.recvfrom(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3), t.arg(4), t.arg(5));
            case 46 -> SysSocket.sendmsg(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 47 -> SysSocket.recvmsg(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 48 -> SysSocket.shutdown(t, t.argInt(0), t.argInt(1));
            case 49 -> SysSocket.bind(t, t.argInt(0), t.arg(1), t.argInt(2));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch50(Task t, int nr) {
        return switch (nr) {
            case 50 -> SysSocket.listen(t, t.argInt(0), t.argInt(1));
            case 51 -> SysSocket.getsockname(t, t.argInt(0), t.arg(1), t.arg(2));
            case 52 -> SysSocket.getpeername(t, t.argInt(0), t.arg(1), t.arg(2));
            case 53 -> SysSocket.socketpair(t, t.argInt(0), t.argInt(1), t.argInt(2), t.arg(3));
            case 54 -> SysSocket.setsockopt(t, t.argInt(0), t.argInt(1), t.argInt(2), t.arg(3), t.argInt(4));
            case 55 -> SysSocket.getsockopt(t, t.argInt(0), t.argInt(1), t.argInt(2), t.arg(3), t.arg(4));
            case 56 -> SysProcess.clone(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4));
            case 57 -> SysProcess.fork(t);
            case 58 -> SysProcess.vfork(t);
            case 59 -> SysProcess.execve(t, t.arg(0), t.arg(1), t.arg(2));
            case 60 -> SysProcess.exit(t, t.argInt(0));
            case 61 -> SysProcess.wait4(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3));
            case 62 -> SysSignal.kill(t, t.argInt(0), t.argInt(1));
            case 63 -> SysProcess.uname(t, t.arg(0));
            case 64 -> SysIpc.semget(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 65 -> SysIpc.semop(t, t.argInt(0), t.arg(1), t.arg(2));
            case 66 -> SysIpc.semctl(t, t.argInt(0), t.argInt(1), t.argInt(2), t.arg(3));
            case 67 -> SysIpc.shmdt(t, t.arg(0));
            case 68 -> SysIpc.msgget(t, t.argInt(0), t.argInt(1));
            case 69 -> SysIpc.msgsnd(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 70 -> SysIpc.msgrcv(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 71 -> SysIpc.msgctl(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 72 -> SysFd.fcntl(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 73 -> SysFd.flock(t, t.argInt(0), t.argInt(1));
            case 74 -> SysFile.fsync(t, t.argInt(0));
            case 75 -> SysFile.fdatasync(t, t.argInt(0));
            case 76 -> SysAttr.truncate(t, t.arg(0), t.arg(1));
            case 77 -> SysFile.ftruncate(t, t.argInt(0), t.arg(1));
            case 78 -> SysFd.getdents(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 79 -> SysPath.getcwd(t, t.arg(0), t.arg(1));
            case 80 -> SysPath.chdir(t, t.arg(0));
            case 81 -> SysPath.fchdir(t, t.argInt(0));
            case 82 -> SysPath.rename(t, t.arg(0), t.arg(1));
            case 83 -> SysPath.mkdir(t, t.arg(0), t.argInt(1));
            case 84 -> SysPath.rmdir(t, t.arg(0));
            case 85 -> SysPath.creat(t, t.arg(0), t.argInt(1));
            case 86 -> SysPath.link(t, t.arg(0), t.arg(1));
            case 87 -> SysPath.unlink(t, t.arg(0));
            case 88 -> SysPath.symlink(t, t.arg(0), t.arg(1));
            case 89 -> SysPath.readlink(t, t.arg(0), t.arg(1), t.argInt(2));
            case 90 -> SysAttr.chmod(t, t.arg(0), t.argInt(1));
            case 91 -> SysAttr.fchmod(t, t.argInt(0), t.argInt(1));
            case 92 -> SysAttr.chown(t, t.arg(0), t.argInt(1), t.argInt(2));
            case 93 -> SysAttr.fchown(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 94 -> SysAttr.lchown(t, t.arg(0), t.argInt(1), t.argInt(2));
            case 95 -> SysPath.umask(t, t.argInt(0));
            case 96 -> SysTime.gettimeofday(t, t.arg(0), t.arg(1));
            case 97 -> SysProcess.getrlimit(t, t.argInt(0), t.arg(1));
            case 98 -> SysProcess.getrusage(t, t.argInt(0), t.arg(1));
            case 99 -> SysProcess.sysinfo(t, t.arg(0));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch100(Task t, int nr) {
        return switch (nr) {
            case 100 -> SysProcess.times(t, t.arg(0));
            case 101 -> SysProcess.ptrace(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3));
            case 102 -> SysCred.getuid(t);
            case 103 -> SysProcess.syslog(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 104 -> SysCred.getgid(t);
            case 105 -> SysCred.setuid(t, t.argInt(0));
            case 106 -> SysCred.setgid(t, t.argInt(0));
            case 107 -> SysCred.geteuid(t);
            case 108 -> SysCred.getegid(t);
            case 109 -> SysProcess.setpgid(t, t.argInt(0), t.argInt(1));
            case 110 -> SysProcess.getppid(t);
            case 111 -> SysProcess.getpgrp(t);
            case 112 -> SysProcess.setsid(t);
            case 113 -> SysCred.setreuid(t, t.argInt(0), t.argInt(1));
            case 114 -> SysCred.setregid(t, t.argInt(0), t.argInt(1));
            case 115 -> SysCred.getgroups(t, t.argInt(0), t.arg(1));
            case 116 -> SysCred.setgroups(t, t.argInt(0), t.arg(1));
            case 117 -> SysCred.setresuid(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 118 -> SysCred.getresuid(t, t.arg(0), t.arg(1), t.arg(2));
            case 119 -> SysCred.setresgid(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 120 -> SysCred.getresgid(t, t.arg(0), t.arg(1), t.arg(2));
            case 121 -> SysProcess.getpgid(t, t.argInt(0));
            case 122 -> SysCred.setfsuid(t, t.argInt(0));
            case 123 -> SysCred.setfsgid(t, t.argInt(0));
            case 124 -> SysProcess.getsid(t, t.argInt(0));
            case 125 -> SysCred.capget(t, t.arg(0), t.arg(1));
            case 126 -> SysCred.capset(t, t.arg(0), t.arg(1));
            case 127 -> SysSignal.rt_sigpending(t, t.arg(0), t.arg(1));
            case 128 -> SysSignal.rt_sigtimedwait(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3));
            case 129 -> SysSignal.rt_sigqueueinfo(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 130 -> SysSignal.rt_sigsuspend(t, t.arg(0), t.arg(1));
            case 131 -> SysSignal.sigaltstack(t, t.arg(0), t.arg(1));
            case 132 -> SysAttr.utime(t, t.arg(0), t.arg(1));
            case 133 -> SysPath.mknod(t, t.arg(0), t.argInt(1), t.arg(2));
            case 135 -> SysProcess.personality(t, t.argInt(0));
            case 136 -> SysStat.ustat(t, t.arg(0) & 0xffffffffL, t.arg(1));
            case 137 -> SysStat.statfs(t, t.arg(0), t.arg(1));
            case 138 -> SysStat.fstatfs(t, t.argInt(0), t.arg(1));
            case 139 -> SysStat.sysfs(t, t.argInt(0), t.arg(1), t.arg(2));
            case 140 -> SysSched.getpriority(t, t.argInt(0), t.argInt(1));
            case 141 -> SysSched.setpriority(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 142 -> SysSched.sched_setparam(t, t.argInt(0), t.arg(1));
            case 143 -> SysSched.sched_getparam(t, t.argInt(0), t.arg(1));
            case 144 -> SysSched.sched_setscheduler(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 145 -> SysSched.sched_getscheduler(t, t.argInt(0));
            case 146 -> SysSched.sched_get_priority_max(t, t.argInt(0));
            case 147 -> SysSched.sched_get_priority_min(t, t.argInt(0));
            case 148 -> SysSched.sched_rr_get_interval(t, t.argInt(0), t.arg(1));
            case 149 -> SysMm.mlock(t, t.arg(0), t.arg(1));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch150(Task t, int nr) {
        return switch (nr) {
            case 150 -> SysMm.munlock(t, t.arg(0), t.arg(1));
            case 151 -> SysMm.mlockall(t, t.argInt(0));
            case 152 -> SysMm.munlockall(t);
            case 155 -> SysMount.pivot_root(t, t.arg(0), t.arg(1));
            case 157 -> SysProcess.prctl(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4));
            case 158 -> SysProcess.arch_prctl(t, t.argInt(0), t.arg(1));
            case 159 -> SysTime.adjtimex(t, t.arg(0));
            case 160 -> SysProcess.setrlimit(t, t.argInt(0), t.arg(1));
            case 161 -> SysPath.chroot(t, t.arg(0));
            case 162 -> SysFile.sync(t);
            case 163 -> SysProcess.acct(t, t.arg(0));
            case 164 -> SysTime.settimeofday(t, t.arg(0), t.arg(1));
            case 165 -> SysMount.mount(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4));
            case 166 -> SysMount.umount2(t, t.arg(0), t.argInt(1));
            case 169 -> SysProcess.reboot(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 170 -> SysProcess.sethostname(t, t.arg(0), t.argInt(1));
            case 171 -> SysProcess.setdomainname(t, t.arg(0), t.argInt(1));
            case 186 -> SysProcess.gettid(t);
            case 187 -> SysFile.readahead(t, t.argInt(0), t.arg(1), t.arg(2));
            case 188 -> SysXattr.setxattr(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 189 -> SysXattr.lsetxattr(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 190 -> SysXattr.fsetxattr(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 191 -> SysXattr.getxattr(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3));
            case 192 -> SysXattr.lgetxattr(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3));
            case 193 -> SysXattr.fgetxattr(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 194 -> SysXattr.listxattr(t, t.arg(0), t.arg(1), t.arg(2));
            case 195 -> SysXattr.llistxattr(t, t.arg(0), t.arg(1), t.arg(2));
            case 196 -> SysXattr.flistxattr(t, t.argInt(0), t.arg(1), t.arg(2));
            case 197 -> SysXattr.removexattr(t, t.arg(0), t.arg(1));
            case 198 -> SysXattr.lremovexattr(t, t.arg(0), t.arg(1));
            case 199 -> SysXattr.fremovexattr(t, t.argInt(0), t.arg(1));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch200(Task t, int nr) {
        return switch (nr) {
            case 200 -> SysSignal.tkill(t, t.argInt(0), t.argInt(1));
            case 201 -> SysTime.time(t, t.arg(0));
            case 202 -> SysFutex.futex(t, t.arg(0), t.argInt(1), t.argInt(2), t.arg(3), t.arg(4), t.argInt(5));
            case 203 -> SysSched.sched_setaffinity(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 204 -> SysSched.sched_getaffinity(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 213 -> SysPoll.epoll_create(t, t.argInt(0));
            case 216 -> SysMm.remap_file_pages(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 217 -> SysFd.getdents64(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 218 -> SysProcess.set_tid_address(t, t.arg(0));
            case 219 -> SysProcess.restart_syscall(t);
            case 220 -> SysIpc.semtimedop(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 221 -> SysFile.fadvise64(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 222 -> SysTime.timer_create(t, t.argInt(0), t.arg(1), t.arg(2));
            case 223 -> SysTime.timer_settime(t, t.argInt(0), t.argInt(1), t.arg(2), t.arg(3));
            case 224 -> SysTime.timer_gettime(t, t.argInt(0), t.arg(1));
            case 225 -> SysTime.timer_getoverrun(t, t.argInt(0));
            case 226 -> SysTime.timer_delete(t, t.argInt(0));
            case 227 -> SysTime.clock_settime(t, t.argInt(0), t.arg(1));
            case 228 -> SysTime.clock_gettime(t, t.argInt(0), t.arg(1));
            case 229 -> SysTime.clock_getres(t, t.argInt(0), t.arg(1));
            case 230 -> SysTime.clock_nanosleep(t, t.argInt(0), t.argInt(1), t.arg(2), t.arg(3));
            case 231 -> SysProcess.exit_group(t, t.argInt(0));
            case 232 -> SysPoll.epoll_wait(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 233 -> SysPoll.epoll_ctl(t, t.argInt(0), t.argInt(1), t.argInt(2), t.arg(3));
            case 234 -> SysSignal.tgkill(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 235 -> SysAttr.utimes(t, t.arg(0), t.arg(1));
            case 237 -> SysMm.mbind(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4), t.argInt(5));
            case 238 -> SysMm.set_mempolicy(t, t.argInt(0), t.arg(1), t.arg(2));
            case 239 -> SysMm.get_mempolicy(t, t.arg(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4));
            case 240 -> SysIpc.mq_open(t, t.arg(0), t.argInt(1), t.argInt(2), t.arg(3));
            case 241 -> SysIpc.mq_unlink(t, t.arg(0));
            case 242 -> SysIpc.mq_timedsend(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3), t.arg(4));
            case 243 -> SysIpc.mq_timedreceive(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4));
            case 244 -> SysIpc.mq_notify(t, t.argInt(0), t.arg(1));
            case 245 -> SysIpc.mq_getsetattr(t, t.argInt(0), t.arg(1), t.arg(2));
            case 247 -> SysProcess.waitid(t, t.argInt(0), t.argInt(1), t.arg(2), t.argInt(3), t.arg(4));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch250(Task t, int nr) {
        return switch (nr) {
            case 251 -> SysSched.ioprio_set(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 252 -> SysSched.ioprio_get(t, t.argInt(0), t.argInt(1));
            case 253 -> SysInotify.inotify_init(t);
            case 254 -> SysInotify.inotify_add_watch(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 255 -> SysInotify.inotify_rm_watch(t, t.argInt(0), t.argInt(1));
            case 256 -> SysMm.migrate_pages(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 257 -> SysPath.openat(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 258 -> SysPath.mkdirat(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 259 -> SysPath.mknodat(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3));
            case 260 -> SysAttr.fchownat(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3), t.argInt(4));
            case 261 -> SysAttr.futimesat(t, t.argInt(0), t.arg(1), t.arg(2));
            case 262 -> SysStat.newfstatat(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 263 -> SysPath.unlinkat(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 264 -> SysPath.renameat(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3));
            case 265 -> SysPath.linkat(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.argInt(4));
            case 266 -> SysPath.symlinkat(t, t.arg(0), t.argInt(1), t.arg(2));
            case 267 -> SysPath.readlinkat(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 268 -> SysAttr.fchmodat(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 269 -> SysStat.faccessat(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 270 -> SysPoll.pselect6(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4), t.arg(5));
            case 271 -> SysPoll.ppoll(t, t.arg(0), t.argInt(1), t.arg(2), t.arg(3), t.arg(4));
            case 272 -> SysProcess.unshare(t, t.argInt(0));
            case 273 -> SysProcess.set_robust_list(t, t.arg(0), t.arg(1));
            case 274 -> SysProcess.get_robust_list(t, t.argInt(0), t.arg(1), t.arg(2));
            case 275 -> SysSplice.splice(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4), t.argInt(5));
            case 276 -> SysSplice.tee(t, t.argInt(0), t.argInt(1), t.arg(2), t.argInt(3));
            case 277 -> SysFile.sync_file_range(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 278 -> SysSplice.vmsplice(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 279 -> SysMm.move_pages(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4), t.argInt(5));
            case 280 -> SysAttr.utimensat(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 281 -> SysPoll.epoll_pwait(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3), t.arg(4), t.arg(5));
            case 282 -> SysSignal.signalfd(t, t.argInt(0), t.arg(1), t.arg(2));
            case 283 -> SysTime.timerfd_create(t, t.argInt(0), t.argInt(1));
            case 284 -> SysPoll.eventfd(t, t.argInt(0));
            case 285 -> SysFile.fallocate(t, t.argInt(0), t.argInt(1), t.arg(2), t.arg(3));
            case 286 -> SysTime.timerfd_settime(t, t.argInt(0), t.argInt(1), t.arg(2), t.arg(3));
            case 287 -> SysTime.timerfd_gettime(t, t.argInt(0), t.arg(1));
            case 288 -> SysSocket.accept4(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 289 -> SysSignal.signalfd4(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 290 -> SysPoll.eventfd2(t, t.argInt(0), t.argInt(1));
            case 291 -> SysPoll.epoll_create1(t, t.argInt(0));
            case 292 -> SysFd.dup3(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 293 -> SysPoll.pipe2(t, t.arg(0), t.argInt(1));
            case 294 -> SysInotify.inotify_init1(t, t.argInt(0));
            case 295 -> SysFile.preadv(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4));
            case 296 -> SysFile.pwritev(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4));
            case 297 -> SysSignal.rt_tgsigqueueinfo(t, t.argInt(0), t.argInt(1), t.argInt(2), t.arg(3));
            case 299 -> SysSocket.recvmmsg(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3), t.arg(4));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch300(Task t, int nr) {
        return switch (nr) {
            case 302 -> SysProcess.prlimit64(t, t.argInt(0), t.argInt(1), t.arg(2), t.arg(3));
            case 303 -> SysPath.name_to_handle_at(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 304 -> SysPath.open_by_handle_at(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 305 -> SysTime.clock_adjtime(t, t.argInt(0), t.arg(1));
            case 306 -> SysFile.syncfs(t, t.argInt(0));
            case 307 -> SysSocket.sendmmsg(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 308 -> SysProcess.setns(t, t.argInt(0), t.argInt(1));
            case 309 -> SysProcess.getcpu(t, t.arg(0), t.arg(1), t.arg(2));
            case 310 -> SysMm.process_vm_readv(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4), t.arg(5));
            case 311 -> SysMm.process_vm_writev(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.arg(4), t.arg(5));
            case 312 -> SysProcess.kcmp(t, t.argInt(0), t.argInt(1), t.argInt(2), t.arg(3), t.arg(4));
            case 314 -> SysSched.sched_setattr(t, t.argInt(0), t.arg(1), t.argInt(2));
            case 315 -> SysSched.sched_getattr(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 316 -> SysPath.renameat2(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.argInt(4));
            case 317 -> SysProcess.seccomp(t, t.argInt(0), t.argInt(1), t.arg(2));
            case 318 -> SysProcess.getrandom(t, t.arg(0), t.arg(1), t.argInt(2));
            case 319 -> SysMm.memfd_create(t, t.arg(0), t.argInt(1));
            case 322 -> SysProcess.execveat(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 323 -> SysMm.userfaultfd(t, t.argInt(0));
            case 324 -> SysMm.membarrier(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 325 -> SysMm.mlock2(t, t.arg(0), t.arg(1), t.argInt(2));
            case 326 -> SysSplice.copy_file_range(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4), t.argInt(5));
            case 327 -> SysFile.preadv2(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4), t.argInt(5));
            case 328 -> SysFile.pwritev2(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4), t.argInt(5));
            case 329 -> SysMm.pkey_mprotect(t, t.arg(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 330 -> SysMm.pkey_alloc(t, t.arg(0), t.arg(1));
            case 331 -> SysMm.pkey_free(t, t.argInt(0));
            case 332 -> SysStat.statx(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3), t.arg(4));
            case 334 -> SysProcess.rseq(t, t.arg(0), t.argInt(1), t.argInt(2), t.argInt(3));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch400(Task t, int nr) {
        return switch (nr) {
            case 424 -> SysProcess.pidfd_send_signal(t, t.argInt(0), t.argInt(1), t.arg(2), t.argInt(3));
            case 434 -> SysProcess.pidfd_open(t, t.argInt(0), t.argInt(1));
            case 435 -> SysProcess.clone3(t, t.arg(0), t.arg(1));
            case 436 -> SysFd.close_range(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 437 -> SysPath.openat2(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3));
            case 438 -> SysProcess.pidfd_getfd(t, t.argInt(0), t.argInt(1), t.argInt(2));
            case 439 -> SysStat.faccessat2(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 440 -> SysMm.process_madvise(t, t.argInt(0), t.arg(1), t.arg(2), t.arg(3), t.argInt(4));
            case 441 -> SysPoll.epoll_pwait2(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4), t.arg(5));
            case 447 -> SysMm.memfd_secret(t, t.argInt(0));
            case 448 -> SysProcess.process_mrelease(t, t.argInt(0), t.argInt(1));
            case 449 -> SysFutex.futex_waitv(t, t.arg(0), t.argInt(1), t.argInt(2), t.arg(3), t.argInt(4));
            default -> unknown(t, nr);
        };
    }

    private static long dispatch450(Task t, int nr) {
        return switch (nr) {
            case 451 -> SysFile.cachestat(t, t.argInt(0), t.arg(1), t.arg(2), t.argInt(3));
            case 452 -> SysAttr.fchmodat2(t, t.argInt(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 454 -> SysFutex.futex_wake(t, t.arg(0), t.arg(1), t.argInt(2), t.argInt(3));
            case 455 -> SysFutex.futex_wait(t, t.arg(0), t.arg(1), t.arg(2), t.argInt(3), t.arg(4), t.argInt(5));
            case 456 -> SysFutex.futex_requeue(t, t.arg(0), t.argInt(1), t.argInt(2), t.argInt(3));
            case 462 -> SysMm.mseal(t, t.arg(0), t.arg(1), t.arg(2));
            case 463 -> SysXattr.setxattrat(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4), t.arg(5));
            case 464 -> SysXattr.getxattrat(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4), t.arg(5));
            case 465 -> SysXattr.listxattrat(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3), t.arg(4));
            case 466 -> SysXattr.removexattrat(t, t.argInt(0), t.arg(1), t.argInt(2), t.arg(3));
            default -> unknown(t, nr);
        };
    }
}
