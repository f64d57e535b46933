package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every flag of {@code do}, seen from outside: what it changes, what it leaves alone, how it is refused. */
class FlagsOfDoTest extends LeavesNothing {
    @BeforeEach
    void prepare() throws Exception {
        Files.createDirectory(directory.resolve("d"));
        Files.writeString(directory.resolve("f"), "data\n");
        shell.run("chmod -R a+rwX $T");
    }

    private String file(String name) throws Exception { return Files.readString(directory.resolve(name)); }

    private boolean exists(String name) { return Files.exists(directory.resolve(name)); }

    // ---- writes: overlays and volumes
    @Test
    void writesStayInMemory() throws Exception {
        shell.run("$K do sh -c 'echo new > $T/f; echo more > $T/g; rm -r $T/d; cat $T/f; ls $T'").is(0,
                "new\nf\ng\n");
        assertEquals("data\n", file("f"));
        assertTrue(exists("d") && !exists("g"));
    }

    @Test
    void writesGoThroughWithoutAnOverlay() throws Exception {
        shell.run("$K do --force-overlay=false sh -c 'echo new > $T/f'").is(0, "");
        assertEquals("new\n", file("f"));
        shell.run("$K --overlay2=none do --force-overlay=false sh -c 'echo newer > $T/f'").is(0, "");
        assertEquals("newer\n", file("f"));
        shell.run("$K --overlay2=root:memory do --force-overlay=false sh -c 'echo lost > $T/f'").is(0, "");
        shell.run("$K --overlay2=none do sh -c 'echo lost > $T/f'").is(0, "");
        assertEquals("newer\n", file("f"));
    }

    @Test
    void mediaOfAnOverlay() throws Exception {
        String write = " do sh -c 'head -c 3000000 /dev/zero > $T/d/large; echo small > $T/d/small; wc -c < "
                + "$T/d/large; cat $T/d/small'";
        for (String medium : new String[] {"root:memory", "all:memory", "root:dir=$T", "all:dir=$T",
                "root:dir=$T,size=8M"}) {
            shell.run("$K --overlay2=" + medium + write).is(0, "3000000\nsmall\n");
            assertEquals(0, directory.resolve("d").toFile().list().length, medium);
        }
        if (Shell.IS_ROOT) shell.run("$K --overlay2=root:self" + write).is(0, "3000000\nsmall\n");
        shell.run("$K --overlay2=all:self do --volume $T/d sh -c 'head -c 3000000 /dev/zero > $T/d/large' && "
                + "ls $T/d").is(0, "");
        shell.run("$K --overlay2=root:dir=/nonexistent do true").failed("/nonexistent", "--overlay2",
                "ENOENT");
        shell.runAsUser("$K --overlay2=root:self do true").failed("--overlay2", "EACCES", "root:memory");
    }

    @Test
    void theSizeOfAnOverlay() throws Exception {
        for (String medium : new String[] {"memory", "dir=$T"}) {
            Shell.Result r = shell.run("$K --overlay2=root:" + medium + ",size=1M do sh -c 'head -c 3000000 "
                    + "/dev/zero > $T/x'");
            assertEquals(1, r.status());
            assertTrue(r.error().contains("No space left on device"), r.error());
        }
    }

    @Test
    void volumesGoThrough() throws Exception {
        shell.run("$K do --volume $T/d sh -c 'echo kept > $T/d/new; echo lost > $T/lost'").is(0, "");
        assertEquals("kept\n", file("d/new"));
        assertFalse(exists("lost"));
        shell.run("$K do --volume=$T/d:/mnt/not/there sh -c 'cat /mnt/not/there/new; mv /mnt/not/there/new "
                + "/mnt/not/there/moved'")
                .is(0, "kept\n");
        assertTrue(exists("d/moved"));
        shell.run("mkdir $T/e; $K do --volume $T/d:/a --volume $T/e:/b cp /a/moved /b/copied").is(0, "");
        assertEquals("kept\n", file("e/copied"));
        shell.run("$K --overlay2=all:memory do --volume $T/d sh -c 'rm $T/d/moved; ls $T/d'").is(0, "");
        assertTrue(exists("d/moved"));
    }

