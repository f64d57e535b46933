package dev.kernelet.oci;

/** uidMappings and gidMappings: ranges of ids, checked as Linux does (user_namespaces(7)). */
final class IdRanges {
    private static final int RANGES_MAX = 340;
    private static final long IDS = 1L << 32;

    private IdRanges() {}

    /** Three numbers each: containerID, hostID and size. Empty when there is none. */
    static int[] read(Json at, String name) {
        var list = at.list(name);
        if (list.size() > RANGES_MAX) throw at.bad("at most " + RANGES_MAX + " ranges in " + name);
        var ranges = new int[3 * list.size()];
        for (int i = 0; i < list.size(); i++) {
            Json m = list.get(i);
            if (m == null) throw at.bad("objects in " + name);
            long inside = m.number("containerID", 0), outside = m.number("hostID", 0), size =
                    m.number("size", 0);
            if (size <= 0 || size > IDS || inside < 0 || outside < 0 || inside >= IDS || outside >= IDS
                    || inside + size > IDS || outside + size > IDS) {
                throw m.bad("a range of 32-bit ids of size 1 at least");
            }
            if (size == IDS) size--; // the last one is no id: -1
            for (int j = 0; j < 3 * i; j += 3) {
                if (overlap(ranges[j], ranges[j + 2], inside, size) || overlap(ranges[j + 1], ranges[j + 2],
                        outside, size)) {
                    throw m.bad("ranges in " + name + " that do not overlap");
                }
            }
            ranges[3 * i] = (int) inside;
            ranges[3 * i + 1] = (int) outside;
            ranges[3 * i + 2] = (int) size;
        }
        return ranges;
    }

    /** User ids of this process's user namespace: the first one and how many, in pairs. */
    static int[] ofProcess() {
        String[] numbers = Host.read("/proc/self/uid_map").strip().split("\\s+");
        var ranges = new int[numbers.length / 3 * 2];
        for (int i = 0; 3 * i + 2 < numbers.length; i++) {
            ranges[2 * i] = Integer.parseUnsignedInt(numbers[3 * i]);
            ranges[2 * i + 1] = Integer.parseUnsignedInt(numbers[3 * i + 2]);
        }
        return ranges;
    }

    private static boolean overlap(int first, int count, long other, long size) {
        long from = first & 0xffffffffL;
        return from < other + size && other < from + (count & 0xffffffffL);
    }
}
