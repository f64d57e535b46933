package dev.kernelet.sentry.tty;

import dev.kernelet.abi.Memory;

/** struct termios of the kernel (36 bytes) and termios2 (44): flags, line discipline, control characters. */
public final class Termios {
    public static final int SIZE = 36, SIZE2 = 44;
    /** struct termio of System V: the low halves of the flags, line discipline, eight control characters. */
    static final int OLD_SIZE = 18;
    private static final int OLD_NCC = 8;
    // c_iflag
    static final int IGNBRK = 1, BRKINT = 2, ISTRIP = 0x20, INLCR = 0x40, IGNCR = 0x80, ICRNL = 0x100, IUCLC = 0x200, IXON = 0x400,
            IXANY = 0x800, IMAXBEL = 0x2000, IUTF8 = 0x4000;
    // c_oflag
    static final int OPOST = 1, OLCUC = 2, ONLCR = 4, OCRNL = 8, ONOCR = 0x10, ONLRET = 0x20, TABDLY = 0x1800;
    // c_lflag
    static final int ISIG = 1, ICANON = 2, ECHO = 8, ECHOE = 0x10, ECHOK = 0x20, ECHONL = 0x40, NOFLSH = 0x80, TOSTOP = 0x100,
            ECHOCTL = 0x200, ECHOPRT = 0x400, ECHOKE = 0x800, IEXTEN = 0x8000, EXTPROC = 0x10000;
    // indexes into c_cc
    static final int VINTR = 0, VQUIT = 1, VERASE = 2, VKILL = 3, VEOF = 4, VTIME = 5, VMIN = 6, VSTART = 8, VSTOP = 9,
            VSUSP = 10, VEOL = 11, VREPRINT = 12, VDISCARD = 13, VWERASE = 14, VLNEXT = 15, VEOL2 = 16;
    private static final int NCCS = 19;

    int iflag = ICRNL | IXON;
    int oflag = OPOST | ONLCR;
    int cflag = 0xbf;
    int lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    byte line;
    final byte[] cc = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0};
    private int ispeed = 38400, ospeed = 38400;

    void read(long p, boolean isLong) {
        iflag = Memory.getInt(p);
        oflag = Memory.getInt(p + 4);
        cflag = Memory.getInt(p + 8);
        lflag = Memory.getInt(p + 12);
        line = Memory.getByte(p + 16);
        Memory.copyToArray(p + 17, cc, 0, NCCS);
        if (isLong) {
            ispeed = Memory.getInt(p + 36);
            ospeed = Memory.getInt(p + 40);
        }
    }

    void write(long p, boolean isLong) {
        Memory.putInt(p, iflag);
        Memory.putInt(p + 4, oflag);
        Memory.putInt(p + 8, cflag);
        Memory.putInt(p + 12, lflag);
        Memory.putByte(p + 16, line);
        Memory.copyFromArray(cc, 0, p + 17, NCCS);
        if (isLong) {
            Memory.putInt(p + 36, ispeed);
            Memory.putInt(p + 40, ospeed);
        }
    }

    void readOld(long p) {
        int input = Memory.getInt(p), control = Memory.getInt(p + 4);
        iflag = iflag & ~0xffff | input & 0xffff;
        oflag = oflag & ~0xffff | input >>> 16;
        cflag = cflag & ~0xffff | control & 0xffff;
        lflag = lflag & ~0xffff | control >>> 16;
        line = Memory.getByte(p + 8);
        Memory.copyToArray(p + 9, cc, 0, OLD_NCC);
    }

    void writeOld(long p) {
        Memory.putInt(p, iflag & 0xffff | oflag << 16);
        Memory.putInt(p + 4, cflag & 0xffff | lflag << 16);
        Memory.putByte(p + 8, line);
        Memory.copyFromArray(cc, 0, p + 9, OLD_NCC);
        Memory.putByte(p + 17, (byte) 0);
    }

    boolean has(int localFlag) { return (lflag & localFlag) != 0; }

    /**
     * Whether {@code c} is control character {@code which} and that is not switched off (_POSIX_VDISABLE).
     */
    boolean is(int which, int c) { return cc[which] != 0 && (cc[which] & 0xff) == c; }
}
