package dev.kernelet.conformance;

import org.junit.jupiter.api.Test;

/**
 * What goes wrong around containers: killed processes, full disks, lost sockets. {@code delete --force}
 * cleans all.
 */
class OciFaultsTest extends Bundles {
    /** {@code left}: prints what a container has left behind, once it has had time to go. */
    private static final String LEFT = """
            left() {
                for ((j = 0; j < 100; j++)); do
                    l=$(ls $T/state; ls -d /sys/fs/cgroup/*/$I-* /sys/fs/cgroup/$I-*
                        for p in $(grep -la "$T" /proc/[0-9]*/cmdline); do
                            p=${p%/cmdline}; [ "$(readlink $p/exe)" != "$K" ] || echo $p; done)
                    [ -n "$l" ] || return 0; sleep 0.1
                done 2> /dev/null
                echo "left: $l"
            }
            pid_of() { $R state $1 | grep -o '"pid":[0-9]*' | cut -d: -f2; }
            """;
    private static final String H = """
            def h(kind, script):
                c.setdefault("hooks", {}).setdefault(kind, []).append({"path": "/bin/bash",
                  "args": ["bash", "-c", script], "env": ["PATH=/usr/bin:/bin"]})
            """;

    /**
     * The sandbox's process, or the one that made it, is killed from a hook of each kind, and where there is
     * none.
     */
    @Test
    void killedAtEachStep() throws Exception {
        run(LEFT + """
                export KIND WHO
                for KIND in prestart createRuntime createContainer; do
                    for WHO in '$PPID' '$(cut -d" " -f4 /proc/$PPID/stat)'; do bundle '""" + H + """
                h(os.environ["KIND"], "kill -9 " + os.environ["WHO"] + "; sleep 0.2"); sh("exec sleep 60")'
                        $R create -b $T/b $I-a < /dev/null > $T/out 2>&1 && echo $KIND: created
                        $R delete --force $I-a || echo $KIND: $?; left; done; done
                bundle 'sh("exec sleep 60")'
                create() { $R create -b $T/b $I-a < /dev/null > $T/out 2>&1 || cat $T/out; }
                create; kill -9 $(pid_of $I-a); until_stopped $I-a
                $R start $I-a 2> /dev/null && echo started; $R delete $I-a; echo created $?; left
                create; $R start $I-a; kill -9 $(pid_of $I-a); $R delete --force $I-a
                echo running $?; left
                create; $R start $I-a; $R pause $I-a; kill -9 $(pid_of $I-a)
                $R delete --force $I-a; echo paused $?; left
                bundle '""" + H + """
                h("startContainer", "exec sleep 60"); h("poststop", "kill -9 $PPID; sleep 0.2")
                sh("exec sleep 60")'
                create; $R start $I-a 2> /dev/null & sleep 1; kill -9 $(pid_of $I-a); wait
                until_stopped $I-a; $R delete $I-a; echo starting $?; $R delete --force $I-a;
                        echo $?; left
                """).is(0, "created 0\nrunning 0\npaused 0\nstarting 137\n0\n");
    }

    /** At any moment between the steps. */
    @Test
    void killedAtAnyTime() throws Exception {
        run(LEFT + """
                bundle 'sh("exec sleep 60")'
                for i in 1 2 3 4 5 6 7 8 9 10 12 14; do
                    $R create -b $T/b $I-a < /dev/null > $T/out 2>&1 & p=$!
                    sleep 0.$(printf %03d $((i * 30)))
                    if [ $((i % 2)) = 0 ]; then kill -9 $p; else kill -9 $(pgrep -P $p); fi
                    wait $p; $R delete --force $I-a || echo "$i: $?"; left
                done 2> $T/e
                """).is(0, "");
    }

    @Test
    void oneIdTwice() throws Exception {
        run(LEFT + """
                bundle 'sh("exec sleep 60")'
                for n in 1 2 3 4; do ($R create -b $T/b $I-a < /dev/null > $T/out$n 2>&1;
                        echo $? > $T/s$n) & done; wait
                cat $T/s? | sort | tr '\\n' ' '; cat $T/out? | grep -c "already exists"; state $I-a
                $K --root $T/other create -b $T/b $I-a < /dev/null 2>&1 | head -n 1 | grep -c "is not empty"
                state $I-a; ls $T/other; $R delete --force $I-a; left
                """).is(0, "0 1 1 1 3\ncreated\n1\ncreated\n");
    }

