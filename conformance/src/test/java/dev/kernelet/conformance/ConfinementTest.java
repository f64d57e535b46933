package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A running sandbox, looked at from outside: no thread of the Sentry, no stub without its restrictions. */
class ConfinementTest extends LeavesNothing {
    /** Waits for the program, then shows the threads of Sentry and stubs that are not as they must be. */
    private static final String LOOK = """
            p=$!
            for i in $(seq 300); do [ -s $T/ready ] && break; sleep 0.1; done
            look() { # WHAT CAPABILITIES FILE...
                local what=$1 caps=$2 f; shift 2
                for f; do
                    awk -v what="$what" -v caps="$caps" '
                        /^(Seccomp|NoNewPrivs|CapEff|CapPrm|CapInh|CapAmb):/ { v[$1] = $2 }
                        END { if (v["Seccomp:"] != 2 || v["NoNewPrivs:"] != 1 ||
                                  v["CapEff:"] != caps || v["CapPrm:"] != caps ||
                                  v["CapInh:"] !~ /^0+$/ || v["CapAmb:"] !~ /^0+$/)
                                print what, v["Seccomp:"], v["NoNewPrivs:"], v["CapEff:"], v["CapPrm:"] }' $f
                done
            }
            look Sentry $CAPS /proc/$p/task/*/status
            stubs=
            for s in $(cat /proc/$p/task/*/children); do
                case $(cat /proc/$s/comm) in
                    kernelet-files) look outside 0000000000000000 /proc/$s/task/*/status ;;
                    *) stubs+=" $s" ;;
                esac
            done
            for s in $stubs; do
                look stub 0000000000000000 /proc/$s/task/*/status
                for d in /proc/$s/fd/*; do
                    case $d-$(readlink $d) in */fd/0-socket:*) ;; *) echo stub has $d ;; esac
                done
            done
            set -- /proc/$p/task/*; [ $# -gt 8 ] || echo few threads: $#
            set -- $stubs; [ $# -gt 1 ] || echo few stubs: $#
            kill $p; wait $p; rm -f $T/ready
            """;

    @BeforeEach
    void prepare() throws Exception {
        shell.run("chmod a+rwx $T");
    }

    private static String look(String flags, String capabilities) {
        return "CAPS=" + capabilities + "; $K " + flags + " sh -c 'echo ready; sleep 100' > $T/ready &\n" + LOOK;
    }

