package dev.kernelet.sentry.strace;

/** Flags and constants by name. Tables are strings, searched when a line is written: nothing is set up at start. */
final class Values {
    private Values() {}

    // Flag sets: bits in hexadecimal. Constants: likewise, one value each.
    static final String OPEN = "1=O_WRONLY 2=O_RDWR 40=O_CREAT 80=O_EXCL 100=O_NOCTTY 200=O_TRUNC 400=O_APPEND 800=O_NONBLOCK "
            + "101000=O_SYNC 1000=O_DSYNC 2000=O_ASYNC 4000=O_DIRECT 8000=O_LARGEFILE 410000=O_TMPFILE 10000=O_DIRECTORY "
            + "20000=O_NOFOLLOW 40000=O_NOATIME 80000=O_CLOEXEC 200000=O_PATH";
    static final String PROT = "1=PROT_READ 2=PROT_WRITE 4=PROT_EXEC 1000000=PROT_GROWSDOWN 2000000=PROT_GROWSUP";
    static final String MAP = "3=MAP_SHARED_VALIDATE 1=MAP_SHARED 2=MAP_PRIVATE 10=MAP_FIXED 20=MAP_ANONYMOUS 40=MAP_32BIT 100=MAP_GROWSDOWN "
            + "800=MAP_DENYWRITE 1000=MAP_EXECUTABLE 2000=MAP_LOCKED 4000=MAP_NORESERVE 8000=MAP_POPULATE 10000=MAP_NONBLOCK "
            + "20000=MAP_STACK 40000=MAP_HUGETLB 80000=MAP_SYNC 100000=MAP_FIXED_NOREPLACE";
    static final String MREMAP = "1=MREMAP_MAYMOVE 2=MREMAP_FIXED 4=MREMAP_DONTUNMAP";
    static final String CLONE = "100=CLONE_VM 200=CLONE_FS 400=CLONE_FILES 800=CLONE_SIGHAND 1000=CLONE_PIDFD 2000=CLONE_PTRACE "
            + "4000=CLONE_VFORK 8000=CLONE_PARENT 10000=CLONE_THREAD 20000=CLONE_NEWNS 40000=CLONE_SYSVSEM 80000=CLONE_SETTLS "
            + "100000=CLONE_PARENT_SETTID 200000=CLONE_CHILD_CLEARTID 400000=CLONE_DETACHED 800000=CLONE_UNTRACED "
            + "1000000=CLONE_CHILD_SETTID 2000000=CLONE_NEWCGROUP 4000000=CLONE_NEWUTS 8000000=CLONE_NEWIPC "
            + "10000000=CLONE_NEWUSER 20000000=CLONE_NEWPID 40000000=CLONE_NEWNET 80000000=CLONE_IO "
            + "100000000=CLONE_CLEAR_SIGHAND 200000000=CLONE_INTO_CGROUP";
    static final String AT = "100=AT_SYMLINK_NOFOLLOW 200=AT_REMOVEDIR 400=AT_SYMLINK_FOLLOW 800=AT_NO_AUTOMOUNT 1000=AT_EMPTY_PATH "
            + "2000=AT_STATX_FORCE_SYNC 4000=AT_STATX_DONT_SYNC";
    static final String ACCESS = "4=R_OK 2=W_OK 1=X_OK";
    static final String WAIT = "1=WNOHANG 2=WUNTRACED 4=WEXITED 8=WCONTINUED 1000000=WNOWAIT 20000000=__WNOTHREAD 40000000=__WALL "
            + "80000000=__WCLONE";
    static final String FLOCK = "1=LOCK_SH 2=LOCK_EX 4=LOCK_NB 8=LOCK_UN";
    static final String MSG = "1=MSG_OOB 2=MSG_PEEK 4=MSG_DONTROUTE 8=MSG_CTRUNC 20=MSG_TRUNC 40=MSG_DONTWAIT 80=MSG_EOR "
            + "100=MSG_WAITALL 2000=MSG_ERRQUEUE 4000=MSG_NOSIGNAL 8000=MSG_MORE 10000=MSG_WAITFORONE 20000000=MSG_FASTOPEN "
            + "40000000=MSG_CMSG_CLOEXEC";
    static final String EPOLL = "1=EPOLLIN 2=EPOLLPRI 4=EPOLLOUT 8=EPOLLERR 10=EPOLLHUP 40=EPOLLRDNORM 80=EPOLLRDBAND 100=EPOLLWRNORM "
            + "200=EPOLLWRBAND 2000=EPOLLRDHUP 10000000=EPOLLEXCLUSIVE 20000000=EPOLLWAKEUP 40000000=EPOLLONESHOT 80000000=EPOLLET";
    static final String POLL = "1=POLLIN 2=POLLPRI 4=POLLOUT 8=POLLERR 10=POLLHUP 20=POLLNVAL 40=POLLRDNORM 80=POLLRDBAND 100=POLLWRNORM "
            + "200=POLLWRBAND 2000=POLLRDHUP";
    static final String SA = "1=SA_NOCLDSTOP 2=SA_NOCLDWAIT 4=SA_SIGINFO 4000000=SA_RESTORER 8000000=SA_ONSTACK 10000000=SA_RESTART "
            + "40000000=SA_NODEFER 80000000=SA_RESETHAND";

