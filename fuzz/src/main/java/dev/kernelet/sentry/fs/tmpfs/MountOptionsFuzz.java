package dev.kernelet.sentry.fs.tmpfs;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;

/** The options of mount(2) for a tmpfs: refused, or within what they may be. */
public final class MountOptionsFuzz {
    private MountOptionsFuzz() {}

    public static void fuzzerTestOneInput(FuzzedDataProvider data) {
        var options = TmpfsOptions.parse(data.consumeRemainingAsString(), 1L << 33, 0, 0);
        if (options != null && (options.size() < 0 || (options.mode() & ~07777) != 0))
            throw new AssertionError(options.toString());
    }
}
