package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What may go wrong around a sandbox: killed parts, bombs, full disks, hostile programs. Nothing is left
 * behind.
 */
class FaultsTest extends LeavesNothing {
    /**
     * Waits until the file $T/out has the line "ready"; $L is then the launcher that was started in the
     * background.
     */
    private static final String READY = "L=$!; for i in {1..200}; do grep -q ready $T/out && break; sleep "
            + "0.1; done; ";
    /** Stubs of the launcher $L that run the program $1. */
    private static final String STUBS = "stubs() { for p in /proc/[0-9]*; do [ \"$(cut -d' ' -f4 $p/stat 2> "
            + "/dev/null)\" = $L ] &&"
            + " grep -q \"/$1$\" $p/maps 2> /dev/null && echo ${p#/proc/}; done; }; ";

    private List<Path> filesBefore;

    @BeforeEach
    void noteFiles() throws Exception {
        filesBefore = temporaryFiles();
    }

    @Override
    @AfterEach
    void nothingLeft() throws Exception {
        super.nothingLeft();
        var more = new ArrayList<>(temporaryFiles());
        more.removeAll(filesBefore);
        assertEquals(List.of(), more);
    }

    private static List<Path> temporaryFiles() throws Exception {
        try (var files = Files.list(Path.of("/tmp"))) {
            return files.filter(f -> f.getFileName().toString().startsWith("kernelet")).toList();
        }
    }

    // ---- killed parts
    @Test
    void aKilledStubIsAKilledProcess() throws Exception {
        shell.run(STUBS + "$K do sh -c 'sleep 600 & p=$!; sleep 0.3; echo ready; wait $p; echo status $?; "
                + "sleep 0.1 && echo alive' > $T/out & "
                + READY + "kill -9 $(stubs sleep); wait $L; echo $?; cat $T/out").is(0,
                        "0\nready\nstatus 137\nalive\n");
    }

    @Test
    void aKilledStubOfTheFirstProgramEndsTheSandbox() throws Exception {
        shell.run(STUBS + "$K do sh -c 'sleep 0.3; echo ready; exec sleep 600' > $T/out & " + READY
                + "sleep 0.3; kill -9 $(stubs sleep); wait $L; echo $?").is(0, "137\n");
    }

    @Test
    void aKilledStubOfAStoppedProcess() throws Exception {
        shell.run(STUBS + "$K do sh -c 'sleep 600 & p=$!; sleep 0.5; kill -STOP $p; echo ready; wait $p; echo status $?'"
                + " > $T/out & " + READY + "sleep 0.3; kill -9 $(stubs sleep); wait $L; cat $T/out")
                .is(0, "ready\nstatus 137\n");
    }

    @Test
    void aKilledStubWithManyThreads() throws Exception {
        shell.run(STUBS + "$K do sh -c 'python3 -c \"\nimport threading, time\nfor i in range(20): "
                + "threading.Thread(target=lambda: "
                + "[time.sleep(0.001) for i in range(60000)]).start()\nprint(\\\"ready\\\", flush=True)\"; "
                        + "echo status $?' > $T/out & "
                + READY + "kill -9 $(stubs 'python3[.0-9]*'); wait $L; cat $T/out").is(0,
                        "ready\nstatus 137\n");
    }

    @Test
    void nothingSurvivesTheSentry() throws Exception {
        shell.run("$K do sh -c 'for i in 1 2 3 4 5; do sleep 60 & done; while :; do :; done & setsid sleep "
                + "61 & echo ready; wait' > $T/out & "
                + READY + "kill -9 $L; wait $L; echo $?").is(0, "137\n");
    }

    /** Also not what is being born just then. */
    @Test
    void nothingSurvivesASentryKilledAtAnyMoment() throws Exception {
        shell.run("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do $K do sh -c 'while :; do true | true; done' & L=$!; "
                + "sleep 0.$((i * 7 + RANDOM % 10)); kill -9 $L; wait $L; echo $?; done | uniq -c | tr -s ' '")
                .is(0, " 12 137\n");
    }