    @Test
    void aVolumeMayBeAFile() throws Exception {
        shell.run("$K do --volume $T/f:/etc/hostname sh -c 'cat /etc/hostname; echo changed > /etc/hostname'")
                .is(0, "data\n");
        assertEquals("changed\n", file("f"));
        shell.run("$K do --volume $T/f:/not/there sh -c 'cat /not/there; ls /not'").is(0, "changed\nthere\n");
        shell.run("$K do --volume $T/f:/etc true").failed("EISDIR", "--volume");
        shell.run("$K do --volume $T/d:/etc/passwd true").failed("ENOTDIR", "--volume");
    }

    @Test
    void volumesThatCannotBe() throws Exception {
        shell.run("$K do --volume /nonexistent true").failed("/nonexistent", "--volume", "ENOENT");
        shell.run("$K do --volume relative true").failed("--volume", "Usage:");
        shell.run("$K do --volume a:b:c true").failed("--volume", "Usage:");
        shell.run("$K do --volume '' true").failed("--volume", "Usage:");
        shell.run("chmod 0 $T/d").is(0, "");
        if (Shell.IS_ROOT) shell.run("chmod 755 $T").is(0, "");
        shell.runAsUser("$K do --volume $T/d sh -c 'ls $T/d 2>&1; echo $?' | tail -n 1").is(0, "2\n");
    }

    // ---- where it runs
    @Test
    void directories() throws Exception {
        shell.run("cd /usr && $K do pwd").is(0, "/usr\n");
        shell.run("$K do --cwd /usr/bin pwd").is(0, "/usr/bin\n");
        shell.run("cd / && $K do --cwd usr pwd").is(0, "/usr\n");
        shell.run("$K do --cwd /nonexistent pwd").failed("/nonexistent", "--cwd", "ENOENT");
        shell.run("$K do --cwd /etc/passwd pwd").failed("--cwd", "ENOTDIR");
    }

    @Test
    void anotherRoot() throws Exception {
        shell.run("mkdir -p $T/r/bin $T/r/lib64 $T/r/lib && cp /bin/sh $T/r/bin && cp "
                + "/lib64/ld-linux-x86-64.so.2 $T/r/lib64 &&"
                + " cp /lib/x86_64-linux-gnu/libc.so.6 $T/r/lib").is(0, "");
        shell.run("$K do --root $T/r /bin/sh -c 'echo /*; test -e /proc/self/exe && echo proc; echo x > /x; "
                + "cat < /x > /dev/null' 2>&1")
                .is(127, "/bin /dev /lib /lib64 /proc /sys\nproc\n/bin/sh: 1: cat: not found\n");
        assertFalse(exists("r/x"));
        shell.run("$K do --root $T/r ls").is(127, "");
        shell.run("$K do --root /nonexistent true").failed("/nonexistent", "--root", "ENOENT");
        shell.run("$K do --root /etc/passwd true").failed("--root", "ENOTDIR");
        if (!Shell.IS_ROOT) return;
        shell.run("chmod 700 $T/r; chmod 711 $T").is(0, "");
        Shell.Result r = shell.runAsUser("$K do --root $T/r /bin/sh -c true");
        assertEquals(126, r.status(), r.error());
    }

    @Test
    void network() throws Exception {
        String interfaces = "sh -c 'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d \" \"'";
        shell.run("$K --network=none do " + interfaces).is(0, "lo\n");
        shell.run("$K --network=host do sh -c 'wc -l < /proc/net/route; wc -c < /proc/net/if_inet6'")
                .is(0, shell.run("wc -l < /proc/net/route; wc -c < /proc/net/if_inet6").out());
        shell.run("$K --network=none do bash -c 'exec 3<> /dev/tcp/192.0.2.1/80' 2>&1 | grep -q unreachable")
                .is(0, "");
        shell.run("$K --network=sandbox do true").failed("--network=sandbox", "not available");
        shell.run("$K --network=other do true").failed("--network", "host, none");
    }

