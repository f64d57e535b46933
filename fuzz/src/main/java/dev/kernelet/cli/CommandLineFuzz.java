package dev.kernelet.cli;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;

/** Command lines: read, or refused with a UsageException; nothing else. */
public final class CommandLineFuzz {
    private CommandLineFuzz() {}

    public static void fuzzerTestOneInput(FuzzedDataProvider data) {
        boolean isGlobal = data.consumeBoolean();
        String[] words = data.consumeRemainingAsString().split("\n", 20);
        try {
            if (isGlobal) {
                new GlobalFlags().parse(words);
            } else {
                var flags = new Flags(words, 0);
                var command = new DoCommand();
                while (flags.next()) command.accept(flags);
            }
        } catch (UsageException expected) {
            if (expected.getMessage() == null) throw new AssertionError("refused without a word");
        }
    }
}