    static final String WHENCE = "0=SEEK_SET 1=SEEK_CUR 2=SEEK_END 3=SEEK_DATA 4=SEEK_HOLE";
    static final String HOW = "0=SIG_BLOCK 1=SIG_UNBLOCK 2=SIG_SETMASK";
    static final String MADVISE = "0=MADV_NORMAL 1=MADV_RANDOM 2=MADV_SEQUENTIAL 3=MADV_WILLNEED 4=MADV_DONTNEED 8=MADV_FREE 9=MADV_REMOVE "
            + "a=MADV_DONTFORK b=MADV_DOFORK c=MADV_MERGEABLE d=MADV_UNMERGEABLE e=MADV_HUGEPAGE f=MADV_NOHUGEPAGE "
            + "10=MADV_DONTDUMP 11=MADV_DODUMP 12=MADV_WIPEONFORK 13=MADV_KEEPONFORK 14=MADV_COLD 15=MADV_PAGEOUT "
            + "16=MADV_POPULATE_READ 17=MADV_POPULATE_WRITE 18=MADV_DONTNEED_LOCKED 19=MADV_COLLAPSE";
    static final String FAMILY = "0=AF_UNSPEC 1=AF_UNIX 2=AF_INET a=AF_INET6 10=AF_NETLINK 11=AF_PACKET 28=AF_VSOCK";
    static final String SOCKTYPE = "1=SOCK_STREAM 2=SOCK_DGRAM 3=SOCK_RAW 4=SOCK_RDM 5=SOCK_SEQPACKET";
    static final String SOL = "0=SOL_IP 1=SOL_SOCKET 6=SOL_TCP 11=SOL_UDP 29=SOL_IPV6 10e=SOL_NETLINK";
    static final String SO = "1=SO_DEBUG 2=SO_REUSEADDR 3=SO_TYPE 4=SO_ERROR 5=SO_DONTROUTE 6=SO_BROADCAST 7=SO_SNDBUF 8=SO_RCVBUF "
            + "9=SO_KEEPALIVE a=SO_OOBINLINE c=SO_PRIORITY d=SO_LINGER f=SO_REUSEPORT 10=SO_PASSCRED 11=SO_PEERCRED 12=SO_RCVLOWAT "
            + "13=SO_SNDLOWAT 14=SO_RCVTIMEO 15=SO_SNDTIMEO 19=SO_BINDTODEVICE 1d=SO_TIMESTAMP 1e=SO_ACCEPTCONN 1f=SO_PEERSEC "
            + "20=SO_SNDBUFFORCE 21=SO_RCVBUFFORCE 26=SO_PROTOCOL 27=SO_DOMAIN 4d=SO_PEERPIDFD";
    static final String CLOCK = "0=CLOCK_REALTIME 1=CLOCK_MONOTONIC 2=CLOCK_PROCESS_CPUTIME_ID 3=CLOCK_THREAD_CPUTIME_ID "
            + "4=CLOCK_MONOTONIC_RAW 5=CLOCK_REALTIME_COARSE 6=CLOCK_MONOTONIC_COARSE 7=CLOCK_BOOTTIME 8=CLOCK_REALTIME_ALARM "
            + "9=CLOCK_BOOTTIME_ALARM b=CLOCK_TAI";
    static final String ITIMER = "0=ITIMER_REAL 1=ITIMER_VIRTUAL 2=ITIMER_PROF";
    static final String RLIMIT = "0=RLIMIT_CPU 1=RLIMIT_FSIZE 2=RLIMIT_DATA 3=RLIMIT_STACK 4=RLIMIT_CORE 5=RLIMIT_RSS 6=RLIMIT_NPROC "
            + "7=RLIMIT_NOFILE 8=RLIMIT_MEMLOCK 9=RLIMIT_AS a=RLIMIT_LOCKS b=RLIMIT_SIGPENDING c=RLIMIT_MSGQUEUE d=RLIMIT_NICE "
            + "e=RLIMIT_RTPRIO f=RLIMIT_RTTIME";
    static final String FCNTL = "0=F_DUPFD 1=F_GETFD 2=F_SETFD 3=F_GETFL 4=F_SETFL 5=F_GETLK 6=F_SETLK 7=F_SETLKW 8=F_SETOWN 9=F_GETOWN "
            + "a=F_SETSIG b=F_GETSIG f=F_SETOWN_EX 10=F_GETOWN_EX 24=F_OFD_GETLK 25=F_OFD_SETLK 26=F_OFD_SETLKW 400=F_SETLEASE "
            + "401=F_GETLEASE 402=F_NOTIFY 406=F_DUPFD_CLOEXEC 407=F_SETPIPE_SZ 408=F_GETPIPE_SZ 409=F_ADD_SEALS 40a=F_GET_SEALS "
            + "40b=F_GET_RW_HINT 40c=F_SET_RW_HINT";
    static final String IOCTL = "5401=TCGETS 5402=TCSETS 5403=TCSETSW 5404=TCSETSF 5405=TCGETA 5409=TCSBRK 540a=TCXONC 540b=TCFLSH "
            + "540c=TIOCEXCL 540d=TIOCNXCL 540e=TIOCSCTTY 540f=TIOCGPGRP 5410=TIOCSPGRP 5411=TIOCOUTQ 5413=TIOCGWINSZ "
            + "5414=TIOCSWINSZ 541b=FIONREAD 5420=TIOCPKT 5421=FIONBIO 5422=TIOCNOTTY 5429=TIOCGSID 5450=FIONCLEX 5451=FIOCLEX "
            + "5452=FIOASYNC 80045430=TIOCGPTN 40045431=TIOCSPTLCK 5441=TIOCGPTPEER 8912=SIOCGIFCONF 8913=SIOCGIFFLAGS "
            + "8915=SIOCGIFADDR 8933=SIOCGIFINDEX 40049409=FICLONE 80086601=FS_IOC_GETFLAGS 40086602=FS_IOC_SETFLAGS";
    static final String FUTEX = "0=FUTEX_WAIT 1=FUTEX_WAKE 2=FUTEX_FD 3=FUTEX_REQUEUE 4=FUTEX_CMP_REQUEUE 5=FUTEX_WAKE_OP 6=FUTEX_LOCK_PI "
            + "7=FUTEX_UNLOCK_PI 8=FUTEX_TRYLOCK_PI 9=FUTEX_WAIT_BITSET a=FUTEX_WAKE_BITSET b=FUTEX_WAIT_REQUEUE_PI "
            + "c=FUTEX_CMP_REQUEUE_PI d=FUTEX_LOCK_PI2";
    static final String EPOLL_OP = "1=EPOLL_CTL_ADD 2=EPOLL_CTL_DEL 3=EPOLL_CTL_MOD";
    static final String ARCH_PRCTL = "1001=ARCH_SET_GS 1002=ARCH_SET_FS 1003=ARCH_GET_FS 1004=ARCH_GET_GS 3001=ARCH_CET_STATUS "
            + "5001=ARCH_SHSTK_ENABLE 5005=ARCH_SHSTK_STATUS";
    static final String PRCTL = "1=PR_SET_PDEATHSIG 2=PR_GET_PDEATHSIG 3=PR_GET_DUMPABLE 4=PR_SET_DUMPABLE 7=PR_GET_KEEPCAPS "
            + "8=PR_SET_KEEPCAPS f=PR_SET_NAME 10=PR_GET_NAME 15=PR_GET_SECCOMP 16=PR_SET_SECCOMP 17=PR_CAPBSET_READ "
            + "18=PR_CAPBSET_DROP 19=PR_GET_TSC 1d=PR_SET_TIMERSLACK 1e=PR_GET_TIMERSLACK 23=PR_SET_MM 24=PR_SET_CHILD_SUBREAPER "
            + "25=PR_GET_CHILD_SUBREAPER 26=PR_SET_NO_NEW_PRIVS 27=PR_GET_NO_NEW_PRIVS 28=PR_GET_TID_ADDRESS 29=PR_SET_THP_DISABLE "
            + "2a=PR_GET_THP_DISABLE 2f=PR_CAP_AMBIENT 34=PR_GET_SPECULATION_CTRL 35=PR_SET_SPECULATION_CTRL 3e=PR_SCHED_CORE "
            + "41=PR_SET_MDWE 42=PR_GET_MDWE 53564d41=PR_SET_VMA 59616d61=PR_SET_PTRACER";
    private static final String SIGNALS = " HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP "
            + "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS ";