    // ---- who it is
    @Test
    void ids() throws Exception {
        String uid = shell.run("id -u").out().strip(), gid = shell.run("id -g").out().strip();
        shell.run("$K do sh -c 'id -u; id -g'").is(0, uid + "\n" + gid + "\n");
        shell.run("$K do --uid-map '1234 " + uid + " 1' --gid-map '4321 " + gid
                + " 1' sh -c 'id -u; id -g; cat /proc/self/uid_map;"
                + " stat -c %u:%g $T/f; touch $T/g; stat -c %u:%g $T/g; stat -c %u /'").is(0,
                        "1234\n4321\n      1234 "
                + " ".repeat(10 - uid.length()) + uid + "          1\n1234:4321\n1234:4321\n"
                        + (uid.equals("0") ? 1234 : 65534) + "\n");
        shell.run("$K do --uid-map='1234 " + uid + " 1' --volume $T/d sh -c 'touch $T/d/mine' && stat -c %u "
                + "$T/d/mine").is(0, uid + "\n");
        shell.run("$K do --uid-map '0 100000 10' --uid-map '10 " + uid + " 1' id -u").is(0, "10\n");
        shell.run("$K do --uid-map '0 4000000 1' id -u").is(0, "65534\n");
        shell.run("$K do --uid-map '0 " + uid + " 1' --gid-map '0 " + gid + " 1' python3 -c '\nimport os\n"
                + "for f in (os.setuid, os.setgid, os.seteuid, lambda i: os.setgroups([i]), lambda i: os.chown(\"f\", i, -1)):\n"
                + "  f(0)\n  try: f(5)\n  except OSError as e: print(e.errno)'").is(0, "22\n22\n22\n22\n22\n");
        shell.run("$K do --uid-map '0 1' true").failed("--uid-map", "three numbers");
        shell.run("$K do --gid-map '0 0 0' true").failed("--gid-map", "three numbers");
        shell.run("$K do --gid-map '0 -1 5' true").failed("--gid-map", "three numbers");
    }

    // ---- logs
    @Test
    void errorLog() throws Exception {
        shell.run("$K --log=$T/log do --volume /nonexistent true").failed("/nonexistent");
        assertTrue(file("log").matches("\\{\"msg\":\"cannot open /nonexistent "
                + ".*\",\"level\":\"error\",\"time\":\"[0-9T:.-]+Z\"}\n"),
                file("log"));
        shell.run("$K --log=$T/text --log-format=text do --volume /nonexistent true").failed("/nonexistent");
        assertTrue(file("text").matches("time=\"[0-9T:.-]+Z\" level=error msg=\"cannot open /nonexistent "
                + ".*\"\n"), file("text"));
        shell.run("$K --log=$T/log2 --log-format=json do true").is(0, "");
        assertEquals("", file("log2"));
        shell.run("$K --log=/nonexistent/log do true").failed("--log", "ENOENT");
        shell.run("$K --log-format=xml do true").failed("--log-format", "text, json");
    }

    @Test
    void debugLog() throws Exception {
        shell.run("$K --debug --debug-log=$T/a.log do true").is(0, "");
        assertTrue(file("a.log").matches("(?s)([DIWE]\\d{4} [0-9:.]+ +\\d+\\] [^\n]*\n)+"), file("a.log"));
        shell.run("$K --debug --debug-log=$T/%COMMAND%-%ID%.log do true && ls $T | grep -c "
                + "'^do-kernelet-[0-9]*.log$'").is(0, "1\n");
        shell.run("$K --debug --debug-log=$T/%TIMESTAMP%.log do true && ls $T | grep -c "
                + "'^[0-9]*-[0-9.]*.log$'").is(0, "1\n");
        shell.run("$K --debug --debug-log=$T/new/dir/ do true && ls $T/new/dir | grep -c "
                + "'^kernelet.log.*.do.txt$'").is(0, "1\n");
        shell.run("$K --debug --debug-log-format=json --debug-log=$T/j.log do true && python3 -c '\nimport "
                + "json, sys\n"
                + "for line in open(sys.argv[1]): assert json.loads(line)[\"level\"]\nprint(1)' $T/j.log")
                        .is(0, "1\n");
        assertTrue(shell.run("$K --debug do true").error().contains("] "));
        shell.run("$K --debug-log=/nonexistent/log do true").failed("--debug-log", "ENOENT");
    }

