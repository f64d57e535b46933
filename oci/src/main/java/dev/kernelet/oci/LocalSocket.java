package dev.kernelet.oci;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/**
 * A unix(7) stream connection that carries messages: four bytes of length, then that many bytes; descriptors
 * come with the
 * first byte. Messages are bounded, and one that does not come within a few seconds ends the connection.
 */
final class LocalSocket {
    static final int MESSAGE_MAX = 8 << 20, FDS_MAX = 64;
    private static final int AF_UNIX = 1, SOCK_STREAM = 1, SOL_SOCKET = 1, SCM_RIGHTS = 1, SO_PEERCRED = 17,
            SO_RCVTIMEO = 20,
            SO_SNDTIMEO = 21, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000, MSG_CTRUNC = 8;

    final int fd;

    LocalSocket(int fd) { this.fd = fd; }

    void close() { Host.close(fd); }

    /**
     * The address of {@code name} in an open directory, as paths of containers may be too long for a
     * sockaddr_un.
     */
    private static long withAddress(int nr, int socket, String path) {
        if (path.length() > 107) {
            int slash = path.lastIndexOf('/');
            int directory = Host.open(path.substring(0, slash), Host.O_PATH | Host.O_DIRECTORY, 0);
            if (directory < 0) return directory;
            long r = withAddress(nr, socket, "/proc/self/fd/" + directory + path.substring(slash));
            Host.close(directory);
            return r;
        }
        long p = Memory.allocate(128);
        Memory.zero(p, 128);
        Memory.putShort(p, (short) AF_UNIX);
        Memory.putBytes(p + 2, path);
        long r = HostCall.call(nr, socket, p, 2 + path.length() + 1);
        Memory.free(p);
        return r;
    }

    /** Null and {@code error[0]} when nobody listens there. */
    static LocalSocket connect(String path, int[] error) {
        long s = HostCall.call(SOCKET, AF_UNIX, SOCK_STREAM | Host.O_CLOEXEC, 0);
        long r = s < 0 ? s : withAddress(CONNECT, (int) s, path);
        if (r == 0) return new LocalSocket((int) s);
        if (s >= 0) Host.close((int) s);
        error[0] = (int) r;
        return null;
    }

    /** A listening socket, or a negative errno. */
    static int listen(String path) {
        long s = HostCall.call(SOCKET, AF_UNIX, SOCK_STREAM | Host.O_CLOEXEC, 0);
        if (s < 0) return (int) s;
        long r = withAddress(BIND, (int) s, path);
        if (r == 0) r = HostCall.call(LISTEN, s, 64);
        if (r == 0) return (int) s;
        Host.close((int) s);
        return (int) r;
    }

    /** Who is at the other end (SO_PEERCRED): its user id, or -1. */
    int peerUser() {
        long p = Memory.allocate(16);
        Memory.putInt(p + 12, 12);
        long r = HostCall.call(GETSOCKOPT, fd, SOL_SOCKET, SO_PEERCRED, p, p + 12);
        int uid = r < 0 ? -1 : Memory.getInt(p + 4);
        Memory.free(p);
        return uid;
    }

    /** Calls give up after so many seconds; 0: never. */
    void timeout(int seconds) {
        long p = Memory.allocate(16);
        Memory.putLong(p, seconds);
        Memory.putLong(p + 8, 0);
        HostCall.call(SETSOCKOPT, fd, SOL_SOCKET, SO_RCVTIMEO, p, 16);
        HostCall.call(SETSOCKOPT, fd, SOL_SOCKET, SO_SNDTIMEO, p, 16);
        Memory.free(p);
    }

    /** 0 or a negative errno. */
    long send(String text, int... fds) {
        int n = text.length();
        long p = Memory.allocate(n + 4);
        Memory.putInt(p, n);
        Memory.putBytes(p + 4, text);
        long r = sendBytes(p, n + 4, fds);
        Memory.free(p);
        return r;
    }

    /** Bytes as they are, for others' protocols. 0 or a negative errno. */
    long sendRaw(String bytes) {
        long p = Host.string(bytes), r = sendBytes(p, bytes.length(), new int[0]);
        Memory.free(p);
        return r;
    }

    /** So many bytes; null when the other end is gone or too slow. */
    String receiveRaw(int length) {
        long p = Memory.allocate(length + 1), r = 1;
        int done = 0;
        while (done < length && (r > 0 || r == -EINTR)) {
            r = HostCall.call(RECVFROM, fd, p + done, length - done, 0, 0, 0);
            if (r > 0) done += (int) r;
        }
        String bytes = done < length ? null : Memory.getBytes(p, length);
        Memory.free(p);
        return bytes;
    }

    private long sendBytes(long p, int length, int[] fds) {
        long r = sendRights(p, length, fds);
        for (int done = (int) r; r >= 0 && done < length;) {
            r = HostCall.call(SENDTO, fd, p + done, length - done, MSG_NOSIGNAL, 0, 0);
            if (r == -EINTR) r = 0;
            if (r > 0) done += (int) r;
        }
        return Math.min(r, 0);
    }

