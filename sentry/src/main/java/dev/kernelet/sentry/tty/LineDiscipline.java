package dev.kernelet.sentry.tty;

import dev.kernelet.abi.Memory;

/**
 * N_TTY, the line discipline of termios(3): makes input typed at a terminal into what a program reads, echoes
 * it, turns control characters into signals, and processes output. Kernel lock.
 *
 * <p>Input lies in a ring; each byte carries a mark when it ends a line (in canonical mode reads stop behind
 * it) or is an end of file that is not itself data.
 */
final class LineDiscipline {
    /** Longest line that can be edited (MAX_CANON with room for its end). */
    private static final int LINE_MAX = 4095;
    private static final int INPUT_MAX = 64 << 10;
    private static final byte END_OF_LINE = 1, END_OF_FILE = 2;

    /** Where output and signals go. */
    interface Sink {
        /** Room for output bytes. */
        int room();

        void put(int c);

        /** SIGINT, SIGQUIT, SIGTSTP to the foreground group. */
        void signal(int signo);

        /** Input of any kind has become readable, or output may go on. */
        void changed();

        /** Flow control by ^S and ^Q. */
        void flow(boolean isStopped);

        void flushOutput();
    }

    private final Termios termios;
    private final Sink sink;
    private final byte[] ring = new byte[INPUT_MAX], marks = new byte[INPUT_MAX];
    private int head, count;
    /** Bytes of complete lines; what follows is the line being edited. */
    private int committed;
    private int lines;
    private boolean isLiteral;
    private int column;

    LineDiscipline(Termios termios, Sink sink) {
        this.termios = termios;
        this.sink = sink;
    }

    // ---- input
    /** Takes what was typed: the number of bytes taken, fewer when readers are to go on first. */
    int receive(long from, int length) {
        int n = 0;
        while (n < length && hasRoom()) receive(Memory.getUnsignedByte(from + n++));
        sink.changed();
        return n;
    }

    /**
     * Whether more can be typed. There is an end only where something can be read: of a line that gets too long
     * the rest is dropped.
     */
    boolean hasRoom() { return count < INPUT_MAX - 1; }

    /** A line that would not fit any more with this character. */
    private boolean isTooLong() { return termios.has(Termios.ICANON) && count - committed >= LINE_MAX; }

    private void receive(int c) {
        int i = termios.iflag;
        if ((i & Termios.ISTRIP) != 0) c &= 0x7f;
        if ((i & Termios.IUCLC) != 0 && termios.has(Termios.IEXTEN) && c >= 'A' && c <= 'Z') c |= 0x20;
        if (isLiteral) {
            isLiteral = false;
            if (!isTooLong()) append(c, (byte) 0);
            echo(c);
            return;
        }
        if ((i & Termios.IXON) != 0 && flowControl(c)) return;
        if (termios.has(Termios.ISIG) && signalled(c)) return;
        if (c == '\r') {
            if ((i & Termios.IGNCR) != 0) return;
            if ((i & Termios.ICRNL) != 0) c = '\n';
        } else if (c == '\n' && (i & Termios.INLCR) != 0) {
            c = '\r';
        }
        if (termios.has(Termios.ICANON) && edited(c)) return;
        if (isTooLong()) {
            if ((i & Termios.IMAXBEL) != 0 && sink.room() >= 8) sink.put(7);
            return;
        }
        append(c, (byte) 0);
        echo(c);
        if (!termios.has(Termios.ICANON)) committed = count;
    }

    private boolean flowControl(int c) {
        if (termios.is(Termios.VSTOP, c)) {
            sink.flow(true);
            return true;
        }
        if (termios.is(Termios.VSTART, c)) {
            sink.flow(false);
            return true;
        }
        if ((termios.iflag & Termios.IXANY) != 0) sink.flow(false);
        return false;
    }

    private boolean signalled(int c) {
        int signo = termios.is(Termios.VINTR, c) ? 2 : termios.is(Termios.VQUIT, c) ? 3 : termios.is(Termios.VSUSP, c) ? 20 : 0;
        if (signo == 0) return false;
        if (!termios.has(Termios.NOFLSH)) {
            flushInput();
            sink.flushOutput();
        }
        sink.flow(false);
        if (termios.has(Termios.ECHO)) echo(c);
        sink.signal(signo);
        return true;
    }

