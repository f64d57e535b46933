package dev.kernelet.sentry.fs.tmpfs;

/** The options of tmpfs(5) that make sense here; {@code size} in bytes, 0: none given. */
record TmpfsOptions(int mode, int uid, int gid, long size) {
    /** Null: not understood. {@code limit}: what percentages are of. */
    static TmpfsOptions parse(String data, long limit, int uid, int gid) {
        int mode = 01777;
        long size = 0;
        for (int at = 0; at < data.length();) {
            int end = data.indexOf(',', at);
            if (end < 0) end = data.length();
            int equals = data.indexOf('=', at);
            String key = equals < 0 || equals > end ? data.substring(at, end) : data.substring(at, equals);
            String value = equals < 0 || equals > end ? "" : data.substring(equals + 1, end);
            at = end + 1;
            long n = switch (key) {
                case "mode" -> number(value, 8);
                case "uid", "gid" -> id(value);
                case "size" -> bytes(value, limit);
                case "nr_blocks" -> shifted(number(value, 10), 12);
                case "nr_inodes", "mpol", "huge", "inode32", "inode64", "" -> 0;
                default -> -1;
            };
            if (n < 0) return null;
            switch (key) {
                case "mode" -> mode = (int) n & 07777;
                case "uid" -> uid = (int) n;
                case "gid" -> gid = (int) n;
                case "size", "nr_blocks" -> size = n;
                default -> { }
            }
        }
        return new TmpfsOptions(mode, uid, gid, size);
    }

    /** A number with k, m, g or % behind it; -1 if it is none. */
    private static long bytes(String s, long limit) {
        int shift = switch (s.isEmpty() ? 0 : s.charAt(s.length() - 1) | 0x20) {
            case 'k' -> 10;
            case 'm' -> 20;
            case 'g' -> 30;
            default -> 0;
        };
        if (s.endsWith("%")) {
            long percent = number(s.substring(0, s.length() - 1), 10);
            return percent < 0 || percent > 100 ? -1 : limit / 100 * percent;
        }
        return shifted(number(shift > 0 ? s.substring(0, s.length() - 1) : s, 10), shift);
    }

    private static long shifted(long n, int shift) { return n < 0 || n > Long.MAX_VALUE >> shift ? -1 : n << shift; }

    private static long id(String s) {
        long n = number(s, 10);
        return n >= 0xffffffffL ? -1 : n;
    }

    private static long number(String s, int base) {
        if (s.isEmpty() || s.length() > 18) return -1;
        long n = 0;
        for (int i = 0; i < s.length(); i++) {
            int digit = s.charAt(i) - '0';
            if (digit < 0 || digit >= base) return -1;
            n = n * base + digit;
        }
        return n;
    }
}
