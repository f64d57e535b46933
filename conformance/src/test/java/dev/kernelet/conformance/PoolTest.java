package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;
import static org.junit.jupiter.api.Assumptions.*;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Warm starts: {@code --pool do} (pool.c, Spare.java). */
class PoolTest extends LeavesNothing {
    /** $P: in a session of its own, as a terminal makes a start cold. spares: names that are listened on. */
    private static final String PRELUDE = """
            export KERNELET_VM_OPTIONS=-Dkernelet.pool.idle=20
            trap stop EXIT
            P="setsid -w $K --pool"
            spares() { sed -n 's/.* 00010000 .*@\\(kernelet-pool-'$(id -u)'-.*\\)/\\1/p' /proc/net/unix; }
            stop() { sleep 0.3; for i in $(seq 40); do kill $(waiting) 2> /dev/null || [ -n "$(spares)" ] || break; sleep 0.05; done; true; }
            waiting() { for p in $(pgrep -u $(id -u) -f "^$K --pool-spare"); do grep -sqx kernelet-spare /proc/$p/comm && echo $p; done; true; }
            ready() { for i in $(seq 100); do [ -n "$(spares)" ] && sleep 0.3 && return; sleep 0.05; done; echo "no spare"; }
            """;

    private Shell.Result pool(String script) throws Exception { return shell.run(PRELUDE + script); }

    @ParameterizedTest
    @ValueSource(strings = {"sh -c 'echo out; echo error >&2; exit 3'", "/nonexistent", "sh -c 'kill -9 $$'", "cat < $T/in",
            "sh -c 'read a; echo $a' < $T/in", "sh -c 'umask; ulimit -n; ulimit -f; pwd; id; echo $$ $PPID'", "cat <&-",
            "echo closed >&-", "sh -c 'echo closed >&2' 2>&-", "env -i A=b sh -c 'echo \"$A\"'", "printf '<%s>' '' 'a\nb' '--' '-x'",
            "sh -c 'echo $ODD | od -c; echo ${#LONG}'", "sh -c 'trap' ", "tr a-z A-Z < $T/in >> $T/out", "/etc/passwd",
            "sh -c 'head -c 300000 /dev/zero | wc -c; ls /proc/self/fd | wc -l'"})
    void sameAsCold(String command) throws Exception {
        shell.run("printf 'first\\nsecond\\n' > $T/in; echo kept > $T/out");
        String where = "mkdir -p $T/d; cd $T/d; umask 027; ulimit -f 4000000; export ODD=$(printf '\\377\\n=x') LONG=$(head -c 90000 "
                + "/dev/zero | tr '\\0' y); trap '' USR1; ";
        String output = "; s=$?; cat $T/out; echo kept > $T/out; exit $s";
        Shell.Result cold = pool(where + "setsid -w $K do " + command + output);
        Shell.Result first = pool(where + "$P do " + command + output);
        Shell.Result warm = pool(where + "$P do true; ready; $P do " + command + output);
        assertEquals(cold, first);
        assertEquals(cold, warm);
    }

    /** The caller's process has one thread then, and no machine. */
    @Test
    void secondStartIsWarm() throws Exception {
        String threads = "$K --pool=true do sleep 1 & sleep 0.4; grep -c . <(ls /proc/$!/task); wait; ";
        Shell.Result r = pool("$P=true do true; ready; setsid -w bash -c '" + threads + "'");
        r.is(0, "1\n");
    }

    @Test
    void oneRunLeavesNothingToTheNext() throws Exception {
        pool("for i in 1 2 3; do $P do sh -c 'ls /tmp/left $T/left 2>&1 | grep -c cannot; echo x > /tmp/left; echo x > $T/left;"
                + " hostname other; sleep 100 & echo $$'; ready; done; hostname | grep -c other")
                .is(1, "2\n1\n".repeat(3) + "0\n");
    }

    @Test
    void signalsArrive() throws Exception {
        String run = "$K --pool do sh -c \"trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.05; done\" > $T/o & "
                + "until grep -q ready $T/o; do sleep 0.05; done; kill -TERM $!; wait $!; echo $?; cat $T/o";
        shell.run("touch $T/o");
        pool("$P do true; ready; setsid -w bash -c '" + run.replace("'", "'\\''") + "'").is(0, "5\nready\ngot\n");
    }