    /** A crash is loud, and nothing survives it. */
    @Test
    void aCrashOfTheSentry() throws Exception {
        for (String signal : new String[] {"SEGV", "BUS", "ILL", "FPE"}) {
            shell.run("$K do sh -c 'sleep 60 & echo ready; wait' > $T/out 2> $T/err & " + READY + "kill -" + signal
                    + " $L; wait $L; echo $?; grep -c 'virtual machine crashed' $T/err; wc -l < $T/err").is(0, "128\n1\n2\n");
        }
    }

    /**
     * A process forked behind the Sentry's back has no parent-death signal: the guard ends it (outside.c). As a
     * user with a limit of processes, for the Sentry is stopped meanwhile.
     */
    @Test
    void noRogueSurvivesTheSentry() throws Exception {
        shell.run("chmod a+rwx $T; gcc -O1 -o $T/rogue " + Path.of(System.getProperty("kernelet.root"),
                "conformance/environments/rogue.c"));
        shell.runAsUser("ulimit -u 500; $K do sh -c 'sleep 0.3; echo ready; $0 bomb; sleep 600' $T/rogue > $T/out & " + READY
                + "until grep -q forks $T/out; do :; done; kill -STOP $L; sleep 0.05; kill -9 $L; wait $L; echo $?")
                .is(0, "137\n");
    }

    /** Whatever is in the group of stubs, though it is none of the Sentry's. */
    @Test
    void theGuardKillsTheGroup() throws Exception {
        String join = "import os, sys, time\nos.setpgid(0, int(sys.argv[1]))\nprint(1, flush=True)\ntime.sleep(60)";
        shell.run(STUBS + "$K do sh -c 'echo ready; sleep 600' > $T/out & " + READY + "set -- $(stubs sleep); "
                + "python3 -c '" + join + "' $(ps -o pgid= $1) > $T/joined & P=$!; until grep -q 1 $T/joined; do :; done; "
                + "kill -STOP $(ps -o pgid= $1); kill -CONT $(ps -o pgid= $1); kill -9 $L; wait $L $P; echo $?").is(0, "137\n");
    }

    @Test
    void aStoppedStub() throws Exception {
        shell.run(STUBS + "$K do sh -c 'sh -c \"while :; do sleep 0.01; done\" & p=$!; sleep 0.3; echo "
                + "ready; sleep 0.5; kill -9 $p; wait $p; echo $?'"
                + " > $T/out & " + READY + "for s in $(stubs '.*sh'); do kill -STOP $s; done; sleep 0.7; for "
                        + "s in $(stubs '.*sh'); do kill -CONT $s; done;"
                + " wait $L; cat $T/out").is(0, "ready\n137\n");
    }

    @Test
    void aClosedPipe() throws Exception {
        shell.run("$K do sh -c 'yes; echo $? > /dev/stderr' 2> $T/err | head -n 1; cat $T/err").is(0,
                "y\n141\n");
        shell.run("$K do yes | head -n 1; echo ${PIPESTATUS[0]}").is(0, "y\n141\n");
        shell.run("$K do sh -c 'exec >&-; sleep 2; echo late >&2' 2> $T/err | (cat; test -s $T/err || echo "
                + "first)").is(0, "first\n");
    }

    @Test
    void closedDescriptors() throws Exception {
        shell.run("$K do sh -c 'echo x' >&-; echo $?").is(0, "1\n");
        shell.run("$K do sh -c 'ls /proc/self/fd | wc -l; readlink /proc/$$/fd/0' <&-").is(1, "3\n");
        shell.run("$K do cat <&- 2>&1; $K do sh -c 'echo y' 2>&-").is(0,
                "cat: -: Bad file descriptor\ncat: closing standard input: "
                + "Bad file descriptor\ny\n");
        shell.run("$K do sh -c 'exit 3' <&- >&- 2>&-; echo $?").is(0, "3\n");
    }

