package dev.kernelet.sentry.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.LocalDate;
import org.junit.jupiter.api.Test;

class DebugLogTest {
    @Test
    void civilDatesAreThoseOfTheCalendar() {
        for (long day = -800_000; day < 800_000; day += 17) {
            LocalDate date = LocalDate.ofEpochDay(day);
            long expected = (long) date.getYear() << 16 | date.getMonthValue() << 8 | date.getDayOfMonth();
            assertEquals(expected, DebugLog.civil(day), date::toString);
        }
    }

    @Test
    void namesOfProgramsAreNoCommandsToATerminal() {
        String plain = "plain \u00c3\u0080 \u00e2\u0080\u0099";
        assertEquals(plain, DebugLog.printable(plain));
        assertEquals(plain, DebugLog.escaped(plain));
        assertEquals("\\x1b[2J\\x0a\\x7f\\xc2\\x9b\u00c2",
                DebugLog.escaped("\u001b[2J\n\u007f\u00c2\u009b\u00c2"));
        assertEquals("??2J", DebugLog.printable("\u00c2\u009b2J"));
        assertEquals("?]0;title?x?y?[2J?", DebugLog.printable("\u001b]0;title\u0007x\ny\u009b[2J\u007f"));
    }

    @Test
    void quotesAnyBytes() {
        assertEquals("\"a\\\"b\\\\c\\u000a\\u00ff\"", DebugLog.quote("a\"b\\c\n\u00ff"));
    }
}
