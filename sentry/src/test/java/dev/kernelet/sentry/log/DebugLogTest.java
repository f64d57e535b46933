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
    void quotesAnyBytes() {
        assertEquals("\"a\\\"b\\\\c\\u000a\\u00ff\"", DebugLog.quote("a\"b\\c\n\u00ff"));
    }
}
