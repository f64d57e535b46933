package dev.kernelet.cli;

import static org.junit.jupiter.api.Assertions.*;

import org.junit.jupiter.api.Test;

/** Flags are read as Go's package flag reads them. */
class FlagsTest {
    private static GlobalFlags parse(String... arguments) {
        var flags = new GlobalFlags();
        flags.parse(arguments);
        return flags;
    }

    private static String refused(String... arguments) {
        return assertThrows(UsageException.class, () -> parse(arguments)).getMessage();
    }

    @Test
    void formsOfOneFlag() {
        assertEquals("ptrace", parse("--platform=ptrace").platform);
        assertEquals("ptrace", parse("--platform", "ptrace").platform);
        assertEquals("ptrace", parse("-platform=ptrace").platform);
        assertEquals("ptrace", parse("-platform", "ptrace", "do").platform);
    }

    @Test
    void booleansTakeNoSeparateValue() {
        var flags = parse("--debug", "false", "do");
        assertTrue(flags.debug);
        assertEquals(1, flags.position);
        assertFalse(parse("--debug=false").debug);
        assertTrue(parse("--debug=1").debug);
        assertTrue(refused("--debug=maybe").contains("maybe"));
    }

    @Test
    void endAtTheFirstWordOrTwoDashes() {
        assertEquals(1, parse("--debug", "do", "--unknown").position);
        assertEquals(2, parse("--debug", "--", "do").position);
        assertEquals(0, parse("-", "do").position);
        assertEquals(0, parse().position);
    }

    @Test
    void mistakesAreNamed() {
        assertEquals("flag provided but not defined: --wrong", refused("--wrong"));
        assertEquals("flag needs an argument: --log", refused("--log"));
        assertTrue(refused("---log").contains("bad flag syntax"));
        assertTrue(refused("--=x").contains("bad flag syntax"));
        assertTrue(refused("--platform=vax").contains("systrap, ptrace, kvm"));
        assertTrue(refused("--pids-limit=0").contains("at least 1"));
        assertTrue(refused("--pids-limit=9999999999").contains("whole number"));
        assertTrue(refused("--network=sandbox").contains("not available"));
        for (String form : new String[] {"all", "root:", "root:disk", "both:memory", "root:dir=relative", "none,size=1M"}) {
            assertTrue(refused("--overlay2=" + form).contains("{root|all}:{memory|self|dir=/PATH}[,size=N]"), form);
        }
        assertTrue(refused("--overlay2=root:memory,size=x").contains("size"));
    }

    @Test
    void sizes() {
        assertEquals(512L << 20, parse("--memory=512m").memory);
        assertEquals(1L << 30, parse("--memory", "1G").memory);
        assertEquals(4096, parse("--output-limit=4096").outputLimit);
        assertEquals(2L << 10, parse("--file-size-limit=2KB").fileSizeLimit);
        assertEquals(0, parse("--memory=0").memory);
        assertTrue(refused("--memory=512").contains("512M"));
        for (String bad : new String[] {"", "m", "-1", "1x", "9999999999g", "1.5g"}) {
            assertEquals(-1, Flags.parseBytes(bad), bad);
        }
    }

    @Test
    void overlays() {
        var flags = parse("--overlay2=all:memory,size=1m");
        assertTrue(flags.overlaysRoot());
        assertTrue(flags.overlaysVolumes());
        assertEquals(1 << 20, flags.overlaySize());
        assertFalse(parse("--overlay2=none").overlaysRoot());
        assertFalse(parse("--overlay2=root:memory").overlaysVolumes());
        assertFalse(parse().overlaysRoot());
    }

    @Test
    void completionKnowsAllCommands() throws java.io.IOException {
        String completion = java.nio.file.Files.readString(
                java.nio.file.Path.of(System.getProperty("kernelet.root"), "docs/kernelet.bash"));
        var command = java.util.regex.Pattern.compile("(?m)^  ([a-z][a-z, ]*?)(?:  | COMMAND|$)")
                .matcher(HelpCommand.USAGE);
        int commands = 0;
        while (command.find()) {
            for (String c : command.group(1).split(", ")) {
                assertTrue(completion.matches("(?s).*[ \t\"]" + c + "[ \n\"].*"), c);
                commands++;
            }
        }
        assertTrue(commands > 18, "commands: " + commands);
    }
}