    /** The caller, the spare that runs, the spare that waits: killed. */
    @Test
    void kills() throws Exception {
        pool("$P do true; ready; setsid -w bash -c '$K --pool do sleep 321 & sleep 0.4; kill -9 $!'; sleep 0.5; "
                + "waiting | wc -l").is(0, "1\n"); // the next one
        pool("$P do true; ready; s=$(waiting); (sleep 0.5; kill -9 $s) & $P do sleep 20 2> $T/e; echo $?; "
                + "grep -c 'kernelet: the sandbox was killed' $T/e").is(0, "137\n1\n");
        // Only one that waits ends by a signal of its own; one at work has the caller's.
        pool("$P do true; ready; (sleep 0.5; pkill -f \"^$K --pool-spare\") & $P do sh -c 'sleep 1; echo done'; sleep 0.3; spares")
                .is(0, "done\n");
        pool("$P do true; ready; kill -9 $(waiting); $P do echo again").is(0, "again\n");
        pool("$P do true; ready; kill $(waiting); sleep 1; spares").is(0, "");
    }

    @Test
    void sparesEndByThemselves() throws Exception {
        pool("export KERNELET_VM_OPTIONS=-Dkernelet.pool.idle=1; $P do true; ready; sleep 2; spares; trap - EXIT").is(0, "");
    }

    /** What a request does not carry is part of the key. */
    @ParameterizedTest
    @ValueSource(strings = {"$P --network=none do true", "$P do --volume $T true", "$P --memory=300M do true",
            "(ulimit -n 500; $P do true)", "nice -n 2 $P do true", "taskset -c 0 $P do true", "setpriv --no-new-privs $P do true",
            "(cd $T; $P --debug-log=log do true)"})
    void otherStartsHaveOtherSpares(String other) throws Exception {
        pool("$P do true; ready; a=$(spares); " + other + "; sleep 0.4; spares | grep -vc $a; spares | grep -c $a").is(0,
                "1\n1\n");
    }

    @Test
    void volumesOfAWarmStart() throws Exception {
        pool("for i in 1 2 3; do $P do -v $T sh -c 'echo $0 >> $T/kept; echo no > /etc/passwd' $i; ready; done; cat $T/kept; "
                + "wc -l < $T/kept").is(0, "1\n2\n3\n3\n");
    }

    @Test
    void manyInARowAndAtOnce() throws Exception {
        pool("for i in $(seq 50); do $P do echo $i; done | sort -n | tail -1; for i in 1 2 3 4 5 6; do $P do sh -c 'sleep 0.2; echo x' & "
                + "done; wait").is(0, "50\n" + "x\n".repeat(6));
    }

    @Test
    void terminalsStartCold() throws Exception {
        pool("script -qec \"$K --pool do sh -c 'test -t 1 && echo terminal'\" /dev/null | tr -d '\\r'; sleep 0.3; spares").is(0,
                "terminal\n");
    }

    /** A spare is its reaper's business; its stubs are its own. */
    @Test
    void stubsAreReaped() throws Exception {
        String reaper = "import ctypes, os, subprocess, sys, time\nctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
                + "for i in range(5): subprocess.run(sys.argv[1:]); time.sleep(0.5)\n"
                + "print(subprocess.run([\"ps\", \"--ppid\", str(os.getpid()), \"-o\", \"comm=\"], text=True, "
                + "capture_output=True).stdout.count(\"kernelet-stub\"))";
        pool("python3 -c '" + reaper + "' $P do true").is(0, "0\n");
    }

    /** Asks the spare NAME for a shell, showing the given status file; with a third word it listens there instead. */
    private static final String PEER = """
            import array, os, socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            def show(c, fds): c.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
            here = [os.open(p, f) for p, f in (("/proc/self/ns/mnt", 0), ("/proc/self/ns/user", 0), ("/", os.O_PATH), (sys.argv[2], 0))]
            s.settimeout(5)
            try:
                if len(sys.argv) > 3:
                    s.bind("\\0" + sys.argv[1]); s.listen(5)
                    print("listening", flush=True)
                    c = s.accept()[0]; c.settimeout(5)
                    show(c, here[:2])
                    print("got", len(c.recv(100)), flush=True)
                else:
                    s.connect("\\0" + sys.argv[1]); s.recv(1)
                    f = os.memfd_create("request")
                    os.write(f, array.array("l", [0, 0, 0, 18, 2, 0]).tobytes() + b"/\\0echo\\0served\\0")
                    show(s, [f] + here + [0, 1, 2])
                    if not s.recv(4): raise ConnectionError
                    s.send(bytes(4)); s.recv(4)
            except ConnectionError: print("refused" if len(sys.argv) == 3 else "got 0", flush=True)
            """;

