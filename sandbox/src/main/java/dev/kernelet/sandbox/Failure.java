package dev.kernelet.sandbox;

import dev.kernelet.abi.Errno;

/** Why Kernelet itself cannot go on: two lines for the user. Ends the sandbox with status 128. */
public final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The likely cause and what to do about it. */
    public final String remedy;

    /** @param what what failed: the operation, its object, the errno's name */
    public Failure(String what, String remedy) {
        super(what, null, false, false);
        this.remedy = remedy;
    }

    /** A host call that returned {@code result} (a negative errno). */
    public Failure(String operation, long result, String remedy) {
        this(operation + ": " + Errno.name((int) -result), remedy);
    }
}
