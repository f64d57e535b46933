package dev.kernelet.oci;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.kernelet.sandbox.Failure;

/** A bundle's config.json: read, or refused with a Failure; nothing else. */
public final class ConfigFuzz {
    private ConfigFuzz() {}

    public static void fuzzerTestOneInput(FuzzedDataProvider data) {
        try {
            RuntimeSpec.parse(data.consumeRemainingAsString(), "/bundle");
        } catch (Failure expected) {
            if (expected.getMessage() == null) throw new AssertionError("refused without a word");
        }
    }
}
