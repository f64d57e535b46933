package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;

/** Starts a program of the host. */
final class Spawn {
    private Spawn() {}

    /** The pid or a negative errno. The three descriptors become 0, 1 and 2; nothing else is inherited. */
    static long start(String path, String[] args, String[] env, int in, int out, int error) {
        long program = Host.string(path), argv = list(args), envp = list(env);
        long r = HostCall.spawn(program, argv, envp, in, out, error);
        free(argv);
        free(envp);
        Memory.free(program);
        return r;
    }

    private static long list(String[] strings) {
        long p = Memory.allocate(8L * (strings.length + 1));
        for (int i = 0; i < strings.length; i++) Memory.putLong(p + 8L * i, Host.string(strings[i]));
        Memory.putLong(p + 8L * strings.length, 0);
        return p;
    }

    private static void free(long p) {
        for (long q = p; Memory.getLong(q) != 0; q += 8) Memory.free(Memory.getLong(q));
        Memory.free(p);
    }
}