    @Test
    void stateThatCannotBeWritten() throws Exception {
        run(LEFT + """
                bundle 'sh("exec sleep 60")'; mkdir $T/state
                check() { "$@" < /dev/null > $T/out 2>&1;
                        echo $? $(wc -l < $T/out) $(head -n 1 $T/out | grep -o 'E[A-Z]*$'); }
                mount -t tmpfs -o size=16k,nr_inodes=3 none $T/state;
                        head -c 100k /dev/zero > $T/state/full 2> /dev/null
                check $R create -b $T/b $I-a; $R delete --force $I-a; ls $T/state; umount $T/state
                mount -t tmpfs -o ro none $T/state; check $R create -b $T/b $I-a; $R list -q;
                        umount $T/state
                mkdir -p $T/state/$I-a; echo '{"version": 999,
                        "id": "'$I'-a"}' > $T/state/$I-a/state.json
                $R list -q; check $R state $I-a; check $R delete --force $I-a;
                        check $R create -b $T/b $I-a
                grep -h version $T/out | head -n 1; rm -r $T/state; left
                """).is(0, "1 2 ENOSPC\nfull\n1 2 EROFS\n1 2\n1 2\n1 2\n");
    }

    @Test
    void consoleSocketsThatAreLost() throws Exception {
        run(LEFT + """
                bundle 'c["process"]["terminal"] = True; sh("exec sleep 60")'
                check() { $R create -b $T/b --console-socket $1 $I-a < /dev/null > $T/out 2>&1
                    echo $? $(head -n 1 $T/out | grep -o 'console socket.*E[A-Z]*$' | sed "s:$T::"); left; }
                check $T/none; echo > $T/file; check $T/file
                python3 -c 'import os, socket; s = socket.socket(socket.AF_UNIX); s.bind(os.environ["T"]
                        + "/dead")'
                check $T/dead
                python3 -c 'import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(os.environ["T"]
                        + "/hangup")
                s.listen(); os.system("touch $T/ready"); s.accept()[0].close()' & until [ -e $T/ready ];
                        do sleep 0.05; done
                $R create -b $T/b --console-socket $T/hangup $I-a < /dev/null > $T/out 2>&1; s=$?
                $R delete --force $I-a; [ $s = 0 ] || [ $(wc -l < $T/out) = 2 ] || cat $T/out; left; wait
                """).is(0, "1 console socket /none: connect: ENOENT\n1 console socket /file: connect: ECONNREFUSED\n"
                + "1 console socket /dead: connect: ECONNREFUSED\n");
    }

    /** More of them by hand: CYCLES=1000. */
    @Test
    void manyCyclesLeaveNothing() throws Exception {
        String cycles = System.getenv().getOrDefault("CYCLES", "30");
        shell.secondsMax += Integer.parseInt(cycles);
        run(LEFT + "n=" + cycles + """

                bundle 'sh("true")'
                for ((c = 0; c < n; c += 2)); do
                    $R run -b $T/b $I-a < /dev/null > $T/out 2>&1 || cat $T/out
                    $R create -b $T/b $I-b < /dev/null > $T/out 2>&1 || cat $T/out
                    $R delete --force $I-b
                done
                left; ls /tmp /dev/shm /run | grep -c $I; grep -c "$T" /proc/self/mountinfo; true
                """).is(0, "0\n0\n");
    }

    /**
     * Some rounds of conformance/cycles, which looks at more than the other tests: all that a sandbox
     * holds.
     */
    @Test
    void cycles() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(shell.run("unshare --mount --pid --fork true").status() == 0);
        shell.run("KERNELET_DIST=${K%/bin/kernelet} " + Shell.ROOT.resolve("conformance/cycles")
                + " --cycles 4 2>&1 | sed 's/ failures.*/ failures/'").is(0, """
                plain: 4 cycles, 0 failures
                killed: 4 cycles, 0 failures
                failed: 4 cycles, 0 failures
                pod: 4 cycles, 0 failures
                member: 4 cycles, 0 failures
                """);
    }
}
