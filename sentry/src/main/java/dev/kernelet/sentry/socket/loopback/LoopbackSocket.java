package dev.kernelet.sentry.socket.loopback;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.LocalSocket;
import dev.kernelet.sentry.socket.Sockets;
import java.util.HashMap;

/**
 * Names and options of TCP and UDP sockets within the sandbox. An address is a long: IPv4 in its low half (host order), or
 * one of the two IPv6 ones there are; IPv4-mapped ones are IPv4. Kernel lock.
 */
abstract class LoopbackSocket extends LocalSocket {
    static final long ANY = 0, LOCALHOST = 0x7f000001L, LOCALHOST6 = 1L << 32, ANY6 = 2L << 32;
    static final int IP_TOS = 1, IP_TTL = 2, IP_PKTINFO = 8, IP_RECVTTL = 12, IP_RECVTOS = 13;
    static final int IPV6_UNICAST_HOPS = 16, IPV6_RECVPKTINFO = 49, IPV6_PKTINFO = 50, IPV6_RECVHOPLIMIT = 51,
            IPV6_HOPLIMIT = 52, IPV6_DONTFRAG = 62, IPV6_RECVTCLASS = 66, IPV6_TCLASS = 67;
    static final int IPV6_V6ONLY = 26;
    private static final int SIOCGSTAMP = 0x8906, SIOCGSTAMPNS = 0x8907;

    final LoopbackNetwork network;
    long ip, peerIp;
    int port, peerPort;
    int turn;
    private boolean isV6Only;
    private HashMap<Integer, Integer> remembered;