    /** The constant's name, or null. */
    static String name(String table, long value) {
        for (int at = 0; at < table.length(); ) {
            int equals = table.indexOf('=', at), end = table.indexOf(' ', at);
            if (end < 0) end = table.length();
            if (Long.parseLong(table, at, equals, 16) == value) return table.substring(equals + 1, end);
            at = end + 1;
        }
        return null;
    }

    static void constant(StringBuilder b, String table, long value) {
        String name = name(table, value);
        if (name != null) b.append(name);
        else hex(b, value);
    }

    /** The set bits' names joined by "|", what is left in hexadecimal; {@code none} when no bit is set. */
    static void flags(StringBuilder b, String table, long value, String none) {
        if (value == 0) {
            b.append(none);
            return;
        }
        int start = b.length();
        for (int at = 0; at < table.length(); ) {
            int equals = table.indexOf('=', at), end = table.indexOf(' ', at);
            if (end < 0) end = table.length();
            long bits = Long.parseLong(table, at, equals, 16);
            if ((value & bits) == bits) {
                if (b.length() > start) b.append('|');
                b.append(table, equals + 1, end);
                value &= ~bits;
            }
            at = end + 1;
        }
        if (value != 0) {
            if (b.length() > start) b.append('|');
            hex(b, value);
        }
    }

