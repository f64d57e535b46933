package dev.kernelet.abi;

/** linux/ipc.h, shm.h, sem.h, msg.h, mqueue.h: System V and POSIX inter-process communication. */
public final class Ipc {
    private Ipc() {}

    public static final int IPC_PRIVATE = 0;
    public static final int IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_NOWAIT = 04000;
    public static final int IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, IPC_INFO = 3;
    /** Most objects of a kind; also the multiplier of the sequence number in an id (IPCMNI). */
    public static final int IPCMNI = 32768;

    // ---- struct ipc64_perm
    public static final int PERM_KEY = 0, PERM_UID = 4, PERM_GID = 8, PERM_CUID = 12, PERM_CGID = 16, PERM_MODE = 20,
            PERM_SEQ = 24;

    // ---- shared memory
    public static final int SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000;
    public static final int SHM_HUGETLB = 04000, SHM_DEST = 01000, SHM_LOCKED = 02000;
    public static final int SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_STAT = 13, SHM_INFO = 14, SHM_STAT_ANY = 15;
    /** struct shmid64_ds. */
    public static final int SHMID_DS_SIZE = 112, SHM_SEGSZ = 48, SHM_ATIME = 56, SHM_DTIME = 64, SHM_CTIME = 72,
            SHM_CPID = 80, SHM_LPID = 84, SHM_NATTCH = 88;
    public static final int SHMINFO_SIZE = 72, SHM_INFO_SIZE = 48;

    // ---- semaphores
    public static final int SEM_UNDO = 0x1000;
    public static final int GETPID = 11, GETVAL = 12, GETALL = 13, GETNCNT = 14, GETZCNT = 15, SETVAL = 16, SETALL = 17,
            SEM_STAT = 18, SEM_INFO = 19, SEM_STAT_ANY = 20;
    /** struct semid64_ds. */
    public static final int SEMID_DS_SIZE = 104, SEM_OTIME = 48, SEM_CTIME = 64, SEM_NSEMS = 80;
    public static final int SEMINFO_SIZE = 40;
    public static final int SEMMNI = 32000, SEMMSL = 32000, SEMMNS = 1024000000, SEMOPM = 500, SEMVMX = 32767;

    // ---- messages
    public static final int MSG_NOERROR = 010000, MSG_EXCEPT = 020000, MSG_COPY = 040000;
    public static final int MSG_STAT = 11, MSG_INFO = 12, MSG_STAT_ANY = 13;
    /** struct msqid64_ds. */
    public static final int MSQID_DS_SIZE = 120, MSG_STIME = 48, MSG_RTIME = 56, MSG_CTIME = 64, MSG_CBYTES = 72,
            MSG_QNUM = 80, MSG_QBYTES = 88, MSG_LSPID = 96, MSG_LRPID = 100;
    public static final int MSGINFO_SIZE = 32;
    public static final int MSGMNI = 32000, MSGMAX = 8192, MSGMNB = 16384;

    // ---- POSIX message queues
    public static final int MQ_PRIO_MAX = 32768, MQ_ATTR_SIZE = 64;
    public static final int MQ_QUEUES_MAX = 256, MQ_MSG_DEFAULT = 10, MQ_MSGSIZE_DEFAULT = 8192, MQ_MSG_HARD = 65536,
            MQ_MSGSIZE_HARD = 16 << 20;
}