    /** Canonical mode's own characters; false: an ordinary one. */
    private boolean edited(int c) {
        if (termios.is(Termios.VERASE, c)) {
            eraseOne();
            return true;
        }
        boolean extended = termios.has(Termios.IEXTEN);
        if (extended && termios.is(Termios.VWERASE, c)) {
            eraseWord();
            return true;
        }
        if (termios.is(Termios.VKILL, c)) {
            killLine(c);
            return true;
        }
        if (extended && termios.is(Termios.VLNEXT, c)) {
            isLiteral = true;
            if (termios.has(Termios.ECHO) && termios.has(Termios.ECHOCTL)) {
                out('^');
                out('\b');
            }
            return true;
        }
        if (extended && termios.is(Termios.VREPRINT, c) && termios.has(Termios.ECHO)) {
            echo(c);
            out('\n');
            for (int i = committed; i < count; i++) echo(ring[head + i & INPUT_MAX - 1] & 0xff);
            return true;
        }
        if (c == '\n') {
            if (termios.has(Termios.ECHO) || termios.has(Termios.ECHONL)) out('\n');
            append(c, END_OF_LINE);
            commit();
            return true;
        }
        if (termios.is(Termios.VEOF, c)) {
            append(0, END_OF_FILE);
            commit();
            return true;
        }
        if (termios.is(Termios.VEOL, c) || extended && termios.is(Termios.VEOL2, c)) {
            echo(c);
            append(c, END_OF_LINE);
            commit();
            return true;
        }
        return false;
    }

    private void append(int c, byte mark) {
        int at = head + count++ & INPUT_MAX - 1;
        ring[at] = (byte) c;
        marks[at] = mark;
    }

    private void commit() {
        committed = count;
        lines++;
    }

    private int last() { return ring[head + count - 1 & INPUT_MAX - 1] & 0xff; }

    private boolean isContinuation(int c) { return (termios.iflag & Termios.IUTF8) != 0 && (c & 0xc0) == 0x80; }

    private void eraseOne() {
        if (count == committed) return;
        int c = last();
        count--;
        // A character of several bytes goes as a whole.
        while (isContinuation(c) && count > committed) {
            c = last();
            count--;
        }
        if (!termios.has(Termios.ECHO)) return;
        if (!termios.has(Termios.ECHOE)) {
            echo(termios.cc[Termios.VERASE] & 0xff);
            return;
        }
        if (c == '\t') {
            eraseTab();
            return;
        }
        int width = isControl(c) ? termios.has(Termios.ECHOCTL) ? 2 : 0 : 1;
        for (int i = 0; i < width; i++) {
            out('\b');
            out(' ');
            out('\b');
        }
    }

    private void eraseTab() {
        int start = 0;
        for (int i = committed; i < count; i++) {
            int c = ring[head + i & INPUT_MAX - 1] & 0xff;
            start += c == '\t' ? 8 - start % 8 : isControl(c) ? 2 : isContinuation(c) ? 0 : 1;
        }
        for (int i = 8 - start % 8; i > 0; i--) out('\b');
    }

    private void eraseWord() {
        while (count > committed && isBlank(last())) eraseOne();
        while (count > committed && !isBlank(last())) eraseOne();
    }