    @Test
    void anInternalError() throws Exception {
        Shell.Result r = shell.run("KERNELET_VM_OPTIONS=-Dkernelet.fault=900 $K --debug-log=$T/log do perl "
                + "-e 'syscall(900)'");
        r.failed("internal error", "--debug-log");
        String log = Files.readString(directory.resolve("log"));
        assertTrue(log.contains("internal error, the sandbox stops") && log.contains("kernelet.fault")
                && log.contains("    at dev.kernelet."), log);
        r = shell.run("KERNELET_VM_OPTIONS=-Dkernelet.fault=900 $K do sh -c 'sleep 60 & perl -e "
                + "\"syscall(900)\"; echo on'");
        r.failed("internal error", "--debug-log");
    }

    // ---- bombs
    @Test
    void forkBomb() throws Exception {
        shell.run("$K --pids-limit=60 do timeout 2 bash -c 'f() { f | f & }; f; sleep 9' > $T/out 2>&1; test "
                + "$? -ge 1; echo on").is(0, "on\n");
        shell.run("timeout 40 $K --pids-limit=300 do perl -e '$SIG{ALRM} = sub { exit 7 }; alarm 2; fork "
                + "while 1'").is(7, "");
    }

    @Test
    void threadBomb() throws Exception {
        shell.run("$K --pids-limit=100 do python3 -c '\nimport threading, time\nn = 0\ntry:\n  while True:\n"
                + "    threading.Thread(target=time.sleep, args=(99,), daemon=True).start(); n += 1\nexcept "
                        + "RuntimeError: print(90 < n <= 100)'")
                .is(0, "True\n");
    }

    @Test
    void memoryBomb() throws Exception {
        shell.run("$K --memory=200M do sh -c 'python3 -c \"x = bytearray(1 << 31)\"; echo $?; python3 -c "
                + "\"print(len(bytearray(20 << 20)))\"'")
                .is(0, "137\n20971520\n");
        shell.run("$K --memory=200M do sh -c 'head -c 1000M /dev/zero > /dev/shm/x 2> /dev/null; echo $?; rm "
                + "/dev/shm/x; echo alive'")
                .is(0, "1\nalive\n");
        shell.run("$K --memory=200M do sh -c 'head -c 1000M /dev/zero > $T/x 2> /dev/null; echo $?; rm $T/x; "
                + "echo alive'").is(0, "1\nalive\n");
    }

    @Test
    void descriptorBomb() throws Exception {
        shell.run("$K --fd-limit=2000 do python3 -c '\nimport os, resource\n"
                + "resource.setrlimit(resource.RLIMIT_NOFILE, (100000, 100000))\nn = 0\n"
                + "try:\n  while True: os.pipe(); n += 2\nexcept OSError as e: print(e.errno, 1900 < n < "
                        + "2000)'").is(0, "23 True\n");
        // Without a flag: the program's own limit, and the Sentry lives.
        shell.run("$K do python3 -c '\nimport os, socket\nk = []\ntry:\n  while True: "
                + "k.append(os.eventfd(0)); k.append(open(\"/etc/passwd\"))\n"
                + "except OSError as e: print(e.errno)'").is(0, "24\n");
    }

    @Test
    void pipesAndSocketsFull() throws Exception {
        shell.run("$K --memory=200M do python3 -c '\nimport os, socket, fcntl\nk = []\nfor i in range(300):\n"
                + "  r, w = os.pipe()\n  k.append((r, w))\n"
                + "  os.set_blocking(w, False)\n  try:\n    while True: os.write(w, bytes(65536))\n  except "
                        + "BlockingIOError: pass\nprint(len(k))'")
                .is(0, "300\n");
    }

