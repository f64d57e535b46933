package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;
import static org.junit.jupiter.api.Assumptions.*;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What SPECIFICATION.md promises of speed and can be counted, so that no quiet machine is needed: what a call
 * costs in trips between stub and Sentry, traps and allocations, as the debug log sums them up; and what a
 * start loads.
 */
class SpeedTest {
    private static final int CALLS = 10_000, PROCESSES = 100;
    /** A call that makes an object each time needs 16 bytes and more; what else goes on is far below that. */
    private static final int BYTES_MAX = 8;
    /** Traps of the program's start and of call sites before they are rewritten. */
    private static final int TRAPS_MAX = 80;
    /** Classes a start may load: a hundred cost 1 to 2 ms. */
    private static final int CLASSES_MAX = 1262;
    private static final Pattern STATISTICS = Pattern.compile(
            "events (\\d+), trapped (\\d+), commands (\\d+), stubs woken (\\d+), answers slept for \\d+, "
            + "sleeps (\\d+), sites patched (\\d+), heap (\\d+)");

    @TempDir
    Path directory;

    private Shell shell;
    /** What a program costs that does next to nothing. */
    private static Counts start;

    private record Counts(long events, long trapped, long commands, long woken, long sleeps, long patched,
            long heap) {}

    @BeforeEach
    void build() throws Exception {
        shell = new Shell(directory);
        Path source = Shell.ROOT.resolve("conformance/speed/calls.c");
        shell.run("gcc -O1 -std=gnu17 -Wall -static -o $T/calls " + source).is(0, "");
        if (start == null) start = count("clock", 1, "");
    }

    /** A heap that is never collected, and in which each object moves its end. */
    private Counts count(String operation, int calls, String more) throws Exception {
        String options = "-Xms64m -Xmn48m -XX:-UseTLAB " + more;
        shell.run("KERNELET_VM_OPTIONS='" + options + "' $K --debug --debug-log=$T/log do --quiet $T/calls " + operation
                + " " + calls).is(0, "");
        Matcher m = STATISTICS.matcher(Files.readString(directory.resolve("log")));
        assertTrue(m.find(), "no statistics in the debug log");
        Files.delete(directory.resolve("log"));
        return new Counts(group(m, 1), group(m, 2), group(m, 3), group(m, 4), group(m, 5), group(m, 6),
                group(m, 7));
    }

    private static long group(Matcher m, int i) { return Long.parseLong(m.group(i)); }

    /** Per call: events (the call itself), trips of the Sentry to the stub, call sites. */
    @ParameterizedTest
    @CsvSource({"getpid,0,1", "clock,0,0", "readlink,0,1", "getppid,1,1", "stat,1,1", "read,1,1", "read64k,1,1",
            "write,1,1", "pread,1,1", "pwrite,1,1", "futex,1,1", "epoll,1,1"})
    void callsMakeNoTripsAndNoObjects(String operation, int events, int sites) throws Exception {
        Counts all = count(operation, CALLS, "");
        assertEquals(events * CALLS, all.events - start.events, 20, "events");
        assertEquals(start.commands, all.commands, 4, "commands");
        assertTrue(all.trapped <= TRAPS_MAX, "trapped: " + all.trapped);
        assertTrue(all.patched >= sites, "sites patched: " + all.patched);
        long bytes = (all.heap - start.heap) / CALLS;
        assertTrue(bytes < BYTES_MAX, "bytes a call: " + bytes);
    }

    @ParameterizedTest
    @CsvSource({"open", "mmap"})
    void pairsOfCallsMakeNoTrips(String operation) throws Exception {
        Counts all = count(operation, CALLS, "");
        assertEquals(2 * CALLS, all.events - start.events, 20, "events");
        assertEquals(start.commands, all.commands, 8, "commands");
        assertTrue(all.trapped <= TRAPS_MAX, "trapped: " + all.trapped);
        assertTrue((all.heap - start.heap) / CALLS < 200, "bytes a call: " + (all.heap - start.heap) / CALLS);
    }

    /** A fork is one trip; an exec one to load the program, one for its restartable sequences (rseq(2)). */
    @ParameterizedTest
    @CsvSource({"fork,1,4", "exec,3,24"})
    void processes(String operation, int commands, int events) throws Exception {
        Counts all = count(operation, PROCESSES, "");
        long made = (all.commands - start.commands) / PROCESSES;
        long had = (all.events - start.events) / PROCESSES;
        assertTrue(made <= commands, "commands a process: " + made);
        assertTrue(had <= events, "events a process: " + had);
    }

    /** Where nobody waits awake a call wakes the Sentry once and the stub once, at most. */
    @Test
    void wakeUps() throws Exception {
        Counts all = count("getppid", CALLS, "-Dkernelet.spin=off");
        assertTrue(all.woken <= CALLS + 200, "stubs woken: " + all.woken);
        assertTrue(all.sleeps <= CALLS + 500, "sleeps: " + all.sleeps);
    }

    @Test
    void classesOfAStart() throws Exception {
        shell.run("KERNELET_VM_OPTIONS=-Xlog:class+load:file=$T/classes $K do true").is(0, "");
        long loaded;
        try (var lines = Files.lines(directory.resolve("classes"))) {
            loaded = lines.count();
        }
        assertTrue(loaded <= CLASSES_MAX, "classes loaded by a start: " + loaded);
    }

    /** Woken ones go before whoever computes beside them; the caller's nice value stays, another policy as well. */
    @Test
    void slicesAreShort() throws Exception {
        assumeTrue(Files.isReadable(Path.of("/proc/self/sched")), "this kernel shows no slices (/proc/PID/sched)");
        String slices = "p=$!; sleep 0.7; cat /proc/$p/task/*/sched $(pgrep -P $p | sed 's,.*,/proc/&/sched,') "
                + "| sed -n 's/^se.slice *: *//p' | sort -u; kill $p; wait";
        String usual = shell.run("sleep 5 & " + slices).out();
        assumeFalse(usual.isBlank(), "this kernel has no slices of one's own (before 6.12)");
        shell.run("$K do sleep 5 & " + slices).is(0, "250000\n");
        shell.run("nice -n 3 $K do sleep 5 & p=$!; sleep 0.7; ps -o ni= -p $p | tr -d ' '; kill $p; wait").is(0, "3\n");
        assertEquals(usual, shell.run("chrt -b 0 $K do sleep 5 & " + slices).out());
    }
}