    static void open(StringBuilder b, int flags) {
        if ((flags & 3) == 0) {
            b.append("O_RDONLY");
            if (flags == 0) return;
            b.append('|');
        }
        flags(b, OPEN, flags & 0xffffffffL, "");
    }

    static void socketType(StringBuilder b, int type) {
        if ((type & 0xf) != 0) constant(b, SOCKTYPE, type & 0xf);
        int flags = type & ~0xf;
        if (flags == 0) return;
        if ((type & 0xf) != 0) b.append('|');
        flags(b, "800=SOCK_NONBLOCK 80000=SOCK_CLOEXEC", flags & 0xffffffffL, "");
    }

    static void futex(StringBuilder b, int op) {
        constant(b, FUTEX, op & 0x7f);
        if ((op & 0x80) != 0) b.append("_PRIVATE");
        if ((op & 0x100) != 0) b.append("|FUTEX_CLOCK_REALTIME");
        if ((op & ~0x1ff) != 0) hex(b.append('|'), op & ~0x1ff);
    }

    static void signal(StringBuilder b, int signal) {
        if (signal >= 1 && signal <= 31) b.append("SIG").append(word(SIGNALS, signal));
        else if (signal >= 32 && signal <= 64) b.append("SIGRT_").append(signal - 32);
        else b.append(signal);
    }

    static void signalSet(StringBuilder b, long set) {
        boolean inverted = Long.bitCount(set) > 32;
        if (inverted) {
            b.append('~');
            set = ~set;
        }
        b.append('[');
        int start = b.length();
        for (int signal = 1; signal <= 64; signal++) {
            if ((set >>> signal - 1 & 1) == 0) continue;
            if (b.length() > start) b.append(' ');
            int from = b.length();
            signal(b, signal);
            b.delete(from, from + 3); // without SIG
        }
        b.append(']');
    }

    static void waitStatus(StringBuilder b, int status) {
        if (status == 0xffff) {
            b.append("[continued]");
        } else if ((status & 0xff) == 0x7f) {
            signal(b.append("[stopped by "), status >> 8 & 0xff);
            b.append(']');
        } else if ((status & 0x7f) == 0) {
            b.append("[exited ").append(status >> 8 & 0xff).append(']');
        } else {
            signal(b.append("[killed by "), status & 0x7f);
            b.append((status & 0x80) != 0 ? ", core dumped]" : "]");
        }
    }

    static void hex(StringBuilder b, long value) { b.append("0x").append(Long.toHexString(value)); }

    private static String word(String list, int index) {
        int at = 0;
        for (int i = 0; i < index; i++) at = list.indexOf(' ', at) + 1;
        return list.substring(at, list.indexOf(' ', at));
    }
}
