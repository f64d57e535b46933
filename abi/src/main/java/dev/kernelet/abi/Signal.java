package dev.kernelet.abi;

/** Signals of Linux x86-64: signal(7), sigaction(2), siginfo_t, the signal frame. */
public final class Signal {
    private Signal() {}

    public static final int SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7,
            SIGFPE = 8, SIGKILL = 9, SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15,
            SIGSTKFLT = 16, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22,
            SIGURG = 23, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGIO = 29,
            SIGPWR = 30, SIGSYS = 31, SIGRTMIN = 32, SIGRTMAX = 64;

    /** The bit of a signal in a mask. */
    public static long bit(int signo) { return 1L << signo - 1; }

    public static final long UNMASKABLE = 1L << SIGKILL - 1 | 1L << SIGSTOP - 1;
    public static final long STOP_SIGNALS =
            1L << SIGSTOP - 1 | 1L << SIGTSTP - 1 | 1L << SIGTTIN - 1 | 1L << SIGTTOU - 1;
    public static final long IGNORED_BY_DEFAULT =
            1L << SIGCONT - 1 | 1L << SIGCHLD - 1 | 1L << SIGWINCH - 1 | 1L << SIGURG - 1;
    public static final long DUMPS_CORE = 1L << SIGQUIT - 1 | 1L << SIGILL - 1 | 1L << SIGTRAP - 1 | 1L << SIGABRT - 1
            | 1L << SIGFPE - 1 | 1L << SIGSEGV - 1 | 1L << SIGBUS - 1 | 1L << SIGSYS - 1 | 1L << SIGXCPU - 1
            | 1L << SIGXFSZ - 1;
    public static final long SYNCHRONOUS = 1L << SIGSEGV - 1 | 1L << SIGBUS - 1 | 1L << SIGILL - 1 | 1L << SIGTRAP - 1
            | 1L << SIGFPE - 1 | 1L << SIGSYS - 1;

    public static final long SIG_DFL = 0, SIG_IGN = 1;
    public static final long SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_SIGINFO = 4, SA_RESTORER = 0x0400_0000L,
            SA_ONSTACK = 0x0800_0000L, SA_RESTART = 0x1000_0000L, SA_NODEFER = 0x4000_0000L,
            SA_RESETHAND = 0x8000_0000L, SA_EXPOSE_TAGBITS = 0x800;
    /** struct sigaction of the kernel: handler, flags, restorer, mask. */
    public static final int SIGACTION_SIZE = 32;

    public static final int SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2;

    // ---- si_code
    public static final int SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TIMER = -2, SI_MESGQ = -3, SI_ASYNCIO = -4,
            SI_SIGIO = -5, SI_TKILL = -6;
    public static final int CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_TRAPPED = 4, CLD_STOPPED = 5,
            CLD_CONTINUED = 6;
    public static final int SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRERR = 2, SYS_SECCOMP = 1;

    // ---- siginfo_t (128 bytes)
    public static final int SIGINFO_SIZE = 128, SI_SIGNO = 0, SI_ERRNO = 4, SI_CODE = 8, SI_PID = 16, SI_UID = 20,
            SI_STATUS = 24, SI_VALUE = 24, SI_UTIME = 32, SI_STIME = 40, SI_ADDR = 16;

    // ---- sigaltstack(2)
    public static final int SS_ONSTACK = 1, SS_DISABLE = 2, SS_AUTODISARM = 1 << 31, MINSIGSTKSZ = 2048;

    public static String name(int signo) {
        return switch (signo) {
            case SIGHUP -> "SIGHUP"; case SIGINT -> "SIGINT"; case SIGQUIT -> "SIGQUIT"; case SIGILL -> "SIGILL";
            case SIGTRAP -> "SIGTRAP"; case SIGABRT -> "SIGABRT"; case SIGBUS -> "SIGBUS"; case SIGFPE -> "SIGFPE";
            case SIGKILL -> "SIGKILL"; case SIGUSR1 -> "SIGUSR1"; case SIGSEGV -> "SIGSEGV"; case SIGUSR2 -> "SIGUSR2";
            case SIGPIPE -> "SIGPIPE"; case SIGALRM -> "SIGALRM"; case SIGTERM -> "SIGTERM";
            case SIGSTKFLT -> "SIGSTKFLT"; case SIGCHLD -> "SIGCHLD"; case SIGCONT -> "SIGCONT";
            case SIGSTOP -> "SIGSTOP"; case SIGTSTP -> "SIGTSTP"; case SIGTTIN -> "SIGTTIN"; case SIGTTOU -> "SIGTTOU";
            case SIGURG -> "SIGURG"; case SIGXCPU -> "SIGXCPU"; case SIGXFSZ -> "SIGXFSZ";
            case SIGVTALRM -> "SIGVTALRM"; case SIGPROF -> "SIGPROF"; case SIGWINCH -> "SIGWINCH"; case SIGIO -> "SIGIO";
            case SIGPWR -> "SIGPWR"; case SIGSYS -> "SIGSYS";
            default -> signo >= SIGRTMIN && signo <= SIGRTMAX ? "SIGRT_" + (signo - SIGRTMIN) : "SIG" + signo;
        };
    }
}
