package dev.kernelet.conformance;

import org.junit.jupiter.api.Test;

/**
 * Containers of a pod in one sandbox, made as containerd and CRI-O have it: a first one whose annotation says
 * that it is the sandbox, and others that name it.
 */
class OciPodTest extends Bundles {
    /**
     * {@code pod PYTHON} makes and starts the first container, {@code member NAME PYTHON} the bundle of
     * another, {@code up NAME} makes and starts it.
     */
    private static final String POD = """
            R="$R --pod-sandbox=shared"; mkdir $T/shared
            SHARE='T = os.environ["T"]
            def show(at, what): c["mounts"].append({"destination": at, "type": "bind", "source": T + what})
            show("/shared", "/shared")
            '
            pid_of() { $R state $1 | grep -o '"pid":[0-9]*' | cut -d: -f2; }
            pod() {
                bundle "$SHARE"'c["hostname"] = "the-pod"
            c["annotations"] = {"io.kubernetes.cri.container-type": "sandbox"}
            sh("trap exit TERM; while :; do sleep 1; done")
            '"$1"; mv $T/b $T/pod
                $R create -b $T/pod --pid-file $T/pod.pid $I-pod < /dev/null > $T/pod.out && $R start $I-pod
                pid=$(cat $T/pod.pid)
            }
            member() {
                bundle "$SHARE"'del c["hostname"]
            c["annotations"] = {"io.kubernetes.cri.container-type": "container",
              "io.kubernetes.cri.sandbox-id": "'$I'-pod"}
            for n in c["linux"]["namespaces"]:
                if n["type"] in ("network", "ipc", "uts"):
                    n["path"] = "/proc/'$pid'/ns/" + {"network": "net"}.get(n["type"], n["type"])
            '"$2"; [ $1 = b ] || { rm -rf $T/$1; mv $T/b $T/$1; }
            }
            create() { $R create -b $T/$1 --pid-file $T/$1.pid $I-$1 < /dev/null > $T/$1.out 2>&1; }
            up() { create $1 && $R start $I-$1; }
            until_in() {
                for ((i = 0; i < 200; i++)); do grep -q "$1" $2 2> /dev/null && return; sleep 0.05; done
            }
            mounts() { grep -c " /pod/" /proc/$pid/mountinfo; }
            gone() {
                for ((i = 0; i < 100; i++)); do [ -d /proc/$1 ] || return 0; sleep 0.05; done; echo "$1 lives"
            }
            """;

    private Shell.Result pod(String script) throws Exception { return run(POD + script); }

    /** One process for all of the host that there is of a pod, and a small one for each further container. */
    @Test
    void oneSandbox() throws Exception {
        pod("""
                pod; member a 'c["process"]["user"] = {"uid": 5, "gid": 6}
                c["process"]["env"].append("A=b"); c["process"]["cwd"] = "/tmp"
                c["linux"]["readonlyPaths"] = ["/v"]; c["linux"]["maskedPaths"] = ["/etc"]
                sh("echo $(hostname) $(id -u) $(id -g) $A $PWD; touch /v/x; exec sleep 100")'
                touch $T/a/rootfs/only-a; create a; echo $? $(state $I-a)
                [ $(pid_of $I-a) = $(cat $T/a.pid) ] && echo pid; cat $T/a.out; $R start $I-a
                until_in touch $T/a.out; cat $T/a.out; state $I-a
                tr '\\0' ' ' < /proc/$(cat $T/a.pid)/cmdline; echo; ls -A /proc/$(cat $T/a.pid)/root/
                grep Cap[EP] /proc/$(cat $T/a.pid)/status | sort -u | cut -f2 | sort -u
                member b 'sh("ls /; exec sleep 100")'; up b; until_in v $T/b.out; grep -c only-a $T/b.out
                $R exec $I-a sh -c 'echo $A; ls -d /only-a; exit 5'; echo $?
                $R exec $I-b sh -c 'echo $A; ls -d /only-a 2>&1'; echo $?
                $R exec $I-pod sh -c 'ls -d /only-a 2>&1'; echo $?
                for c in a b pod; do $R ps $I-$c | grep -c sleep; done
                $R list -q | wc -l; mounts
                $R kill $I-a KILL; until_stopped $I-a; for c in a b pod; do state $I-$c; done; $R delete $I-a
                $R kill $I-b TERM; sleep 0.2; state $I-b; $R kill --all $I-b KILL; until_stopped $I-b
                $R delete $I-b; mounts
                $R kill $I-pod TERM; until_stopped $I-pod; $R delete $I-pod
                """).is(0, """
                0 created
                pid
                the-pod 5 6 b /tmp
                touch: cannot touch '/v/x': Read-only file system
                running
                kernelet stand-in\s
                0000000000000000
                0
                b
                /only-a
                5

                ls: cannot access '/only-a': No such file or directory
                2
                ls: cannot access '/only-a': No such file or directory
                2
                1
                1
                1
                3
                6
                stopped
                running
                running
                running
                0
                """);
    }