    /** sendmsg(2) with descriptors: bytes taken or a negative errno. */
    long sendRights(long p, int length, int[] fds) {
        if (fds.length > FDS_MAX) return -E2BIG;
        int space = fds.length == 0 ? 0 : 16 + (fds.length * 4 + 7 & ~7);
        long m = Memory.allocate(72 + 16 + 16 + 4L * FDS_MAX + 8), vector = m + 56, control = m + 72;
        Memory.zero(m, 72);
        Memory.putLong(vector, p);
        Memory.putLong(vector + 8, length);
        Memory.putLong(m + 16, vector);
        Memory.putLong(m + 24, 1);
        if (space > 0) {
            Memory.putLong(m + 32, control);
            Memory.putLong(m + 40, space);
            Memory.putLong(control, 16 + fds.length * 4L);
            Memory.putInt(control + 8, SOL_SOCKET);
            Memory.putInt(control + 12, SCM_RIGHTS);
            for (int i = 0; i < fds.length; i++) Memory.putInt(control + 16 + 4L * i, fds[i]);
        }
        long r;
        do r = HostCall.call(SENDMSG, fd, m, MSG_NOSIGNAL); while (r == -EINTR);
        Memory.free(m);
        return r;
    }

    /** A message and the descriptors that came with it. */
    record Received(String text, int[] fds) {
        void closeAll() { for (int fd : fds) Host.close(fd); }
    }

    /** The next message; null when the other end is gone, is too slow, or does not keep to the form. */
    Received receive() {
        long head = Memory.allocate(8);
        int[] fds = receiveHead(head);
        int length = fds == null ? -1 : Memory.getInt(head);
        Memory.free(head);
        if (length < 0 || length > MESSAGE_MAX) {
            if (fds != null) for (int f : fds) Host.close(f);
            return null;
        }
        long p = Memory.allocate(length + 1);
        int done = 0;
        while (done < length) {
            long r = HostCall.call(RECVFROM, fd, p + done, length - done, 0, 0, 0);
            if (r == -EINTR) continue;
            if (r <= 0) break;
            done += (int) r;
        }
        String text = done < length ? null : Memory.getBytes(p, length);
        Memory.free(p);
        if (text != null) return new Received(text, fds);
        for (int f : fds) Host.close(f);
        return null;
    }

    /**
     * Four bytes into {@code head}, and the descriptors with the first of them; null when there are none any
     * more.
     */
    private int[] receiveHead(long head) {
        int[] fds = {};
        int room = 16 + 4 * FDS_MAX;
        long m = Memory.allocate(72 + room), vector = m + 56, control = m + 72;
        for (int done = 0; done < 4;) {
            Memory.zero(m, 72);
            Memory.putLong(vector, head + done);
            Memory.putLong(vector + 8, 4 - done);
            Memory.putLong(m + 16, vector);
            Memory.putLong(m + 24, 1);
            Memory.putLong(m + 32, control);
            Memory.putLong(m + 40, done == 0 ? room : 0);
            long r = HostCall.call(RECVMSG, fd, m, MSG_CMSG_CLOEXEC);
            if (r == -EINTR) continue;
            boolean isBad = r <= 0;
            if (!isBad && Memory.getLong(m + 40) >= 16 && Memory.getInt(control + 12) == SCM_RIGHTS) {
                fds = new int[(int) (Memory.getLong(control) - 16) / 4];
                for (int i = 0; i < fds.length; i++) fds[i] = Memory.getInt(control + 16 + 4L * i);
            }
            if ((Memory.getInt(m + 48) & MSG_CTRUNC) != 0) isBad = true;
            if (isBad) {
                for (int f : fds) Host.close(f);
                fds = null;
                break;
            }
            done += (int) r;
        }
        Memory.free(m);
        return fds;
    }

    // ---- bare numbers, once a connection stands for a process (container.c, stand_in)
    void sendInt(int n) {
        long p = Memory.allocate(4);
        Memory.putInt(p, n);
        HostCall.call(SENDTO, fd, p, 4, MSG_NOSIGNAL, 0, 0);
        Memory.free(p);
    }

    /** -1 at the end. */
    int receiveInt() {
        long p = Memory.allocate(4);
        long r;
        do r = HostCall.call(RECVFROM, fd, p, 4, 0x100 /* MSG_WAITALL */, 0, 0); while (r == -EINTR);
        int n = r == 4 ? Memory.getInt(p) : -1;
        Memory.free(p);
        return n;
    }

    /** Sends an open terminal's master to whoever waits at {@code path} for it (--console-socket). */
    static void sendConsole(String path, int master, String name) {
        var error = new int[1];
        LocalSocket s = connect(path, error);
        if (s == null) {
            throw new Failure("cannot connect to the console socket " + path + ": connect", error[0],
                    "The engine makes it; see its log.");
        }
        long p = Host.string(name);
        long r = s.sendRights(p, name.length(), new int[] {master});
        Memory.free(p);
        s.close();
        if (r < 0) throw new Failure("cannot send the terminal to " + path + ": sendmsg", r,
                "The engine makes it; see its log.");
    }
}