    @Test
    void strace() throws Exception {
        shell.run("$K --strace --debug-log=$T/all do cat $T/f").is(0, "data\n");
        assertTrue(file("all").contains("write(1, \"data\\n\", 5)") && file("all").contains("mmap("));
        shell.run("$K --strace --strace-syscalls=openat,write --debug-log=$T/some do cat $T/f").is(0,
                "data\n");
        for (String line : file("some").lines().filter(l -> l.contains(" E ")
                || l.contains(" X ")).toList()) {
            assertTrue(line.contains("openat(") || line.contains("write("), line);
        }
        assertTrue(file("some").contains("f\", O_RDONLY"), file("some"));
        shell.run("$K --strace --strace-log-size=2 --debug-log=$T/short do cat $T/f").is(0, "data\n");
        assertFalse(file("short").contains("\"data"), file("short"));
        shell.run("$K --strace --strace-syscalls=openat,nonsense --debug-log=$T/x do true")
                .failed("nonsense");
    }

    // ---- limits, and the rest
    @Test
    void limits() throws Exception {
        shell.run("$K --pids-limit=5 do bash -c 'for i in 1 2 3 4 5 6; do sleep 1 & done; wait' 2>&1 | grep "
                + "-q fork").is(0, "");
        shell.run("$K --fd-limit=30 do bash -c 'for i in {10..60}; do eval \"exec $i< /dev/null\" || break; "
                + "done' 2>&1 | grep -c 'Too many'")
                .is(0, "1\n");
        assertEquals(137, shell.run("$K --memory=128M do python3 -c 'x = bytearray(1 << 30)'").status());
        shell.run("$K --memory=128M do sh -c 'head -n 1 /proc/meminfo | tr -s \" \"'").is(0,
                "MemTotal: 131072 kB\n");
        shell.run("$K --cpu-limit=1 do bash -c 'while :; do :; done'").is(152, "");
        // Who takes no notice of SIGXCPU is killed a second later; not even root raises the limit.
        shell.run("$K --cpu-limit=1 do bash -c 'trap : XCPU; ulimit -t 9 2> /dev/null; while :; do :; "
                + "done'").is(137, "");
        shell.run("$K --file-size-limit=1M do sh -c 'head -c 1000K /dev/zero > /tmp/f && wc -c < /tmp/f; "
                + "trap \"\" XFSZ; ulimit -f 9999 2> /dev/null; head -c 2M /dev/zero > /tmp/f || wc -c < "
                        + "/tmp/f'")
                .is(0, "1024000\n1048576\n");
        shell.run("$K --output-limit=10 do sh -c 'echo 12345678; echo 90123'").is(153, "12345678\n9");
        shell.run("$K --output-limit=10 do sh -c 'trap \"\" XFSZ; echo 123456789; cat /etc/passwd >&2 || "
                + "echo $? > /dev/null'")
                .is(0, "123456789\n");
        shell.run("$K --cpu-limit=0 do true").failed("--cpu-limit");
        shell.run("$K --output-limit=none do true").failed("--output-limit");
        // Without the flag a sandbox leaves the host three quarters of its process numbers.
        shell.run("max=$($K do cat /proc/sys/kernel/threads-max); host=$(cat /proc/sys/kernel/pid_max); "
                + "test $max -ge 256 && test $max -le 16384 && test $((max * 4)) -le $host").is(0, "");
        shell.run("$K --pids-limit=0 do true").failed("--pids-limit");
        shell.run("$K --memory=much do true").failed("--memory");
        shell.run("$K --memory=512 do true").failed("--memory", "512M");
        shell.run("$K --fd-limit=3 do true").failed("--fd-limit");
    }

