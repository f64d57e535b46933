package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Programs that want to end the Sentry: conformance/attack. Whatever they do, it answers, and nothing is left behind. */
class AttackTest extends LeavesNothing {
    /** Seconds of each of the fuzzer's runs here; by hand: {@code fuzz --seconds 600}. */
    private static final int FUZZ_SECONDS = 15;

    private void build(String name) throws Exception {
        Path source = Shell.ROOT.resolve("conformance/attack/" + name + ".c");
        shell.run("gcc -O1 -std=gnu17 -Wall -Wextra -Wno-unused-result -Wno-sign-compare -pthread"
                + " -o $T/" + name + " " + source
                + " && chmod -R a+rX $T").is(0, "");
    }

    /** An attack program that must fail: $A is its path; then a fresh program starts. */
    private void holds(String name, String... scripts) throws Exception {
        build(name);
        for (String script : scripts) {
            Shell.Result r = shell.run("A=$T/" + name + "; cd $T; { " + script
                    + "; } | tail -c 4000; $K do echo on");
            assertTrue(r.out().endsWith("attack: ok\non\n"), script + ":\n" + r.out() + r.error());
            assertFalse(r.error().contains("internal error"), r.error());
        }
    }

    // ---- the stub's boundary: whatever the registers, no call of the host's is made but the listed ones
    @Test
    void callsFromTheStub() throws Exception {
        holds("stub", "$K do $A numbers", "$K do $A arguments", "$K do $A memory");
    }

