package dev.kernelet.platform;

/** What made a context stop: results of {@link ExecutionContext#poll}. */
public final class Trap {
    private Trap() {}

    /** Still running application code. */
    public static final int NONE = 0;
    /** A system call: {@code nr} and {@code a0...a5} are set. */
    public static final int SYSCALL = 1;
    /**
     * A synchronous exception: {@code faultSignal}, {@code faultCode}, {@code faultAddress} and the trap
     * fields are set.
     */
    public static final int FAULT = 2;
    /** Stopped because of {@link ExecutionContext#interrupt}; all registers are in the slot. */
    public static final int INTERRUPTED = 3;
    /** The thread or its process no longer exists. */
    public static final int DEAD = 4;
}