    LoopbackSocket(Task t, int family, int type) {
        super(t, family, type, type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
        network = sockets.loopback;
        ip = family == AF_INET6 ? ANY6 : ANY;
        peerIp = ip;
        network.all.add(this);
    }

    @Override
    public long ioctl(Task t, int request, long argument) {
        // No packet has been stamped (sock_gettstamp).
        boolean asksForStamp = request == SIOCGSTAMP || request == SIOCGSTAMPNS;
        return asksForStamp ? -ENOENT : super.ioctl(t, request, argument);
    }

    @Override
    protected void release(Task t) {
        network.all.remove(this);
        if (port != 0) network.remove(this);
    }

    final boolean mayReuseAddress() { return isOn(SO_REUSEADDR); }

    final boolean isV6() { return family == AF_INET6; }

    boolean conflictsWith(LoopbackSocket o, long otherIp) {
        if (!overlaps(ip, isV6Only, otherIp, o.isV6Only)) return false;
        if (isOn(SO_REUSEPORT) && o.isOn(SO_REUSEPORT)) return false;
        return !(isOn(SO_REUSEADDR) && o.isOn(SO_REUSEADDR) && !isListening());
    }

    private static boolean overlaps(long a, boolean aOnly, long b, boolean bOnly) {
        if (a == b) return true;
        return covers(a, aOnly, b) || covers(b, bOnly, a) || a == ANY6 && !aOnly && b == ANY || b == ANY6 && !bOnly && a == ANY;
    }

    private static boolean covers(long any, boolean only, long x) {
        boolean isV4 = x < LOCALHOST6;
        return any == ANY ? isV4 : any == ANY6 && (!isV4 || !only);
    }

    /** How well a destination fits; negative: not at all. */
    int matches(long to, long from, int fromPort) {
        if (ip == to) return 2;
        return covers(ip, isV6Only, to) ? 1 : -1;
    }

    // ---- names
    /** The name's address; the port is {@link #parsedPort}. Or a negative errno. */
    final long parse(long name, int length) {
        if (length < 2) return -EINVAL;
        int f = Memory.getUnsignedShort(name);
        if (length < (family == AF_INET ? 16 : 24)) return -EINVAL;
        if (f != family) return -EAFNOSUPPORT;
        parsedPort = Memory.getUnsignedByte(name + 2) << 8 | Memory.getUnsignedByte(name + 3);
        if (family == AF_INET) return Integer.toUnsignedLong(Integer.reverseBytes(Memory.getInt(name + 4)));
        long high = Memory.getLong(name + 8), low = Memory.getLong(name + 16);
        if (high == 0 && low == 0) return ANY6;
        if (high == 0 && low == 1L << 56) return LOCALHOST6;
        if (high == 0 && (int) low == 0xffff0000) return Integer.toUnsignedLong(Integer.reverseBytes((int) (low >>> 32)));
        return ELSEWHERE;
    }

    static final long ELSEWHERE = 3L << 32;
    static int parsedPort;

    static boolean isHere(long ip) { return ip == LOCALHOST6 || ip >>> 24 == 127; }

    /** Where a packet for that address really goes, or -errno. */
    static long route(long ip) {
        if (ip == ANY) return LOCALHOST;
        if (ip == ANY6) return LOCALHOST6;
        return isHere(ip) ? ip : -ENETUNREACH;
    }

    final long putName(long name, long address, int portNumber) {
        Memory.putShort(name, (short) family);
        Memory.putByte(name + 2, (byte) (portNumber >> 8));
        Memory.putByte(name + 3, (byte) portNumber);
        if (family == AF_INET) {
            Memory.putInt(name + 4, Integer.reverseBytes((int) address));
            Memory.putLong(name + 8, 0);
            return 16;
        }
        Memory.putInt(name + 4, 0);
        Memory.putInt(name + 24, 0);
        Memory.putLong(name + 8, 0);
        boolean isV4 = address < LOCALHOST6 && address != ANY;
        long low = address == LOCALHOST6 ? 1L << 56 : 0;
        if (isV4) low = 0xffff0000L | Integer.toUnsignedLong(Integer.reverseBytes((int) address)) << 32;
        Memory.putLong(name + 16, low);
        return 28;
    }

    final void putHex(StringBuilder b, long address, int portNumber) {
        if (isV6()) {
            boolean isV4 = address < LOCALHOST6 && address != ANY;
            b.append("0000000000000000").append(isV4 ? "FFFF0000" : "00000000");
            b.append(isV4 ? hex(Integer.reverseBytes((int) address), 8) : address == LOCALHOST6 ? "01000000" : "00000000");
        } else {
            b.append(hex(Integer.reverseBytes((int) address), 8));
        }
        b.append(':').append(hex(portNumber, 4));
    }

    private static String hex(int v, int digits) {
        String s = Integer.toHexString(v).toUpperCase();
        return "00000000".substring(8 - digits + Math.min(s.length(), digits)) + s;
    }

    abstract String procState();

    @Override
    public long bind(Task t, long name, int length) {
        long address = parse(name, length);
        if (address < 0) return address;
        if (port != 0) return -EINVAL;
        if (!isHere(address) && address != ANY && address != ANY6 && !isFree(address)) return -EADDRNOTAVAIL;
        int wanted = parsedPort;
        if (!Sockets.mayBind(t, wanted)) return -EACCES;
        if (wanted == 0) {
            wanted = network.ephemeral(this);
            if (wanted == 0) return -EADDRINUSE;
        } else if (!network.isFree(this, address, wanted)) {
            return -EADDRINUSE;
        }
        ip = address;
        port = wanted;
        network.add(this);
        return 0;
    }

    /** IP_FREEBIND: an IPv4 address that nobody has yet. */
    private boolean isFree(long address) {
        boolean mayBe = isSet(SOL_IP, LoopbackOptions.IP_FREEBIND)
                || isSet(SOL_IPV6, LoopbackOptions.IPV6_FREEBIND);
        return mayBe && address < LOCALHOST6;
    }

    /** Before something is sent: a port, and an address that can be answered. */
    final long autobind(long to) {
        if (port != 0) return 0;
        port = network.ephemeral(this);
        if (port == 0) return -EADDRNOTAVAIL;
        network.add(this);
        return 0;
    }

    @Override
    public long localName(Task t, long name) { return putName(name, ip, port); }

    @Override
    public long peerName(Task t, long name) { return peerPort == 0 ? -ENOTCONN : putName(name, peerIp, peerPort); }

    // ---- options
    @Override
    protected long getOption(Task t, int level, int option, long value, int room) {
        if (level == SOL_SOCKET) return super.getOption(t, level, option, value, room);
        if (!isKnown(level)) return Sockets.noSuchOption(family, type, level, false);
        if (level == SOL_IPV6 && option == IPV6_V6ONLY) return putInt(value, room, isV6Only ? 1 : 0);
        Integer v = remembered == null ? null : remembered.get(level << 16 | option);
        if (v == null) return LoopbackOptions.get(this, level, option, value, room);
        boolean isName = level == SOL_TCP && option == LoopbackOptions.TCP_CONGESTION;
        if (isName) return LoopbackOptions.congestion(v, value, room);
        return LoopbackOptions.put(level, value, room, v);
    }

    @Override
    protected long setOption(Task t, int level, int option, long value, int length) {
        if (level == SOL_SOCKET) return super.setOption(t, level, option, value, length);
        if (!isKnown(level)) return Sockets.noSuchOption(family, type, level, true);
        long v = LoopbackOptions.check(this, level, option, value, length);
        if (v < 0) return v;
        if (level == SOL_IPV6 && option == IPV6_V6ONLY) {
            if (port != 0) return -EINVAL;
            isV6Only = v != 0;
            return 0;
        }
        if (remembered == null) remembered = new HashMap<>();
        remembered.put(level << 16 | option, (int) v);
        return 0;
    }

    /** What an accepted connection has of its listener. */
    final void inherit(LoopbackSocket from) {
        if (from.remembered != null) remembered = new HashMap<>(from.remembered);
        inheritSwitches(from);
    }

    final boolean isSet(int level, int option) { return option(level, option, 0) != 0; }

    final int option(int level, int option, int initial) {
        return remembered == null ? initial : remembered.getOrDefault(level << 16 | option, initial);
    }

    private boolean isKnown(int level) {
        return level == SOL_IP || level == SOL_IPV6 && isV6() || level == protocol;
    }
}