    // ---- disks
    @Test
    void aFullDisk() throws Exception {
        Assumptions.assumeTrue(Shell.IS_ROOT, "only root mounts");
        Shell.Result mount = shell.run("mkdir $T/v && mount -t tmpfs -o size=1m none $T/v");
        Assumptions.assumeTrue(mount.status() == 0, "no mount(2) here");
        try {
            shell.run("$K do --volume $T/v sh -c 'head -c 2M /dev/zero > $T/v/x; echo $?; wc -c < $T/v/x; rm "
                    + "$T/v/x; echo small > $T/v/y; cat $T/v/y' 2>&1")
                    .is(0, "head: error writing 'standard output': No space left on device\n1\n1048576\n"
                            + "small\n");
            shell.run("$K do --volume $T/v python3 -c '\nimport mmap, os\nf = open(\"'$T'/v/m\", \"w+b\"); "
                    + "f.truncate(4 << 20)\n"
                    + "m = mmap.mmap(f.fileno(), 4 << 20)\nfor i in range(0, 4 << 20, 4096): m[i] = 1'; echo "
                            + "$?").is(0, "135\n");
            shell.run("$K --overlay2=root:dir=$T/v do sh -c 'head -c 3M /dev/zero > $T/z; echo $?' 2>&1")
                    .is(0, "head: error writing 'standard output': No space left on device\n1\n");
        } finally {
            shell.run("umount $T/v");
        }
    }

    // ---- programs that cannot run
    @Test
    void notForThisMachine() throws Exception {
        Shell.Result r = shell.run("printf "
                + "'\\177ELF\\1\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\3\\0\\1\\0\\0\\0' > $T/elf32; head "
                + "-c 200 /dev/zero >> $T/elf32;"
                + "chmod +x $T/elf32; $K do $T/elf32");
        assertEquals(126, r.status());
        assertTrue(r.error().contains("not a 64-bit x86 program"), r.error());
        shell.run("$K do sh -c $T/elf32 2> /dev/null; echo $?").is(0, "126\n");
        shell.run("cp /bin/true $T/cut; truncate -s 3000 $T/cut; $K do $T/cut; [ $? -ge 126 ] && echo "
                + "refused").is(0, "refused\n");
        shell.run("printf '\\177ELF' > $T/four; chmod +x $T/four; $K do $T/four; echo $?").is(0, "126\n");
        shell.run(": > $T/empty; chmod +x $T/empty; $K do $T/empty; echo $?").is(0, "126\n");
        shell.run("printf '#!/nonexistent/sh\\n' > $T/s; chmod +x $T/s; $K do $T/s; echo $?").is(0, "127\n");
        shell.run("printf '#!/bin/sh\\necho script $1\\n' > $T/s; $K do $T/s one").is(0, "script one\n");
    }

    @Test
    void damagedPrograms() throws Exception {
        // Every byte of the headers changed in turn: as natively or refused, and the sandbox always ends by
        // itself.
        shell.run("cat > $T/damage.py <<'END'\nimport os, subprocess, sys\nbase = "
                + "bytearray(open('/bin/true', 'rb').read())\nseen = 0\n"
                + "for at in list(range(64)) + list(range(64, 64 + 13 * 56, 7)):\n  for value in (0, 0xff, "
                        + "base[at] ^ 0x80):\n"
                + "    data = bytearray(base); data[at] = value\n    with open('damaged', 'wb') as f: "
                        + "f.write(data)\n    os.chmod('damaged', 0o755)\n"
                + "    try:\n      subprocess.run(['./damaged'], timeout=20, stderr=subprocess.DEVNULL)\n    "
                        + "except OSError: pass\n    seen += 1\n"
                + "print(seen > 450)\nEND\ncd $T; $K do python3 -B $T/damage.py").is(0, "True\n");
    }

    @Test
    void unreadable() throws Exception {
        Assumptions.assumeTrue(Shell.IS_ROOT, "only root can be somebody else");
        shell.run("mkdir $T/r && chmod 0 $T/r && chmod 755 $T").is(0, "");
        Shell.Result r = shell.runAsUser("$K do --root $T/r true");
        assertNotEquals(0, r.status());
        assertTrue(r.error().startsWith("kernelet: "), r.error());
        shell.runAsUser("$K do sh -c 'cat /etc/shadow > /dev/null 2>&1; echo $?; echo x > /etc/new 2> "
                + "/dev/null; ls $T/r 2> /dev/null; echo $?'")
                .is(0, "1\n2\n");
    }
}