    private Shell.Result peer(String script) throws Exception {
        java.nio.file.Files.writeString(directory.resolve("peer.py"), PEER);
        return pool("chmod 755 $T; " + script);
    }

    /** Names and keys are no secret, a caller must be where the spare was started and as little confined. */
    @ParameterizedTest
    @ValueSource(strings = {"setpriv --reuid=65534 --regid=65534 --clear-groups", "unshare -m", "unshare -U -r", "env",
            "setpriv --no-new-privs", "setpriv --bounding-set=-sys_admin", "setpriv --groups=7", "unshare -m unshare -m"})
    void othersAreNotServed(String other) throws Exception {
        assumeTrue(Shell.IS_ROOT, "makes other users and namespaces");
        boolean isSame = other.equals("env");
        peer("$P do true; ready; " + other + " /usr/bin/python3 $T/peer.py $(spares) /proc/self/status; "
                + "$P do echo done").is(0, (isSame ? "served\n" : "refused\n") + "done\n");
        if (isSame) return;
        // Nor with the status of somebody who would be.
        peer("$P do true; ready; " + other + " /usr/bin/python3 $T/peer.py $(spares) /proc/$$/status; "
                + "$P do echo done").is(0, "refused\ndone\n");
    }

    /** The root of another directory tree is seen even in the same namespaces. */
    @Test
    void anotherRootIsNotServed() throws Exception {
        assumeTrue(Shell.IS_ROOT, "chroot");
        peer("""
                trap 'umount -l $T/root/*; stop' EXIT; for d in usr lib lib64 proc; do mkdir -p $T/root/$d; mount --bind /$d $T/root/$d; done
                cp $T/peer.py $T/root; $P do true; ready; chroot $T/root /usr/bin/python3 /peer.py $(spares) /proc/self/status
                $P do echo done
                """).is(0, "refused\ndone\n");
    }

    /** Whoever listens in place of a spare elsewhere is given nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"setpriv --reuid=65534 --regid=65534 --clear-groups", "unshare -m", "unshare -U -r"})
    void othersGetNoRequest(String other) throws Exception {
        assumeTrue(Shell.IS_ROOT, "makes other users and namespaces");
        peer("$P do true; ready; n=$(spares); kill -9 $(waiting); " + other
                + " /usr/bin/python3 $T/peer.py $n /proc/self/status listen > $T/o & "
                + "until grep -q listening $T/o; do sleep 0.05; done; $P do true; sleep 0.1; $P do echo done; wait $!; cat $T/o")
                .is(0, "done\nlistening\ngot 0\n");
    }

    /** Who connects and is silent holds nobody up for long, nor keeps the spare from ending. */
    @Test
    void silentPeers() throws Exception {
        String silent = "rm -f $T/o; /usr/bin/python3 -c 'import socket, sys, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
                + "s.connect(chr(0) + sys.argv[1]); print(\"connected\", flush=True); time.sleep(100)' $(spares) > $T/o & "
                + "until grep -qs connected $T/o; do sleep 0.05; done; ";
        pool("$P do true; ready; " + silent + "$P do echo done; kill $!").is(0, "done\n");
        pool("$P do true; ready; " + silent + "kill $(waiting); sleep 0.5; spares; kill $!").is(0, "");
    }

    @Test
    void sparesOfOneUserAreFew() throws Exception {
        pool("for i in $(seq 11); do $P --memory=${i}00M do true & done; wait; sleep 2; spares | wc -l")
                .is(0, "8\n");
    }

    /** A directory that has been replaced under a volume's name is another volume. */
    @Test
    void replacedVolume() throws Exception {
        pool("mkdir $T/v; $P do -v $T/v true; ready; mv $T/v $T/w; mkdir $T/v; $P do -v $T/v touch $T/v/new; "
                + "(cd $T; find v w -name new)").is(0, "v/new\n");
    }
}
