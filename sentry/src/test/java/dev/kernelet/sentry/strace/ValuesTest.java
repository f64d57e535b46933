package dev.kernelet.sentry.strace;

import static org.junit.jupiter.api.Assertions.*;

import dev.kernelet.abi.SyscallNumber;
import org.junit.jupiter.api.Test;

class ValuesTest {
    private interface Writer {
        void write(StringBuilder b);
    }

    private static String text(Writer w) {
        var b = new StringBuilder();
        w.write(b);
        return b.toString();
    }

    @Test
    void flagSets() {
        assertEquals("O_RDONLY", text(b -> Values.open(b, 0)));
        assertEquals("O_RDONLY|O_CLOEXEC", text(b -> Values.open(b, 0x80000)));
        assertEquals("O_WRONLY|O_CREAT|O_TRUNC", text(b -> Values.open(b, 01101)));
        assertEquals("O_RDWR|O_TMPFILE", text(b -> Values.open(b, 0x410002)));
        assertEquals("PROT_NONE", text(b -> Values.flags(b, Values.PROT, 0, "PROT_NONE")));
        assertEquals("PROT_READ|0x40", text(b -> Values.flags(b, Values.PROT, 0x41, "")));
        assertEquals("SOCK_STREAM|SOCK_CLOEXEC", text(b -> Values.socketType(b, 0x80001)));
        assertEquals("FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME", text(b -> Values.futex(b, 0x189)));
    }

    @Test
    void signals() {
        assertEquals("SIGHUP", text(b -> Values.signal(b, 1)));
        assertEquals("SIGSYS", text(b -> Values.signal(b, 31)));
        assertEquals("SIGRT_2", text(b -> Values.signal(b, 34)));
        assertEquals("[INT CHLD]", text(b -> Values.signalSet(b, 1L << 1 | 1L << 16)));
        assertEquals("~[KILL]", text(b -> Values.signalSet(b, ~(1L << 8))));
        assertEquals("[killed by SIGSEGV, core dumped]", text(b -> Values.waitStatus(b, 0x8b)));
        assertEquals("[exited 3]", text(b -> Values.waitStatus(b, 0x300)));
    }

    @Test
    void everyRowOfTheTableIsACallWithAtMostSixArguments() {
        for (int nr = 0; nr < 512; nr++) assertTrue(StraceTable.kinds(nr).length <= 6, SyscallNumber.name(nr));
        assertEquals(3, StraceTable.kinds(SyscallNumber.READ).length);
        assertEquals("BUF", StraceTable.kinds(SyscallNumber.READ)[1]);
    }
}
