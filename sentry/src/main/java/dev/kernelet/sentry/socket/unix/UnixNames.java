package dev.kernelet.sentry.socket.unix;

import java.util.ArrayList;
import java.util.HashMap;

/** Abstract names in use, and all sockets for /proc/net/unix. Kernel lock. */
public final class UnixNames {
    private final HashMap<String, UnixSocket> byName = new HashMap<>();
    private final ArrayList<UnixSocket> all = new ArrayList<>();
    private int nextAutomatic;

    /** Sockets of different types do not see each other's abstract names. */
    private static String key(int type, String name) { return (char) type + name; }

    UnixSocket get(int type, String name) { return byName.get(key(type, name)); }

    boolean put(String name, UnixSocket s) { return byName.putIfAbsent(key(s.type, name), s) == null; }

    void remove(String name, UnixSocket s) { byName.remove(key(s.type, name)); }

    /** A free name of five hexadecimal digits (unix(7), autobind), or null. */
    String automatic(int type) {
        for (int i = 0; i < 1 << 20; i++) {
            String digits = Integer.toHexString(nextAutomatic++ & 0xfffff);
            String name = "\0" + "00000".substring(digits.length()) + digits;
            if (!byName.containsKey(key(type, name))) return name;
        }
        return null;
    }

    void add(UnixSocket s) {
        s.place = all.size();
        all.add(s);
    }

    void drop(UnixSocket s) {
        UnixSocket last = all.removeLast();
        if (last == s) return;
        all.set(s.place, last);
        last.place = s.place;
    }

    /** /proc/net/unix (proc_pid_net(5)). */
    public String text() {
        var b = new StringBuilder("Num       RefCount Protocol Flags    Type St Inode Path\n");
        for (int i = 0; i < all.size(); i++) {
            UnixSocket s = all.get(i);
            b.append("0000000000000000: 00000002 00000000 ").append(s.isListening() ? "00010000 000" : "00000000 000")
                    .append(s.type).append(s.isConnected() ? " 03 " : " 01 ");
            String ino = Long.toString(s.inode.ino);
            b.append("     ", 0, Math.max(0, 5 - ino.length())).append(ino);
            if (!s.address.isEmpty()) {
                String a = s.address;
                b.append(' ').append(a.charAt(0) == 0 ? "@" + a.substring(1).replace('\0', '@') : a);
            }
            b.append('\n');
        }
        return b.toString();
    }
}