    @Test
    void everyThreadOfRoot() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs root");
        // CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH; with what the flags ask for besides.
        shell.run(look("--network=none do", "0000000000000006")).is(0, "");
        shell.run(look("do", "0000000000002406")).is(0, "");
        shell.run(look("--network=none do --volume $T", "000000000000001f")).is(0, "");
    }

    @Test
    void everyThreadOfAUser() throws Exception {
        shell.runAsUser(look("--network=none do", "0000000000000000")).is(0, "");
        shell.runAsUser(look("do --volume $T", "0000000000000000")).is(0, "");
    }

    // ---- namespaces
    /**
     * Says which namespaces of a running sandbox are the caller's, for the Sentry and a stub; what is in its
     * root.
     */
    private static final String NAMESPACES = """
            p=$!
            for i in $(seq 300); do [ -s $T/ready ] && break; sleep 0.1; done
            for s in $(cat /proc/$p/task/*/children); do
                case $(cat /proc/$s/comm) in kernelet-stub) stub=$s ;; esac
            done
            for n in user mnt net ipc uts pid; do
                [ $(readlink /proc/$p/ns/$n) = $(readlink /proc/$stub/ns/$n) ] || echo stub differs: $n
                [ $(readlink /proc/$p/ns/$n) = $(readlink /proc/$$/ns/$n) ] && printf "$n "
            done
            echo; ls -A /proc/$p/root/; ls -A /proc/$stub/root/; ls -A /proc/$p/cwd/
            awk '{ print $5, $6, $(NF - 2) }' /proc/$p/mountinfo
            touch /proc/$p/root/x 2> /dev/null && echo writable
            kill $p; wait $p; rm -f $T/ready
            """;

    private static final String EMPTY_ROOT = "/ ro,nosuid,nodev,noexec,relatime tmpfs\n";

    private static String sandbox(String flags) {
        return "$K " + flags + " sh -c 'echo ready; sleep 100' > $T/ready &\n" + NAMESPACES;
    }

    /** Whether this machine lets root, or a user, have namespaces at all. */
    private void assumeNamespaces() throws Exception {
        var r = shell.runAsUser("unshare --user --map-root-user --mount --net --ipc --uts true && echo yes");
        org.junit.jupiter.api.Assumptions.assumeTrue(r.out().equals("yes\n"), "no namespaces here: "
                + r.error());
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT,
                "to look at another user namespace needs root");
    }

    @Test
    void namespacesOfRootAndAnEmptyRoot() throws Exception {
        assumeNamespaces();
        shell.run(sandbox("--network=none do")).is(0, "pid \n" + EMPTY_ROOT);
        shell.run(sandbox("do --volume $T")).is(0, "user net pid \n" + EMPTY_ROOT);
    }

    @Test
    void namespacesOfAUserAndAnEmptyRoot() throws Exception {
        assumeNamespaces();
        String user = "K=\"setpriv --reuid=65534 --regid=65534 --clear-groups $K\"\n";
        shell.run(user + sandbox("--network=none do")).is(0, "pid \n" + EMPTY_ROOT);
        shell.run(user + sandbox("do --volume $T")).is(0, "net pid \n" + EMPTY_ROOT);
    }

    /** In a user namespace with one id other owners have no number: the process outside knows them. */
    @Test
    void ownersAreAsOutside() throws Exception {
        String look = "stat -c \"%u %g %n\" / /etc /etc/passwd /usr/bin/* /tmp | head -n 400";
        shell.runAsUser(look + " > $T/native; $K do sh -c '" + look
                + "' > $T/inside; cmp $T/native $T/inside && wc -l < $T/native")
                .is(0, Files.exists(Path.of("/usr/bin/env")) ? shell.run(look + " | wc -l").out() : "");
        // A program that is set-user-ID for root is that inside, and does nothing on the host.
        shell.runAsUser("$K do sh -c 'id -u; stat -c %u:%g $T/.. ; cat /etc/shadow 2> /dev/null || echo "
                + "refused'")
                .is(0, "65534\n" + shell.run("stat -c %u:%g $T/..").out() + "refused\n");
    }

    /**
     * kill -9 of the sandbox's process, and of the process outside: nothing is left, and it fails in order.
     */
    @Test
    void nothingIsLeftOfTheProcessOutside() throws Exception {
        String start = "$K do sh -c 'echo ready; read x; ls -l /usr/lib > /dev/null; echo $?' > $T/ready "
                + "< <(sleep 1; echo; sleep 100) &\n"
                + "p=$!; for i in $(seq 300); do [ -s $T/ready ] && break; sleep 0.1; done\n";
        shell.runAsUser(start + "kill -9 $p; wait $p; echo $?").is(0, "137\n");
        Shell.assertNothingMore(before);
        shell.runAsUser(start + "kill -9 $(pgrep -P $p kernelet-files); wait $p; echo $?; cat $T/ready")
                .is(0, "0\nready\n0\n");
    }

    /**
     * As the first process of a container: the mount of its own program file goes with the namespace it
     * leaves.
     */
    @Test
    void theOnlyProcessOfAMountNamespace() throws Exception {
        assumeNamespaces();
        shell.run("mkdir $T/k; unshare --mount sh -c 'mount --bind ${K%/bin/kernelet} $T/k; exec "
                + "$T/k/bin/kernelet do echo here'")
                .is(0, "here\n");
    }

    // ---- FIFOs and sockets of the host
    private static final String SERVER = """
            import os, socket
            s = socket.socket(socket.AF_UNIX); s.bind('s'); os.chmod('s',
                    0o666); s.listen(5); s.settimeout(60)
            for i in range(2):
                c, _ = s.accept(); socket.send_fds(c, [b'hello '], [0]); c.sendall(c.recv(100)); c.close()
            """;
    private static final String CLIENT = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX); s.connect('s'); s.sendall(b'inside'); data, fds = b'', []
            while True:
                m, f, _, _ = socket.recv_fds(s, 100, 4)
                if not m: break
                data += m; fds += f
            print(data.decode(), fds)
            """;

    /** Of the host's sockets a program reaches those it is allowed to, and no descriptor comes in by them. */
    @Test
    void hostSocketsWhenAskedFor() throws Exception {
        Files.writeString(directory.resolve("server"), SERVER);
        Files.writeString(directory.resolve("client"), CLIENT);
        shell.run("cd $T; python3 server & for i in $(seq 100); do [ -S $T/s ] && break; sleep 0.1; done; "
                + "sleep 0.2\n"
                + "$K --network=none do python3 client 2>&1 | tail -n 1; $K --host-uds=open "
                        + "--network=none do python3 client\n"
                + "$K --host-uds=open --directfs=false do python3 client; wait")
                .is(0, "ConnectionRefusedError: [Errno 111] Connection refused\nhello inside []\nhello "
                        + "inside []\n");
        shell.run("$K --host-uds=some do true").failed("--host-uds");
    }

    /** A server in a volume, reached from outside and inside; who else listens outside, by "all" alone. */
    @Test
    void hostSocketsMadeWhenAskedFor() throws Exception {
        Files.writeString(directory.resolve("inside"), """
                import os, socket, struct, threading
                s = socket.socket(socket.AF_UNIX); os.umask(0o27); s.bind('in'); s.listen(5)
                print(s.getsockname(), oct(os.stat('in').st_mode), flush=True)
                def serve():
                    for i in range(2):
                        c, a = s.accept()
                        uid = struct.unpack('iii', c.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
                        print(repr(a), c.getsockname(), c.recv(100), uid == os.getuid(), flush=True); c.sendall(b'served'); c.close()
                t = threading.Thread(target=serve); t.start()
                c = socket.socket(socket.AF_UNIX); c.connect('in'); c.sendall(b'from inside'); print(c.getpeername(), c.recv(100), flush=True)
                t.join()
                try: socket.socket(socket.AF_UNIX).bind('in')
                except OSError as e: print(e.strerror)
                os.unlink('in')
                c = socket.socket(socket.AF_UNIX)
                try: c.connect('out'); print('connected')
                except OSError as e: print(e.strerror)
                d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); d.bind('datagrams')
                print(d.recvfrom(100))
                """);
        Files.writeString(directory.resolve("outside"), """
                import os, socket, time
                o = socket.socket(socket.AF_UNIX); o.bind('out'); o.listen(5)
                while not os.path.exists('in'): time.sleep(0.05)
                time.sleep(0.2)
                s = socket.socket(socket.AF_UNIX); s.connect('in'); s.sendall(b'from outside'); s.recv(100) == b'served' or print('no')
                while not os.path.exists('datagrams'): time.sleep(0.05)
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'datagram', 'datagrams')
                os.unlink('out'); os.unlink('datagrams')
                """);
        String expected = "in 0o140750\n'' in b'from inside' True\nin b'served'\n'' in b'from outside' True\n"
                + "Address already in use\n%s\n(b'datagram', None)\n";
        for (String flags : new String[] {"--host-uds=create", "--host-uds=all --network=none", "--host-uds=all --directfs=false"}) {
            shell.run("cd $T; python3 outside & timeout 60 $K " + flags + " do -v $T python3 inside; wait")
                    .is(0, expected.formatted(flags.contains("all") ? "connected" : "Connection refused"));
        }
        shell.run("cd $T; $K --host-uds=open do -v $T python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('x')\"; "
                + "python3 -c \"import socket; socket.socket(socket.AF_UNIX).connect('x')\" 2>&1 | tail -n 1")
                .is(0, "ConnectionRefusedError: [Errno 111] Connection refused\n");
    }

    /** A socket of the host's is no way to names that the host would look up. */
    @Test
    void hostSocketsReachNoOtherName() throws Exception {
        Files.writeString(directory.resolve("names"), """
                import socket, sys
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
                    s = socket.socket(socket.AF_UNIX, kind)
                    try: s.connect('allowed' + str(int(kind)))
                    except OSError as e: print('allowed', e.strerror)
                    for name in ('\\0' + sys.argv[1] + str(int(kind)), sys.argv[2]):
                        for call in (lambda: s.sendto(b'secret', name), lambda: name[0] == '/' or s.connect(name), lambda: s.bind(name)):
                            try: call() is True or print('reached', name)
                            except OSError as e: pass
                """);
        Files.writeString(directory.resolve("listen"), """
                import os, select, socket, sys, time
                all, kept = [], []
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
                    for name in ('allowed' + str(int(kind)), '\\0' + sys.argv[1] + str(int(kind)), 'path' + str(int(kind))):
                        s = socket.socket(socket.AF_UNIX, kind); s.bind(name)
                        if kind != socket.SOCK_DGRAM: s.listen(5)
                        (kept if name[0] == 'a' else all).append(s)
                print('listening', flush=True); time.sleep(float(sys.argv[2]))
                print('reached' if select.select(all, [], [], 0)[0] else 'not reached', flush=True)
                """);
        for (String setting : new String[] {"on", "off"}) {
            shell.run("cd $T; rm -f allowed* path* o; python3 listen names$$ 2 > $T/o & until grep -qs listening o; do sleep 0.05; done; "
                    + "KERNELET_NAMESPACES=" + setting + " $K --host-uds=all do -v $T python3 names names$$ $T/path2 2> /dev/null; "
                    + "wait; cat o").is(0, "listening\nnot reached\n");
        }
    }

    @Test
    void hostFifosWhenAskedFor() throws Exception {
        shell.run("cd $T; mkfifo f; for flag in '' --directfs=false; do\n"
                + "(sleep 0.3; echo in > f) & timeout 60 $K --host-fifo=open $flag do cat f; wait\n"
                + "timeout 60 cat f & sleep 0.5; $K --host-fifo=open $flag do sh -c 'echo out > f'; wait; "
                        + "done\n"
                + "$K do sh -c 'timeout 1 cat f; echo $?'").is(0, "in\nout\nin\nout\n124\n");
    }

    // ---- --directfs=false
    /** What the process outside refuses, whatever it is asked. */
    @Test
    void theProcessOutsideOpensOnlyBeneath() throws Exception {
        Path source = Path.of(System.getProperty("kernelet.root"), "conformance/environments/outside.c");
        shell.run("gcc -O1 -Wall -Werror -o $T/outside " + source).is(0, "");
        shell.run("mkdir $T/o; timeout 20 $T/outside $T/o; cat $T/o/file $T/x 2> /dev/null").is(1, """
                create ok
                itself ok
                above EINVAL
                slash EINVAL
                absolute EINVAL
                link ELOOP
                device EACCES
                mkdir ok
                mknod device EPERM
                rename above EINVAL
                link above EINVAL
                statx ok
                statx to somewhere EINVAL
                name from somewhere EINVAL
                negative offset EINVAL
                readlink too long EINVAL
                connect ENOSYS
                execve ENOSYS
                openat ENOSYS
                kill ENOSYS
                seal again ENOSYS
                maps again ENOSYS
                after its end EIO
                """);
    }

    @Test
    void filesByTheProcessOutside() throws Exception {
        String work = "sh -c 'cd $T/w && echo x > a && ln -s a b && mkdir d && mv a d && ln d/a c && "
                + "chmod 640 c && ls -R && cat c'";
        shell.run("mkdir -m 777 $T/w");
        String native_ = shell.runAsUser(work + "; rm -r $T/w/*").out();
        shell.runAsUser("$K --directfs=false do --volume $T " + work + "; rm -r $T/w/*").is(0, native_);
        // Its death is an errno for programs, and the sandbox ends in order.
        shell.runAsUser("$K --directfs=false do sh -c 'echo ready; read x; echo /*; cat /etc/hostname || "
                + "echo gone' > $T/ready 2> $T/e"
                + " < <(while [ ! -e $T/go ]; do sleep 0.1; done; echo) &\n"
                + "p=$!; for i in $(seq 300); do [ -s $T/ready ] && break; sleep 0.1; done\n"
                + "kill -9 $(pgrep -P $p kernelet-files); touch $T/go; wait $p; tail -n 1 $T/ready").is(0,
                        "gone\n");
    }

    /** Files can be opened beneath /proc alone, and names cannot be changed. */
    @Test
    void theSentrysListWithTheProcessOutside() throws Exception {
        String names = "^(openat2|statx|readlinkat|mkdirat|renameat2|linkat|unlinkat|fchownat|symlinkat)";
        shell.run("$K --directfs=false doctor --security --volumes | grep -cE '" + names + "'").is(0, "1\n");
        shell.run("$K --directfs=false doctor --security | grep -cE '^openat2: .*argument 0 is one "
                + "of'").is(0, "1\n");
    }

    /** Descriptors beyond the first three, and the Sentry's own environment, are not the program's. */
    @Test
    void nothingOfTheCallersLeaks() throws Exception {
        Files.writeString(directory.resolve("secret"), "secret");
        shell.run("exec 7< $T/secret 9<> $T/secret; $K do sh -c 'ls /proc/self/fd | sort | tr \"\\n\" \" \"; cat <&7' 2>&1 | "
                + "grep -o '^0 1 2 [0-9]* '").is(0, "0 1 2 3 \n");
    }

    // ---- processes forked behind the Sentry's back: a program that jumps into its stub

    private void buildRogue() throws Exception {
        Path source = Path.of(System.getProperty("kernelet.root"), "conformance/environments/rogue.c");
        shell.run("gcc -O1 -Wall -Werror -o $T/rogue " + source + " && chmod -R a+rX $T").is(0, "");
    }

    /** Nothing is born that the Sentry has not ordered, and whoever tries is killed; others do not notice. */
    @ParameterizedTest
    @ValueSource(strings = {"one", "thread", "bomb"})
    void rogues(String kind) throws Exception {
        buildRogue();
        shell.run("$K do sh -c '$T/rogue " + kind + "; echo status $?; sleep 0.1; echo others go on'").is(0,
                "forks\nstatus 137\nothers go on\n");
        shell.runAsUser("$K do $T/rogue " + kind).is(137, "forks\n");
    }

    private static final String UNASKED = "KERNELET_VM_OPTIONS=-Dkernelet.births=off ";

    /** Where the host does not tell of births, they are found. */
    @Test
    void aRogueProcessIsFoundAndItsMakerToo() throws Exception {
        buildRogue();
        shell.run(UNASKED + "$K do sh -c '$T/rogue one; echo status $?; sleep 0.1; echo others go on'").is(0,
                "forks\nstatus 137\nothers go on\n");
        shell.runAsUser(UNASKED + "$K do $T/rogue one").is(137, "forks\n");
    }

    /**
     * Nothing is left of it: see nothingLeft. With the host's limit of processes: without one the bomb leaves
     * nobody a processor to end it from.
     */
    @Test
    void manyRoguesEndTheSandbox() throws Exception {
        buildRogue();
        shell.runAsUser("ulimit -u 500; " + UNASKED + "$K do sh -c '$T/rogue bomb; sleep 100'").is(137, "forks\n");
    }

    @Test
    void doctorSaysWhatIsInForce() throws Exception {
        String layers = "$K --network=none doctor --security | grep -c -E '^(no_new_privs|host call filter) +in force'";
        shell.run(layers).is(0, "2\n");
        shell.run("$K doctor --security | grep -c '^connect: '").is(0, "1\n");
        shell.run("$K --network=none doctor --security | grep -c '^connect: '").is(1, "0\n");
        shell.run("$K doctor --security extra").failed("doctor", "no argument");
    }
}