    /** What pods are made for: in a volume that two show, sockets, FIFOs, locks, watches and futexes work. */
    @Test
    void sharedVolumes() throws Exception {
        pod("""
                cat > $T/shared/server.py <<'P'
                import fcntl, mmap, os, socket, threading, time
                s = socket.socket(socket.AF_UNIX); s.bind("/shared/sock"); s.listen()
                t = socket.socket(); t.bind(("127.0.0.1", 8321)); t.listen()
                os.mkfifo("/shared/fifo")
                f = open("/shared/lock", "w+"); fcntl.flock(f, fcntl.LOCK_EX)
                f.truncate(4096); m = mmap.mmap(f.fileno(), 4096)
                def read(): print("fifo", open("/shared/fifo").read(), flush=True)
                threading.Thread(target=read).start()
                print("up", flush=True)
                c, _ = s.accept(); c.sendall(b"unix " + c.recv(100)); c.close()
                c, _ = t.accept(); c.sendall(b"tcp " + c.recv(100)); c.close()
                while m[0] == 0: time.sleep(0.01)
                print("mapped", m[0], flush=True); open("/shared/new", "w")
                time.sleep(100)
                P
                cat > $T/shared/client.py <<'P'
                import ctypes, fcntl, mmap, os, socket
                c = ctypes.CDLL(None); w = c.inotify_init1(0); c.inotify_add_watch(w, b"/shared", 0x100)
                for s in socket.socket(socket.AF_UNIX), socket.socket():
                    s.connect("/shared/sock" if s.family == socket.AF_UNIX else ("127.0.0.1", 8321))
                    s.sendall(b"socket"); print(s.recv(100).decode())
                open("/shared/fifo", "w").write("through")
                f = open("/shared/lock", "r+")
                try: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB); print("no lock")
                except OSError as e: print(e.strerror)
                m = mmap.mmap(f.fileno(), 4096); m[0] = 7
                print(os.read(w, 100)[16:19].decode())
                P
                pod; member a 'sh("exec python3 /shared/server.py")'; up a; until_in up $T/a.out
                member b 'sh("exec python3 /shared/client.py")'; $R run -b $T/b $I-b < /dev/null; echo $?
                sort $T/a.out; ls $T/state | sed s/$I-//; $R delete --force $I-a; mounts
                $R delete --force $I-pod
                """).is(0, """
                unix socket
                tcp socket
                Resource temporarily unavailable
                new
                0
                fifo through
                mapped 7
                up
                a
                pod
                0
                """);
    }

    /**
     * A container that comes again shows what another still does; a file system goes with its last
     * container.
     */
    @Test
    void comingAndGoing() throws Exception {
        pod("""
                pod; touch $T/shared/{one,q}; echo single > $T/file; mkdir $T/second; echo 2 > $T/second/f
                FILE='for name in "file", "second": show("/v/" + name, "/" + name)
                '
                member a "$FILE"'sh("mkfifo /shared/p; exec cat /shared/p")'; up a
                for ((n = 0; n < 20; n++)); do
                    member b "$FILE"'sh("ls /shared | wc -l; cat /v/file; ls /v; echo > /shared/q; exit 3")'
                    $R run -b $T/b $I-b < /dev/null > $T/b.out 2>&1; echo $? $(cat $T/b.out)
                done | sort | uniq -c
                mounts; member b "$FILE"'sh("exec sleep 100")'; up b; $R delete --force $I-a; mounts
                $R exec $I-b sh -c 'ls /shared; cd /v/second; cat f; echo x > made; mv made m; cat m'
                $R delete --force $I-b; mounts; ls /proc/$pid/fd | wc -l > $T/before
                for ((n = 0; n < 20; n++)); do $R run -b $T/b $I-b 2>&1 < /dev/null & sleep 0.3
                    $R delete --force $I-b; wait; done
                echo $(($(ls /proc/$pid/fd | wc -l) - $(cat $T/before) < 20))
                mounts; $R delete --force $I-pod
                """).is(0, "     20 3 3 single file second\n5\n6\none\np\nq\n2\nx\n0\n1\n0\n");
    }

