package dev.kernelet.oci;

import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Messages as the specification of D-Bus has them. conformance/vm talks to a real bus. */
class DBusTest {
    private static final String HELLO = "l\1\0\1" + "\0\0\0\0" + "\1\0\0\0" + "m\0\0\0"
            + "\1\1o\0" + "\25\0\0\0/org/freedesktop/DBus\0" + "\0\0"
            + "\2\1s\0" + "\24\0\0\0org.freedesktop.DBus\0" + "\0\0\0"
            + "\3\1s\0" + "\5\0\0\0Hello\0" + "\0\0"
            + "\6\1s\0" + "\24\0\0\0org.freedesktop.DBus\0" + "\0\0\0";

    @Test
    void aMessageWithoutArguments() {
        assertEquals(HELLO, DBus.message(1, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                "org.freedesktop.DBus", "Hello", "", new DBus.Body()));
    }

    @Test
    void properties() {
        var b = new DBus.Body().string("a").string("bcd");
        int from = b.begin();
        b.text("x", "y").property("t", true).property("n", -1L).properties("p", 7);
        b.end(from);
        b.end(b.begin());
        assertEquals("\1\0\0\0a\0\0\0" + "\3\0\0\0bcd\0" + "\124\0\0\0" + "\0\0\0\0" // 84 bytes from 24 on
                + "\1\0\0\0x\0" + "\1s\0" + "\0\0\0" + "\1\0\0\0y\0" + "\0\0\0\0\0\0"
                + "\1\0\0\0t\0" + "\1b\0" + "\0\0\0" + "\1\0\0\0"
                + "\1\0\0\0n\0" + "\1t\0" + "\0\0\0\0\0\0\0" + "\u00ff".repeat(8)
                + "\1\0\0\0p\0" + "\2au\0" + "\0\0" + "\4\0\0\0" + "\7\0\0\0" + "\0\0\0\0",
                b.text.toString());
    }

    /** Whatever comes is a return, an error, something else, or no message; never an exception. */
    @Test
    void answersThatAreNone() {
        var random = new Random(5);
        String good = "\5\1u\0" + "\3\0\0\0" + "\4\1s\0" + "\3\0\0\0a.b\0";
        String filled = good + "\0\0\0\0";
        var bus = new DBus(null);
        assertEquals(3, bus.kind(3, good.length(), good, 3));
        assertEquals("a.b", bus.error);
        assertEquals(2, bus.kind(2, 8, good, 3));
        assertNull(bus.error);
        assertEquals(0, bus.kind(2, 8, good, 4), "of another call");
        assertEquals(0, bus.kind(4, 8, good, 3), "a signal");
        var seen = new ArrayList<Integer>();
        for (int i = 0; i < 200_000; i++) {
            var t = new StringBuilder(filled);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int c = random.nextInt(3) == 0 ? 255 : random.nextInt(9);
                t.setCharAt(random.nextInt(t.length()), (char) c);
            }
            int fields = random.nextInt(good.length() + 1);
            int kind = bus.kind(1 + random.nextInt(4), fields, t.substring(0, fields + 7 & ~7), 3);
            if (!seen.contains(kind)) seen.add(kind);
        }
        seen.sort(null);
        assertEquals("[-1, 0, 2, 3]", seen.toString());
    }
}
