package dev.kernelet.sentry.strace;

import dev.kernelet.abi.SyscallNumber;

/**
 * Call name to kinds of its arguments, one word each. Lower case is read at entry, upper case after the call.
 *
 * <pre>
 *   d int   l long   x hexadecimal   o mode   fd  at (directory descriptor)   u unsigned size
 *   path str   bufN: N is the index of the length   BUF: length is the result   DATAN   ptr
 *   iov IOV (count follows)   argv   sa SA sockaddr (length follows)   msg MSG   others: a flag set or struct by name
 * </pre>
 */
final class StraceTable {
    private StraceTable() {}

    private static final String ROWS = """
            read fd BUF u|write fd buf2 u|open path open o|close fd|stat path STAT|fstat fd STAT|lstat path STAT
            poll POLL d d|lseek fd l whence|mmap x u prot map fd x|mprotect x u prot|munmap x u|brk x
            rt_sigaction sig sigact SIGACT u|rt_sigprocmask how sigset SIGSET u|rt_sigreturn|ioctl fd ioctl x
            pread64 fd BUF u l|pwrite64 fd buf2 u l|readv fd IOV d|writev fd iov d|access path accmode|pipe FDS
            select d ptr ptr ptr tv|sched_yield|mremap x u u mremap x|msync x u x|mincore x u ptr|madvise x u madv
            shmget d u x|shmat d x x|shmctl d d ptr|dup fd|dup2 fd fd|pause|nanosleep ts TS|getitimer itimer ITV|alarm d
            setitimer itimer itv ITV|getpid|sendfile fd fd ptr u|socket af socktype d|connect fd sa d
            accept fd SA ptr|sendto fd buf2 u msgflags sa d|recvfrom fd BUF u msgflags SA ptr|sendmsg fd msg msgflags
            recvmsg fd MSG msgflags|shutdown fd d|bind fd sa d|listen fd d|getsockname fd SA ptr|getpeername fd SA ptr
            socketpair af socktype d FDS|setsockopt fd sol sopt buf4 d|getsockopt fd sol sopt INT ptr
            clone clone x ptr ptr x|fork|vfork|execve path argv env|exit d|wait4 d STATUS wait ptr|kill d sig
            uname UTS|semget d d x|semop d ptr u|semctl d d d x|shmdt x|msgget d x|msgsnd d ptr u x|msgrcv d ptr u l x
            msgctl d d ptr|fcntl fd fcntl x|flock fd flock|fsync fd|fdatasync fd|truncate path l|ftruncate fd l
            getdents fd ptr u|getcwd STR u|chdir path|fchdir fd|rename path path|mkdir path o|rmdir path|creat path o
            link path path|unlink path|symlink str path|readlink path BUF u|chmod path o|fchmod fd o|chown path d d
            fchown fd d d|lchown path d d|umask o|gettimeofday TV ptr|getrlimit rlim RLIMIT|getrusage d ptr
            sysinfo ptr|times ptr|ptrace d d x x|getuid|syslog d ptr d|getgid|setuid d|setgid d|geteuid|getegid
            setpgid d d|getppid|getpgrp|setsid|setreuid d d|setregid d d|getgroups d ptr|setgroups d ptr|setresuid d d d
            getresuid INT INT INT|setresgid d d d|getresgid INT INT INT|getpgid d|setfsuid d|setfsgid d|getsid d
            capget ptr ptr|capset ptr ptr|rt_sigpending SIGSET u|rt_sigtimedwait sigset SIGINFO ts u
            rt_sigqueueinfo d sig siginfo|rt_sigsuspend sigset u|sigaltstack stack STACK|utime path ptr|mknod path o x
            personality x|ustat x ptr|statfs path ptr|fstatfs fd ptr|getpriority d d|setpriority d d d
            sched_setparam d ptr|sched_getparam d ptr|sched_setscheduler d d ptr|sched_getscheduler d
            sched_get_priority_max d|sched_get_priority_min d|sched_rr_get_interval d TS|mlock x u|munlock x u
            mlockall x|munlockall|vhangup|pivot_root path path|prctl prctl x x x x|arch_prctl archprctl x|setrlimit rlim rlimit
            chroot path|sync|mount path path str x ptr|umount2 path x|sethostname buf1 u|setdomainname buf1 u
            gettid|readahead fd l u|setxattr path str buf3 u x|lsetxattr path str buf3 u x|fsetxattr fd str buf3 u x
            getxattr path str BUF u|lgetxattr path str BUF u|fgetxattr fd str BUF u|listxattr path BUF u
            llistxattr path BUF u|flistxattr fd BUF u|removexattr path str|lremovexattr path str|fremovexattr fd str
            tkill d sig|time ptr|futex x futex d fval x x|sched_setaffinity d u ptr|sched_getaffinity d u ptr
            epoll_create d|getdents64 fd ptr u|set_tid_address x|semtimedop d ptr u ts|fadvise64 fd l u d
            timer_create clock ptr INT|timer_settime d x its ITS|timer_gettime d ITS|timer_getoverrun d|timer_delete d
            clock_settime clock ts|clock_gettime clock TS|clock_getres clock TS|clock_nanosleep clock x ts TS
            exit_group d|epoll_wait fd EPOLL d d|epoll_ctl fd epollop fd epoll|tgkill d d sig|utimes path ptr
            mbind x u d ptr u x|set_mempolicy d ptr u|get_mempolicy ptr ptr u x x|mq_open str open o ptr|mq_unlink str
            mq_timedsend fd buf2 u u ts|mq_timedreceive fd BUF u ptr ts|mq_notify fd ptr|mq_getsetattr fd ptr ptr
            waitid d d SIGINFO wait ptr|ioprio_set d d x|ioprio_get d d|inotify_init|inotify_add_watch fd path x
            inotify_rm_watch fd d|openat at path open o|mkdirat at path o|mknodat at path o x|fchownat at path d d atflags
            futimesat at path ptr|newfstatat at path STAT atflags|unlinkat at path atflags|renameat at path at path
            linkat at path at path atflags|symlinkat str at path|readlinkat at path BUF u|fchmodat at path o
            faccessat at path accmode|pselect6 d ptr ptr ptr ts ptr|ppoll POLL d ts sigset u|unshare clone
            set_robust_list x u|get_robust_list d ptr ptr|splice fd ptr fd ptr u x|tee fd fd u x|sync_file_range fd l l x
            vmsplice fd iov d x|utimensat at path ts2 atflags|epoll_pwait fd EPOLL d d sigset u|signalfd fd sigset u
            timerfd_create clock x|eventfd d|fallocate fd x l l|timerfd_settime fd x its ITS|timerfd_gettime fd ITS
            accept4 fd SA ptr socktype|signalfd4 fd sigset u x|eventfd2 d x|epoll_create1 x|dup3 fd fd open|pipe2 FDS open
            inotify_init1 x|preadv fd IOV d l l|pwritev fd iov d l l|rt_tgsigqueueinfo d d sig siginfo
            recvmmsg fd ptr d msgflags ts|prlimit64 d rlim rlimit RLIMIT|name_to_handle_at at path ptr ptr atflags
            syncfs fd|sendmmsg fd ptr d msgflags|setns fd clone|getcpu INT INT ptr|process_vm_readv d ptr u ptr u x
            process_vm_writev d ptr u ptr u x|kcmp d d d x x|sched_setattr d ptr x|sched_getattr d ptr u x
            renameat2 at path at path x|seccomp d x ptr|getrandom BUF u x|memfd_create str x|execveat at path argv env atflags
            membarrier d x d|mlock2 x u x|copy_file_range fd ptr fd ptr u x|preadv2 fd IOV d l l x|pwritev2 fd iov d l l x
            pkey_mprotect x u prot d|pkey_alloc x x|pkey_free d|statx at path atflags x ptr|rseq x u x x
            pidfd_send_signal fd sig siginfo x|pidfd_open d x|clone3 clonearg u|close_range u u x|openat2 at path openhow u
            pidfd_getfd fd fd x|faccessat2 at path accmode atflags|process_madvise fd ptr u madv x
            epoll_pwait2 fd EPOLL d ts sigset u|futex_waitv ptr u x ts clock|fchmodat2 at path o atflags
            """;
    private static final String[] NONE = {};
    private static final String[] UNKNOWN = {"x", "x", "x", "x", "x", "x"};
    private static String[][] kinds;

    /** The kinds of a call's arguments, as many as it has. */
    static String[] kinds(int nr) {
        if (kinds == null) parse();
        return nr < 0 || nr >= kinds.length || kinds[nr] == null ? UNKNOWN : kinds[nr];
    }

    private static void parse() {
        var table = new String[512][];
        for (String row : ROWS.replace('\n', '|').split("\\|")) {
            String[] words = row.strip().split(" ");
            int nr = number(words[0]);
            if (nr < 0) throw new IllegalStateException("strace table: " + words[0]);
            table[nr] = words.length == 1 ? NONE : java.util.Arrays.copyOfRange(words, 1, words.length);
        }
        kinds = table;
    }

    /** The number of the call with this name, or -1. */
    static int number(String name) {
        for (int nr = 0; nr < 512; nr++) {
            if (name.equals(SyscallNumber.name(nr))) return nr;
        }
        return -1;
    }
}