    /** Whoever is killed, at whatever moment: the others go on, or all end; delete cleans up. */
    @Test
    void whoeverIsKilled() throws Exception {
        pod("""
                pod; member a 'sh("sleep 1000 & sleep 1000 & exec sleep 1000")'
                member b 'sh("exec sleep 1000")'
                up a; up b; kill -9 $(cat $T/a.pid); until_stopped $I-a
                for ((i = 0; i < 20; i++)); do [ $($R ps $I-pod | grep -c sleep) = 1 ] && break; done
                $R exec $I-b true; echo stand-in $? $(state $I-b); $R delete $I-a; echo $?
                create a; kill -9 $(cat $T/a.pid); until_stopped $I-a
                $R start $I-a 2> /dev/null; echo $?; $R delete $I-a
                create a; $R kill $I-a TERM; until_stopped $I-a; $R delete $I-a; echo created $?; mounts
                for ms in 00 02 05 08 10 12 14 16 18 20 25 30; do
                    $R create -b $T/a --pid-file $T/a.pid $I-a < /dev/null > $T/a.out 2>&1 & c=$!
                    sleep 0.$ms; kill -9 $(pgrep -P $c) $c 2> /dev/null; wait $c 2> /dev/null
                    sleep 0.05; $R delete --force $I-a || echo delete at 0.$ms
                done
                $R exec $I-b echo b lives; mounts
                up a; kill -9 $pid; until_stopped $I-pod; until_stopped $I-a; until_stopped $I-b
                gone $(cat $T/a.pid); gone $(cat $T/b.pid)
                $R exec $I-a true 2>&1 | head -n 1 | grep -c "not running"
                create c; member c ''; create c; head -n 1 $T/c.out | sed s/$I-//
                for c in a b pod; do $R delete $I-$c; echo $?; done
                """).is(0, "stand-in 0 running\n0\n1\ncreated 0\n3\nb lives\n3\n1\n"
                + "kernelet: the sandbox pod of its pod is stopped, not running\n0\n0\n0\n");
    }

    /** The engine's process ends as the program does. */
    @Test
    void exitStatus() throws Exception {
        pod("""
                cat > $T/reaper.py <<'P'
                import ctypes, os, subprocess, sys
                ctypes.CDLL(None).prctl(36, 1)
                out = open(os.environ["T"] + "/r.out", "w")
                subprocess.check_call(sys.argv[2].split(), stdin=subprocess.DEVNULL, stdout=out)
                pid = int(open(sys.argv[1]).read()); subprocess.check_call(sys.argv[3].split())
                while True:
                    p, status = os.wait()
                    if p == pid: break
                print(os.waitstatus_to_exitcode(status))
                P
                pod; export T
                for script in "exit 7" "exit 1" "exec sleep 100"; do
                    member a "sh(\\"echo out; $script\\")"; [ "$script" != "exec sleep 100" ] ||
                        { until_in out $T/r.out; sleep 0.5; $R kill $I-a KILL; } &
                    python3 $T/reaper.py $T/a.pid "$R create -b $T/a --pid-file $T/a.pid $I-a" "$R start $I-a"
                    cat $T/r.out; $R delete $I-a; : > $T/r.out; done
                $R delete --force $I-pod
                """).is(0, "7\nout\n1\nout\n137\nout\n");
    }

    @Test
    void asAsked() throws Exception {
        pod("""
                pod; R="${R/shared/separate}"; member a 'sh("exec sleep 100")'; up a; mounts
                grep -c libjvm /proc/$(cat $T/a.pid)/maps | sed s/[1-9].*/jvm/; $R exec $I-a echo own
                $R delete --force $I-a
                R="${R/separate/shared}"
                member a 'c["annotations"]["io.kubernetes.cri.sandbox-id"] = "nobody"; sh("echo alone")'
                $R run -b $T/a $I-a; mounts
                member a 'c["annotations"] = {"io.kubernetes.cri-o.ContainerType": "container",
                  "io.kubernetes.cri-o.SandboxID": "'$I'-pod"}; sh("exec sleep 10")'; up a; mounts
                $R delete --force $I-a
                F=dev.kernelet.flag.pod-sandbox
                member a 'c["annotations"]["'$F'"] = "separate"; sh("echo by annotation")'
                $R run -b $T/a $I-a; member a 'c["annotations"]["'$F'"] = "shared"'
                $R run -b $T/a $I-a 2>&1 | grep -o "must be separate"
                member a 'c["linux"]["namespaces"] = [{"type": "network"}]'
                $R run -b $T/a $I-a 2>&1 | head -n 1 | sed s/$I-//
                $R delete --force $I-pod
                """).is(0, "0\njvm\nown\nalone\n0\n3\nby annotation\nmust be separate\n"
                + "kernelet: config.json: linux.namespaces: network: not that of the pod's sandbox pod\n");
    }
}
