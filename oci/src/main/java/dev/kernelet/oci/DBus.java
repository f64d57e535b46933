package dev.kernelet.oci;

/**
 * A connection to a message bus (the D-Bus specification, version 1) for a few method calls, one after the
 * other. What the bus sends is bounded, and read once.
 */
final class DBus {
    private static final int SECONDS_MAX = 5, MESSAGE_MAX = 1 << 20, METHOD_RETURN = 2, ERROR = 3;
    private static final int PATH = 1, INTERFACE = 2, MEMBER = 3, ERROR_NAME = 4, REPLY_SERIAL = 5,
            DESTINATION = 6, SIGNATURE = 8;

    private final LocalSocket socket;
    private int serial;
    /** Of the last call, when it failed: the error's name. */
    String error;

    DBus(LocalSocket socket) { this.socket = socket; }

    void close() { socket.close(); }

    /** Null when there is none, or it does not take us. */
    static DBus connect(String path) {
        LocalSocket s = LocalSocket.connect(path, new int[1]);
        if (s == null) return null;
        s.timeout(SECONDS_MAX);
        var bus = new DBus(s);
        // Without an identity: that of the socket's credentials counts, whatever our user namespace shows.
        boolean isIn = s.sendRaw("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n") == 0 && bus.isAccepted()
                && bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello",
                        "", new Body());
        if (isIn) return bus;
        s.close();
        return null;
    }

    private boolean isAccepted() {
        var line = new StringBuilder();
        for (int i = 0; i < 4096; i++) {
            String c = socket.receiveRaw(1);
            if (c == null) return false;
            if (!c.equals("\n")) {
                line.append(c);
                continue;
            }
            if (line.indexOf("OK ") == 0) return true;
            if (line.indexOf("DATA") != 0) return false;
            line.setLength(0);
        }
        return false;
    }

    /** Whether there was a return; its values are not looked at. */
    boolean call(String destination, String path, String type, String member, String signature, Body body) {
        error = "no answer";
        String message = message(++serial, destination, path, type, member, signature, body);
        if (socket.sendRaw(message) < 0) return false;
        for (int i = 0; i < 1000; i++) { // signals may come before the answer
            int kind = receive();
            if (kind == METHOD_RETURN) return true;
            if (kind == ERROR || kind < 0) return false;
        }
        return false;
    }

    static String message(int serial, String destination, String path, String type, String member,
            String signature, Body body) {
        var m = new Body();
        m.text.append('l').append((char) 1).append((char) 0).append((char) 1);
        m.number(body.text.length()).number(serial).number(0);
        int from = m.text.length();
        m.field(PATH, "o", path).field(INTERFACE, "s", type).field(MEMBER, "s", member);
        m.field(DESTINATION, "s", destination);
        if (!signature.isEmpty()) m.field(SIGNATURE, "g", signature);
        m.setNumber(from - 4, m.text.length() - from);
        m.align(8);
        return m.text.append(body.text).toString();
    }

    /** The type of the next message; 0 when it is of no interest, -1 at the end or for what is none. */
    private int receive() {
        String head = socket.receiveRaw(16);
        if (head == null || head.charAt(0) != 'l') return -1;
        int body = number(head, 4), fields = number(head, 12);
        if (body < 0 || fields < 0 || body > MESSAGE_MAX || fields > MESSAGE_MAX) return -1;
        String rest = socket.receiveRaw((fields + 7 & ~7) + body);
        return rest == null ? -1 : kind(head.charAt(1), fields, rest, serial);
    }

    /** {@code rest}: the fields of the head, filled up to eight bytes, and the body. */
    int kind(int type, int fields, String rest, int awaited) {
        int answers = -1;
        String name = "";
        for (int at = 0; at + 4 <= fields;) { // a code, a signature of one letter, a value
            int code = rest.charAt(at);
            char kind = rest.charAt(at + 2);
            if (rest.charAt(at + 1) != 1) return -1;
            at += 4;
            int end;
            if (kind == 'u') {
                if (code == REPLY_SERIAL && at + 4 <= fields) answers = number(rest, at);
                end = at + 4;
            } else if (kind == 's' || kind == 'o') {
                int length = at + 4 <= fields ? number(rest, at) : -1;
                if (length < 0 || length > fields - at - 4) return -1;
                if (code == ERROR_NAME) name = rest.substring(at + 4, at + 4 + length);
                end = at + 4 + length + 1;
            } else if (kind == 'g' && at < fields) {
                end = at + 1 + rest.charAt(at) + 1;
            } else {
                return -1;
            }
            at = end + 7 & ~7;
        }
        if (type != METHOD_RETURN && type != ERROR || answers != awaited) return 0;
        error = type == ERROR ? name : null;
        return type;
    }

    private static int number(String s, int at) {
        return s.charAt(at) | s.charAt(at + 1) << 8 | s.charAt(at + 2) << 16 | s.charAt(at + 3) << 24;
    }

    /** Values as a message carries them, each aligned to its size. */
    static final class Body {
        final StringBuilder text = new StringBuilder();

        void align(int n) { while (text.length() % n != 0) text.append('\0'); }

        Body number(int n) {
            align(4);
            for (int i = 0; i < 4; i++) text.append((char) (n >>> 8 * i & 0xff));
            return this;
        }

        Body number64(long n) {
            align(8);
            for (int i = 0; i < 8; i++) text.append((char) (n >>> 8 * i & 0xff));
            return this;
        }

        Body string(String s) {
            number(s.length());
            text.append(s).append('\0');
            return this;
        }

        private Body signature(String s) {
            text.append((char) s.length()).append(s).append('\0');
            return this;
        }

        private Body field(int code, String type, String value) {
            align(8);
            text.append((char) code);
            signature(type);
            return type.equals("g") ? signature(value) : string(value);
        }

        /** The beginning of an array of (sv); {@link #end} with what this gives. */
        int begin() {
            number(0);
            int at = text.length();
            align(8);
            return at;
        }

        void end(int begin) { setNumber(begin - 4, text.length() - (begin + 7 & ~7)); }

        private void setNumber(int at, int n) {
            for (int i = 0; i < 4; i++) text.setCharAt(at + i, (char) (n >>> 8 * i & 0xff));
        }

        private Body variant(String name, String type) {
            align(8);
            string(name);
            return signature(type);
        }

        Body text(String name, String value) { return variant(name, "s").string(value); }

        Body property(String name, boolean value) { return variant(name, "b").number(value ? 1 : 0); }

        Body property(String name, long value) { return variant(name, "t").number64(value); }

        Body properties(String name, int value) { return variant(name, "au").number(4).number(value); }
    }
}