    /** Descriptors on their way to a stub can be caught, but give no right that the program has not. */
    @Test
    void descriptorsInFlight() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs another user");
        String asUser = "setpriv --reuid 1000 --regid 1000 --clear-groups $A descriptors ";
        holds("stub", "echo precious > v; chmod a+x . && $K do --volume $T " + asUser + "$T/v"
                + " && grep -qx precious v",
                "$K do sh -c 'echo precious > memory; '\"" + asUser + "\"'memory && grep -x precious memory"
                + " > /dev/null'",
                "$K do " + asUser + " /etc/passwd");
    }

    @Test
    void otherEntriesAndADamagedStub() throws Exception {
        holds("entry", "$K do $A", "$K --platform=ptrace do $A");
    }

    /** Addresses of the stub in every call that takes one. */
    @Test
    void placesOfTheStub() throws Exception { holds("places", "$K do $A"); }

    /** By hand: {@code slot 600 SEED}. */
    @Test
    void forgedSlotsAndFrames() throws Exception {
        holds("slot", "$K do $A 3 " + (System.nanoTime() & 0xffffff));
    }

    // ---- neighbours
    /** As natively. */
    @Test
    void processesOfOtherUsers() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs other users");
        holds("users", "chmod a+x .; mkdir n; $A $T/n", "$K do sh -c 'mkdir u; '$A' $T/u'");
    }

    /** By hand: {@code exhaust all 10}. */
    @Test
    void everythingThereIsOnlySoMuchOf() throws Exception {
        holds("exhaust", "$K --pids-limit=1000 --fd-limit=20000 --memory=2G do sh -c"
                + " 'mkdir /tmp/ex; cd /tmp/ex; '$A 2> $T/counts");
    }

    /** Files, mappings and tasks are refused with the errnos of Linux; what gives back works, and helps. */
    @Test
    void aFullHeap() throws Exception { holds("heap", "KERNELET_VM_OPTIONS=-Xmx24m $K do $A"); }

    /** Events nobody reads, in as many instances as root lets itself have. */
    @Test
    void watchersThatDoNotRead() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs other users");
        holds("notify", "KERNELET_VM_OPTIONS=-Xmx24m $K do sh -c 'cd /tmp; exec '$A");
    }

    /**
     * Work that grows with the square of what a program makes, doubles, or is gigabytes: neighbours go on.
     */
    @Test
    void nobodyIsKeptWaiting() throws Exception {
        holds("linger", "$K do sh -c 'mkdir /tmp/linger; cd /tmp/linger; '$A",
                (Shell.IS_ROOT ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "") + "$K do sh -c"
                        + " 'mkdir /tmp/linger; cd /tmp/linger; '\"$A layers; $A depth\" | uniq");
    }

    @Test
    void longTextsAndLists() throws Exception {
        holds("texts", "mkdir many; (cd many; seq -f a-name-of-some-length-%.0f 30000 | xargs touch);"
                + " KERNELET_VM_OPTIONS=-Xmx64m $K do $A $T/many");
    }

    /** What an image's environment says to virtual machines and loaders is for its program alone. */
    @Test
    void environmentOfABundle() throws Exception {
        Path source = directory.resolve("show.c");
        Files.writeString(source, "#include <stdio.h>\nextern char **environ;\n"
                + "int main(void) { for (char **e = environ; *e; e++) puts(*e); return 0; }\n");
        String variables = "KERNELET_VM_OPTIONS=-Xlog:gc*:stdout KERNELET_NAMESPACES=none KERNELET_CLASSES=/tmp"
                + " JAVA_TOOL_OPTIONS=-Xlog:startuptime JDK_JAVA_OPTIONS=-version _JAVA_OPTIONS=-Xlog:gc"
                + " LD_PRELOAD=/none.so LD_LIBRARY_PATH=/bin GLIBC_TUNABLES=glibc.malloc.check=3";
        shell.run("mkdir -p $T/e/rootfs/bin; cd $T/e; gcc -static -o rootfs/bin/show $T/show.c; $K spec; V='"
                + variables + "'; LIST=$(printf ', \"%s\"' $V);"
                + " sed -i \"s/\\\"sh\\\"/\\\"show\\\"/; s/\\\"terminal\\\": true/\\\"terminal\\\": false/;"
                + " s|\\\"PATH=[^\\\"]*\\\"|\\\"PATH=/bin\\\"$LIST|\" config.json;"
                + " $K --root $T/state run environment | grep -v -e ^PATH= -e ^TERM= -e ^HOME= | tr '\\n' ' '")
                .is(0, variables + " ");
    }

    /** What is resident is not all: page tables are the host's memory, too. */
    @Test
    void pageTablesCount() throws Exception {
        build("tables");
        shell.run("$K --memory=256M do sh -c '$T/tables; echo $?' 2> /dev/null").is(0, "137\n");
    }

    /** What shares memory shares the limit: a process within it goes on, one beyond it is killed. */
    @Test
    void sharedMappingsCount() throws Exception {
        build("shared");
        String kinds = "anonymous zero memfd memfds file segment segments";
        shell.run("for k in " + kinds + "; do"
                + " $K --memory=256M do sh -c \"$T/shared $k 2; echo $k \\$?\" 2> /dev/null; done;"
                + " $K --memory=1536M do $T/shared anonymous 1")
                .is(0, kinds.replaceAll("(\\w+) ?", "$1 137\n") + "filled\n");
    }

    /** One memory counts once, however many processes live in it, and ends with all of them. */
    @Test
    void oneMemoryOfManyProcessesCountsOnce() throws Exception {
        build("vforks");
        shell.run("$K --memory=256M do sh -c '$T/vforks 60 100; echo $?'").is(0, "lived\n0\n");
        shell.run("$K --memory=256M do sh -c '$T/vforks 60 400; echo $?; ps -e | grep -c [v]forks; true' 2> /dev/null")
                .is(0, "137\n0\n");
    }

    /** What is under way in pipes and sockets is the Sentry's own memory. */
    @Test
    void buffersCount() throws Exception {
        holds("buffers", "$K --network=none --memory=256M do $A",
                "KERNELET_VM_OPTIONS=-Xmx64m $K --network=none do $A messages");
    }

    // ---- the user's terminal: names that speak to it
    @Test
    void messagesDoNotSpeakToTheTerminal() throws Exception {
        shell.run("bash " + Shell.ROOT.resolve("conformance/attack/terminal.sh") + " $K $T").is(0, "12\n");
    }

    // ---- what is read: programs, scripts, options, filters, messages; by hand: parse 600 SEED
    @Test
    void inputsThatAreNearlyRight() throws Exception {
        String seed = Long.toString(System.nanoTime() & 0xffffff);
        holds("parse", "$K do sh -c 'mkdir /tmp/parse; cd /tmp/parse; '$A' 4 " + seed + "'",
                (Shell.IS_ROOT ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "") + "$K do sh -c"
                        + " 'mkdir /tmp/parse; cd /tmp/parse; '$A' 2 " + seed + "'");
    }

    /** As natively. */
    @Test
    void execAndForkWhileThreadsMap() throws Exception {
        holds("execs", "$A 0.5", "$K do $A 2", "$K --platform=ptrace do $A 1");
    }

    // ---- outside: the host's processes, sockets, pipes, files
    @Test
    void nothingOutsideIsReached() throws Exception {
        Path attack = Shell.ROOT.resolve("conformance/attack");
        String sandbox = "$F do $R/bin/reach $P attack.$$ $T/socket $T/fifo /none; "
                + "$F do --volume $T $R/bin/reach $P attack.$$ $T/socket $T/fifo /none; "
                + "$F do --root $R /bin/reach $P attack.$$ $T/socket $T/fifo $T/secret; ";
        Shell.Result r = shell.run("R=$T/root; mkdir -p $R/bin $R/tmp $R/dev $R/proc; cd $T; umask 22;"
                + " gcc -static -O1 -std=gnu17 -Wno-unused-result -o $R/bin/reach " + attack + "/reach.c;"
                + " host() { cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname; }; host > before;"
                + " echo SECRET > secret;"
                + " mkfifo hold; sleep 300 > hold & S=$!;"
                + " python3 " + attack + "/outside.py $T attack.$$ < hold > outside & P=$!;"
                + " for i in $(seq 300); do grep -qs ready outside && break; sleep 0.1; done;"
                + " F=$K; " + sandbox + "F=\"$K --platform=ptrace\"; " + sandbox
                + " host | cmp - before; kill $S; wait $P; cat outside");
        assertEquals("attack: ok\n".repeat(6) + "ready\n", r.out(), r.error());
    }

    /** Links that lead out of a volume, made while another sandbox uses the names. */
    @Test
    void racesInAVolume() throws Exception {
        Path source = Shell.ROOT.resolve("conformance/attack/races.c");
        String look = "{ find outside -printf '%p %m %n %s %T@ %l\\n'; cat outside/secret; }";
        String in = "$K --directfs=$direct do --root $R --volume $T/vol:/vol /bin/races";
        Shell.Result r = shell.run("R=$T/root; cd $T; mkdir -p $R/bin $R/vol vol outside;"
                + " chmod 777 vol outside;"
                + " gcc -static -O1 -std=gnu17 -Wno-unused-result -o $R/bin/races " + source + ";"
                + " echo SECRET > outside/secret; chmod 666 outside/secret; " + look + " > before;"
                + " for direct in true false; do target=../outside; [ $direct = true ] || target=$T/outside;"
                + " $R/bin/races swap vol $target 90 & " + in + " use /vol 2; kill $!; wait $! 2> /dev/null;"
                + in + " swap /vol $target 90 & " + in + " use /vol 2; kill $!; wait $! 2> /dev/null;"
                + look + " | cmp - before; rm -rf vol/*; done");
        assertEquals("attack: ok\n".repeat(4), r.out(), r.error());
    }

    // ---- memory of the kernel's own: names and attributes end in ENOSPC, and what others do goes on
    private void bomb(String what) throws Exception {
        build("bomb");
        shell.run("cd /tmp && $K do sh -c '$T/bomb " + what + "; echo status $?; ls $T > /dev/null && echo others go on'")
                .is(0, "ENOSPC\nstatus 0\nothers go on\n");
    }

    @Test
    void symbolicLinksEndInNoSpace() throws Exception { bomb("links"); }

    @Test
    void attributesEndInNoSpace() throws Exception { bomb("attributes"); }

    /** Processes that have looked into /proc leave nothing there: here each would keep 14 KB of 24 MB. */
    @Test
    void endedProcessesAreForgotten() throws Exception {
        shell.run("KERNELET_VM_OPTIONS=-Xmx24m $K do bash -c 'for ((i = 0; i < 2500; i++)); do "
                + "(read -r x < /proc/self/stat) || exit; done; echo done'").is(0, "done\n");
    }

    // ---- random calls
    private void fuzz(boolean isRoot, String network) throws Exception {
        build("fuzz");
        String seed = Long.toUnsignedString(System.nanoTime() & 0xffffffffL);
        String script = network + "timeout -s KILL 100 $K --network=" + (network.isEmpty() ? "none" : "host")
                + " --memory=2G --pids-limit=500 do $T/fuzz --seconds " + FUZZ_SECONDS + " --seed " + seed
                + " | tail -c 2000; echo status ${PIPESTATUS[0]}; $K do echo a fresh one starts";
        Shell.Result r = isRoot ? shell.run(script) : shell.runAsUser(script);
        String told = "seed " + seed + ":\n" + r.out() + r.error();
        assertTrue(r.out().endsWith("fuzz: ok\nstatus 0\na fresh one starts\n"), told);
        assertFalse(r.error().contains("internal error"), told);
    }

    @Test
    void randomCallsOfAUser() throws Exception { fuzz(false, ""); }

    @Test
    void randomCallsOfRoot() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs root");
        fuzz(true, "");
    }

    /** With the host's network, in a namespace that has nothing but a loopback interface: nothing leaves the machine. */
    @Test
    void randomCallsWithTheHostsNetwork() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs root");
        Files.writeString(directory.resolve("loopback"), "ip link set lo up; exec \"$@\"\n");
        fuzz(true, "unshare -n bash $T/loopback ");
    }
}