    @Test
    void theRest() throws Exception {
        shell.run("$K --rootless do --quiet echo yes").is(0, "yes\n");
        shell.run("$K --rootless=true --root=$T/state --platform=systrap --debug=false do -- echo yes").is(0,
                "yes\n");
        for (String flags : new String[] {"--rootless", "--rootless --network=sandbox",
                "--network=sandbox --rootless"}) {
            var r = shell.run("$K " + flags + " do echo yes");
            r.is(0, "yes\n");
            assertTrue(r.error().startsWith("kernelet: warning: --rootless has no sandbox network"),
                    r.error());
        }
        for (String flags : new String[] {"--rootless --network=none", "--rootless --network=host",
                "--network=none"}) {
            assertEquals("", shell.run("$K " + flags + " do echo yes").error());
        }
        assertEquals("", shell.run("$K --rootless do --quiet echo yes").error());
        shell.run("$K --network=sandbox do true").failed("--network=sandbox");
        shell.run("$K --platform=vax do true").failed("--platform", "systrap");
        shell.run("$K do --help | head -n 1").is(0, "Usage: kernelet [flags] do [flags of do] [--] COMMAND "
                + "[ARGUMENT...]\n");
        shell.run("$K --version").is(0, shell.run("$K version").out());
        for (String wrong : new String[] {"--wrong do true", "do --wrong true", "wrong", "do", "",
                "---x do true", "do --quiet=maybe true"}) {
            Shell.Result r = shell.run("$K " + wrong);
            assertEquals(128, r.status(), wrong);
            assertTrue(r.error().contains("Usage: kernelet") && r.out().isEmpty(), wrong + ": " + r.error());
        }
    }

    @Test
    void statuses() throws Exception {
        shell.run("$K do sh -c 'exit 42'").is(42, "");
        shell.run("$K do sh -c 'kill -TERM $$'").is(143, "");
        shell.run("$K do sh -c 'kill -KILL $$'").is(137, "");
        assertEquals(127, shell.run("$K do nonexistent-program").status());
        assertEquals(127, shell.run("$K do /nonexistent/program").status());
        assertEquals(126, shell.run("$K do $T/f").status());
        assertEquals(126, shell.run("$K do $T").status());
    }

    /** What may be written under /proc/sys has an effect, what has none may not be. */
    @Test
    void sysctls() throws Exception {
        shell.run("$K do sh -c 'ls -R /usr/share/doc > /a; for n in 1 2 3; do echo $n > /proc/sys/vm/drop_caches; done;"
                + " cat /proc/sys/vm/drop_caches; ls -R /usr/share/doc | cmp - /a && echo same'").is(0, "3\nsame\n");
        for (String refused : List.of("9 vm/drop_caches", "x kernel/core_pattern", "2 vm/overcommit_memory",
                "10 vm/swappiness", "-1 fs/inotify/max_user_watches",
                "2147483648 fs/inotify/max_user_instances")) {
            String[] words = refused.split(" ");
            shell.run("$K do bash -c 'echo " + words[0] + " > /proc/sys/" + words[1] + "' 2> /dev/null").is(1, "");
        }
        shell.run("$K do sh -c 'echo 1 > /proc/sys/vm/overcommit_memory && cat /proc/sys/vm/overcommit_memory'").is(0, "1\n");
        shell.run("$K do sh -c 'echo name > /proc/sys/kernel/hostname; uname -n'").is(0, "name\n");
        shell.run("cd /proc/sys; $K do sh -c 'echo 5 > fs/inotify/max_user_watches;"
                + " cat user/max_inotify_watches'").is(0, "5\n");
    }

    /** getpriority(2) begins with the caller's nice value. */
    @Test
    void niceValues() throws Exception {
        String two = "nice -n 4 %s sh -c 'nice; nice -n 3 nice'";
        shell.run(two.formatted("$K do")).is(0, shell.run(two.formatted("")).out());
    }

    /** As a PID namespace's first process ends (reboot(2)): by SIGHUP for a restart, by SIGINT for the rest. */
    @Test
    void rebootEndsTheSandbox() throws Exception {
        String call = "perl -e 'syscall(169, 0xfee1dead, 0x28121969, %s, 0); die $!'";
        shell.run("$K do " + call.formatted("0x1234567")).is(129, "");
        shell.run("$K do sh -c \"sleep 100 & " + call.formatted("0x4321fedc").replace("$", "\\$") + "; echo more\"").is(130, "");
    }
}
