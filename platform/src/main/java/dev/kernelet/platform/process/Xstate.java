package dev.kernelet.platform.process;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;

/** XSAVE images (Intel SDM volume 1, chapter 13): standard, non-compacted format. */
public final class Xstate {
    private Xstate() {}

    /** Where the state-component bitmap is. */
    public static final int HEADER = 512;
    private static final int MXCSR = 24, MXCSR_MASK = 28, HEADER_END = 576;

    /** Bytes of an image with these state components. */
    public static int size(long xfeatures) {
        int size = HEADER_END;
        for (int i = 2; i < 63; i++) {
            if ((xfeatures >> i & 1) == 0) continue;
            int end = (int) (HostCall.cpuid(0xd, i, 0) + HostCall.cpuid(0xd, i, 1));
            if (end > size) size = end;
        }
        return size;
    }

    /** Makes any image loadable: XRSTOR faults on reserved header and MXCSR bits. */
    public static void sanitise(long image, long xfeatures) {
        Memory.putLong(image + HEADER, Memory.getLong(image + HEADER) & xfeatures);
        for (int i = HEADER + 8; i < HEADER_END; i += 8) Memory.putLong(image + i, 0);
        Memory.putInt(image + MXCSR, Memory.getInt(image + MXCSR) & mxcsrMask);
    }

    /** The image of a fresh program: everything in its initial state. */
    public static void reset(long image) {
        Memory.zero(image, HEADER_END);
        Memory.putShort(image, (short) 0x37f);
        Memory.putInt(image + MXCSR, 0x1f80);
        // Components that are not set in the header are initialised; x87 and SSE are set for the two control
        // words.
        Memory.putLong(image + HEADER, 3);
    }

    private static int mxcsrMask = 0xffbf;

    /** Takes MXCSR_MASK from an image the processor wrote. */
    public static void learn(long image) {
        int mask = Memory.getInt(image + MXCSR_MASK);
        if (mask != 0) mxcsrMask = mask;
    }
}