    private static boolean isBlank(int c) { return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 128); }

    private void killLine(int c) {
        if (termios.has(Termios.ECHO) && termios.has(Termios.ECHOK) && termios.has(Termios.ECHOKE) && termios.has(Termios.ECHOE)) {
            while (count > committed) eraseOne();
            return;
        }
        count = committed;
        if (!termios.has(Termios.ECHO)) return;
        echo(c);
        if (termios.has(Termios.ECHOK)) out('\n');
    }

    private static boolean isControl(int c) { return c < 32 && c != '\t' || c == 127; }

    private void echo(int c) {
        if (!termios.has(Termios.ECHO)) {
            return;
        }
        if (termios.has(Termios.ECHOCTL) && isControl(c) && c != '\n' && !(c == '\r' && !termios.has(Termios.ICANON))) {
            out('^');
            out(c ^ 0x40);
            return;
        }
        out(c);
    }

    /** A byte of echo: dropped when the terminal does not take it. */
    private void out(int c) {
        if (sink.room() >= 8) process(c);
    }

    // ---- reading
    /** Bytes that can be read now (FIONREAD). */
    int readable() {
        if (!termios.has(Termios.ICANON)) return count;
        if (lines == 0) return 0;
        int n = 0;
        for (int i = 0; i < committed; i++) if (marks[head + i & INPUT_MAX - 1] != END_OF_FILE) n++;
        return n;
    }

    /** Whether a read would return (data, or an end of file). */
    boolean isReadable() {
        if (termios.has(Termios.ICANON)) return lines > 0;
        int min = termios.cc[Termios.VTIME] == 0 ? Math.max(1, termios.cc[Termios.VMIN] & 0xff) : 1;
        return count >= min;
    }

    int available() { return count; }

    /** Canonical: the rest of a line; raw: what there is. 0 is an end of file in canonical mode. */
    int read(long to, int length) {
        boolean canonical = termios.has(Termios.ICANON);
        int limit = canonical ? committed : count;
        int n = 0;
        while (n < length && limit > 0) {
            byte mark = marks[head];
            if (canonical && mark == END_OF_FILE) {
                drop(mark);
                break;
            }
            if (mark != END_OF_FILE) Memory.putByte(to + n++, ring[head]);
            drop(mark);
            limit--;
            if (canonical && mark != 0) return n;
            // An end of file right behind what fits belongs to this read (Linux since 4.x eats it).
            if (canonical && n == length && limit > 0 && marks[head] == END_OF_FILE) drop(END_OF_FILE);
        }
        return n;
    }

    private void drop(byte mark) {
        if (mark != 0) lines--;
        marks[head] = 0;
        head = head + 1 & INPUT_MAX - 1;
        count--;
        if (committed > 0) committed--;
    }

    void flushInput() {
        head = count = committed = lines = 0;
        java.util.Arrays.fill(marks, (byte) 0);
        isLiteral = false;
    }

    /** The settings changed: what was typed under the old mode stays readable. */
    void modeChanged(boolean wasCanonical) {
        boolean isCanonical = termios.has(Termios.ICANON);
        if (wasCanonical == isCanonical) return;
        if (!isCanonical) {
            committed = count;
        } else {
            committed = count;
            lines = 0;
            for (int i = 0; i < count; i++) if (marks[head + i & INPUT_MAX - 1] != 0) lines++;
            if (count > 0 && marks[head + count - 1 & INPUT_MAX - 1] == 0) {
                marks[head + count - 1 & INPUT_MAX - 1] = END_OF_LINE;
                lines++;
            }
        }
        isLiteral = false;
        sink.changed();
    }

    // ---- output
    /** What a program writes: bytes taken. */
    int write(long from, int length) {
        int n = 0;
        while (n < length && sink.room() >= 8) process(Memory.getUnsignedByte(from + n++));
        return n;
    }

    private void process(int c) {
        int o = termios.oflag;
        if ((o & Termios.OPOST) == 0) {
            sink.put(c);
            return;
        }
        switch (c) {
            case '\n' -> {
                if ((o & Termios.ONLRET) != 0) column = 0;
                if ((o & Termios.ONLCR) != 0) {
                    sink.put('\r');
                    column = 0;
                }
                sink.put('\n');
            }
            case '\r' -> {
                if ((o & Termios.ONOCR) != 0 && column == 0) return;
                if ((o & Termios.OCRNL) != 0) {
                    sink.put('\n');
                    if ((o & Termios.ONLRET) != 0) column = 0;
                    return;
                }
                sink.put('\r');
                column = 0;
            }
            case '\t' -> {
                int spaces = 8 - column % 8;
                column += spaces;
                if ((o & Termios.TABDLY) == Termios.TABDLY) while (spaces-- > 0) sink.put(' ');
                else sink.put('\t');
            }
            case '\b' -> {
                if (column > 0) column--;
                sink.put(c);
            }
            default -> {
                if (!isControl(c) && !isContinuation(c)) column++;
                sink.put((o & Termios.OLCUC) != 0 && c >= 'a' && c <= 'z' ? c & ~0x20 : c);
            }
        }
    }
}
