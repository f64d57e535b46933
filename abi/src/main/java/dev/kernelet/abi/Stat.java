package dev.kernelet.abi;

/** stat.h, linux/stat.h and statfs.h of x86-64: file types, struct offsets. */
public final class Stat {
    private Stat() {}

    public static final int S_IFMT = 0xf000, S_IFIFO = 0x1000, S_IFCHR = 0x2000, S_IFDIR = 0x4000, S_IFBLK = 0x6000,
            S_IFREG = 0x8000, S_IFLNK = 0xa000, S_IFSOCK = 0xc000;
    public static final int S_ISUID = 04000, S_ISGID = 02000, S_ISVTX = 01000;

    /** struct stat. */
    public static final int SIZE = 144, DEV = 0, INO = 8, NLINK = 16, MODE = 24, UID = 28, GID = 32, RDEV = 40, FILE_SIZE = 48,
            BLKSIZE = 56, BLOCKS = 64, ATIME = 72, MTIME = 88, CTIME = 104;

    /** struct statx. */
    public static final int STATX_SIZE = 256, STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800, STATX_MNT_ID = 0x1000,
            STATX_RESERVED = 0x80000000;
    public static final int STATX_ATTR_MOUNT_ROOT = 0x2000;

    /** struct statfs. */
    public static final int STATFS_SIZE = 120, F_TYPE = 0, F_BSIZE = 8, F_BLOCKS = 16, F_BFREE = 24, F_BAVAIL = 32, F_FILES = 40,
            F_FFREE = 48, F_FSID = 56, F_NAMELEN = 64, F_FRSIZE = 72, F_FLAGS = 80;

    /** UTIME_NOW and UTIME_OMIT in tv_nsec. */
    public static final long UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe;

    /** The 32-bit halves of a device number as makedev(3) packs them into 64 bits. */
    public static int major(long dev) { return (int) (dev >>> 8 & 0xfff | dev >>> 32 & 0xfffff000L); }

    public static int minor(long dev) { return (int) (dev & 0xff | dev >>> 12 & 0xffffff00L); }

    public static long makedev(int major, int minor) {
        return (major & 0xfffL) << 8 | (minor & 0xffL) | (minor & 0xffffff00L) << 12 | (major & 0xfffff000L) << 32;
    }
}
