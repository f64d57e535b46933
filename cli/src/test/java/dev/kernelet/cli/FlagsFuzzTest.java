package dev.kernelet.cli;

import static org.junit.jupiter.api.Assertions.*;

import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Command lines that are nearly right: they are read, or a UsageException says what is wrong; never another
 * exception. {@code -Dfuzz.seconds=600 -Dfuzz.seed=N} for longer.
 */
class FlagsFuzzTest {
    private static final String[] GLOBAL = {"--platform=systrap", "--network=none", "--debug",
        "--debug-log=/x", "--memory=2G", "--pids-limit=100", "--fd-limit", "50", "--overlay2=root:dir=/tmp",
        "--overlay2=all:memory", "--strace", "--strace-syscalls=open,read", "--rootless", "--log-format=json",
        "--root=/r", "--host-uds=open", "--directfs=false", "-h", "--", "do"};
    private static final String[] OF_DO = {"--root", "/", "--cwd=/tmp", "--volume=/a:/b", "-v", "/a",
        "--quiet", "--force-overlay=false", "--uid-map=0 1000 1", "--gid-map", "0 1000 65536", "--", "echo"};
    private static final String SIGNS = "-=:, \t/0129.kKmMGT%truefalse\0\u00ff\n\"'";
    private static final String[] NUMBERS = {"0", "-1", "+1", "2147483648", "4294967295",
        "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e9", "0x10", "1_000", "NaN",
        "1G", "16E", "9999999999T"};

    private final long seed = Long.getLong("fuzz.seed", System.nanoTime());
    private final Random random = new Random(seed);

    private String[] mutated(String[] words) {
        var list = new java.util.ArrayList<String>();
        for (int n = random.nextInt(5) + 1; n > 0; n--) {
            int at = random.nextInt(words.length);
            list.add(words[at]);
            if (!words[at].contains("=") && at + 1 < words.length) list.add(words[at + 1]);
        }
        for (int n = random.nextInt(3); n >= 0; n--) {
            int at = random.nextInt(list.size());
            list.set(at, mutated(list.get(at)));
        }
        return list.toArray(String[]::new);
    }

    private String mutated(String word) {
        var text = new StringBuilder(word);
        int at = random.nextInt(text.length() + 1);
        char c = SIGNS.charAt(random.nextInt(SIGNS.length()));
        switch (random.nextInt(6)) {
            case 0 -> text.insert(at, c);
            case 1 -> text.setLength(at);
            case 2 -> text.delete(0, at);
            case 3 -> text.insert(at, NUMBERS[random.nextInt(NUMBERS.length)]);
            case 4 -> text.insert(at, String.valueOf(c).repeat(random.nextInt(5000)));
            default -> {
                text.setLength(text.indexOf("=") + 1);
                text.append(NUMBERS[random.nextInt(NUMBERS.length)]);
            }
        }
        return text.toString();
    }

    @Test
    void damagedCommandLines() {
        long end = System.nanoTime() + Long.getLong("fuzz.seconds", 1) * 1_000_000_000L;
        int read = 0, refused = 0;
        while (System.nanoTime() < end || read == 0 || refused == 0) {
            String[] words = mutated(random.nextInt(2) == 0 ? GLOBAL : OF_DO);
            try {
                if (random.nextInt(2) == 0) {
                    new GlobalFlags().parse(words);
                } else {
                    var flags = new Flags(words, 0);
                    var command = new DoCommand();
                    while (flags.next()) command.accept(flags);
                }
                read++;
            } catch (UsageException e) {
                assertNotNull(e.getMessage());
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + String.join(" ", words), e);
            }
        }
    }
}
