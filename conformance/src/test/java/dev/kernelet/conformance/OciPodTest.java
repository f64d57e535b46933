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
            sh("trap exit TERM; sleep 1000000 & wait")
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
                member b 'c["process"]["args"] = ["nosuch"]'; for ((n = 0; n < 30; n++)); do
                    create b; $R exec $I-pod nosuch 2> /dev/null < /dev/null; done
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

    /** One that answers nobody does not keep engines waiting. */
    @Test
    void aSandboxThatDoesNotAnswer() throws Exception {
        pod("""
                pod; for c in a b; do member $c 'sh("exec sleep 1000")'; up $c; done; kill -STOP $pid
                t=$SECONDS; $R kill $I-a KILL; echo $?; until_stopped $I-a
                $R delete $I-a 2> /dev/null; echo $?; [ $((SECONDS - t)) -lt 30 ] || echo late
                mounts; kill -CONT $pid
                state $I-b; $R exec $I-b echo b lives
                for ((i = 0; i < 50; i++)); do [ $($R exec $I-pod pgrep -c sleep) = 2 ] && break; done
                $R exec $I-pod pgrep -c sleep; $R delete --force $I-b; $R delete --force $I-pod
                """).is(0, "0\n0\n3\nrunning\nb lives\n2\n");
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
                member a 'c["annotations"] = {"io.container.manager": "libpod",
                  "io.kubernetes.cri-o.SandboxID": "'$I'-pod"}; sh("exec sleep 10")'; up a; mounts # podman 5
                $R delete --force $I-a
                F=dev.kernelet.flag.pod-sandbox
                member a 'c["annotations"]["'$F'"] = "separate"; sh("echo by annotation")'
                $R run -b $T/a $I-a; member a 'c["annotations"]["'$F'"] = "shared"'
                $R run -b $T/a $I-a 2>&1 | grep -o "must be separate"
                for f in network=none fd-limit=100; do
                    member a 'c["annotations"]["dev.kernelet.flag.'${f%=*}'"] = "'${f#*=}'"
                    sh("exec sleep 10")'
                    up a; echo $f $(mounts); $R delete --force $I-a; done
                member a 'c["linux"]["namespaces"] = [{"type": "network"}]'
                $R run -b $T/a $I-a 2>&1 | head -n 1 | sed s/$I-//
                $R delete --force $I-pod
                """).is(0, "0\njvm\nown\nalone\n0\n3\n3\nby annotation\nmust be separate\n"
                + "network=none 0\nfd-limit=100 0\n"
                + "kernelet: config.json: linux.namespaces: network: not that of the pod's sandbox pod\n");
    }

    /** Numbers of its own, those of another container, or the sandbox's, as config.json says. */
    @Test
    void pidNamespaces() throws Exception {
        pod("""
                NS='l = c["linux"]; l["namespaces"] = [n for n in l["namespaces"] if n["type"] != "pid"]
                '
                pod; member a 'sh("echo $$ $(ls -d /proc/[0-9]* | head -n 1); sleep 1000 & exec sleep 1000")'
                up a; until_in . $T/a.out; cat $T/a.out; $R exec $I-a pgrep sleep
                OF='l["namespaces"].append({"type": "pid", "path": "/proc/'$(cat $T/a.pid)'/ns/pid"})
                '
                member b "$NS$OF"'sh("exec sleep 998")'; up b
                $R exec $I-b ps -C sleep -o pid=,args= | awk '{ print ($1 == 1), $3 }'
                $R exec $I-b kill -TERM 1; $R exec $I-a sh -c 'kill -KILL 1; kill -0 1'; echo $?
                member c "$NS"'sh("exec sleep 999")'; up c
                $R exec $I-c ps -o args= 1; $R exec $I-c pgrep -c sleep
                ns() { $R exec $1 readlink /proc/self/ns/pid; }; [ $(ns $I-c) = $(ns $I-pod) ] && echo same
                $R kill $I-c TERM; until_stopped $I-c
                $R kill $I-a KILL; until_stopped $I-a; until_stopped $I-b
                for c in a b c; do $R delete $I-$c; done
                member d "$NS$OF"'sh("exec sleep 997")'; create d; echo $? $(grep -c "of one that has ended" $T/d.out)
                $R exec $I-pod pgrep -c sleep; $R delete --force $I-pod
                """).is(0, """
                1 /proc/1
                1
                5
                1 1000
                0 1000
                0 998
                0
                sh -c trap exit TERM; sleep 1000000 & wait
                5
                same
                1 1
                1
                """);
    }

    /** What is counted and limited is the container's own; pause and resume are for it alone. */
    @Test
    void limitsAndPause() throws Exception {
        pod("""
                cat > $T/shared/count.py <<'P'
                import os, time
                if os.fork() == 0:
                    while True: pass
                n = 0
                while True:
                    n += 1; open("/shared/n", "w").write(str(n)); time.sleep(0.02)
                P
                pod; member a 'c["process"]["oomScoreAdj"] = 300; c["linux"]["resources"] = {"memory":
                  {"limit": 100 << 20}, "pids": {"limit": 9}, "cpu": {"quota": 50000, "period": 100000}}
                c["mounts"].append({"destination": "/cg", "type": "cgroup", "source": "cgroup"})
                sh("exec python3 /shared/count.py")'
                up a; until_in . $T/shared/n; cat /proc/$pid/oom_score_adj
                x() { sleep 0.1; cat $T/shared/n; $R events --stats $I-a | grep -o 'total":[0-9]*'; }
                $R pause $I-a; state $I-a; x=$(x); sleep 0.3; [ "$x" = "$(x)" ] && echo stands
                $R exec $I-a true 2> /dev/null; echo $?; $R exec $I-pod pgrep -c python3
                $R resume $I-a; state $I-a; sleep 0.2; [ "$x" != "$(x)" ] && echo goes
                $R exec $I-a sh -c 'cd /cg; cat memory.max pids.max cpu.max pids.current
                  grep -c . cgroup.procs; grep MemTotal /proc/meminfo'
                $R exec $I-a sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 9 & done' 2>&1 | grep -c "Cannot fork"
                $R update --pids-limit 20 --memory 200M $I-a; $R exec $I-a cat /cg/memory.max /cg/pids.max
                $R exec $I-a python3 -c 'import time; x = bytearray(150 << 20); print(150, flush=True)
                y = bytearray(150 << 20); time.sleep(9)'; echo $? $(state $I-a)
                $R pause $I-a; $R kill $I-a KILL; until_stopped $I-a; $R delete $I-a
                create a; $R start $I-a; $R pause $I-a; $R delete --force $I-a; echo $?
                $R pause $I-pod; create a; head -n 1 $T/a.out | sed s/$I-//; $R resume $I-pod
                $R delete --force $I-pod
                """).is(0, """
                300
                paused
                stands
                1
                2
                running
                goes
                104857600
                9
                50000 100000
                4
                4
                MemTotal:         102400 kB
                1
                209715200
                20
                150
                137 running
                0
                kernelet: the sandbox pod of its pod is paused, not running
                """);
    }

    /** Hooks of all kinds, where they are to run. */
    @Test
    void hooks() throws Exception {
        pod("""
                H='def h(kind, script):
                    c.setdefault("hooks", {}).setdefault(kind, []).append({"path": "/bin/sh",
                      "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin", "T=" + T]})
                for n in "prestart", "createRuntime", "createContainer", "poststart", "poststop":
                    h(n, "echo " + n + " $(grep -c creat) >> $T/h")
                h("startContainer", "echo startContainer $(grep -c created) $(hostname) >> /shared/in")
                '
                pod; member a "$H"'sh("cat /shared/in; exec sleep 100")'; up a; until_in start $T/a.out
                cat $T/a.out; $R delete --force $I-a; cat $T/h
                member a "$H"'h("startContainer", "echo why; exit 4"); sh("echo not")'; create a
                $R start $I-a 2>&1 | head -n 1; until_stopped $I-a; $R delete $I-a; cat $T/a.out
                member a "$H"'h("poststart", "exit 5"); sh("exec sleep 100")'; create a
                $R start $I-a 2>&1 | head -n 1; until_stopped $I-a; $R delete $I-a
                member a "$H"'h("createContainer", "exit 6"); sh("echo not")'; create a
                head -n 1 $T/a.out; mounts
                $R run -b $T/a $I-a > /dev/null 2>&1; echo $?; $R delete --force $I-pod
                """).is(0, """
                startContainer 1 the-pod
                prestart 1
                createRuntime 1
                createContainer 1
                poststart 1
                poststop 1
                kernelet: startContainer hook /bin/sh: exit status 4, output: why
                kernelet: poststart hook /bin/sh: exit status 5
                kernelet: createContainer hook /bin/sh: exit status 6
                0
                1
                """);
    }

    /** A terminal of the engine's, whose size changes, and those of others out of reach. */
    @Test
    void terminals() throws Exception {
        pod("""
                cat > $T/console.py <<'P'
                import array, fcntl, os, signal, socket, subprocess, sys, termios, time
                s = socket.socket(socket.AF_UNIX); s.bind("console"); s.listen()
                p = subprocess.Popen(sys.argv[1].split(), stdin=subprocess.DEVNULL)
                c, _ = s.accept(); fd = socket.recv_fds(c, 100, 1)[1][0]; print(p.wait())
                subprocess.check_call(sys.argv[2].split())
                def until(text, got=b""):
                    while text not in got: got += os.read(fd, 1000)
                    return got
                print(until(b"ready").decode().replace("\\r", "").strip())
                fcntl.ioctl(fd, termios.TIOCSWINSZ, array.array("H", [33, 77, 0, 0]))
                os.kill(int(open(sys.argv[3]).read()), signal.SIGWINCH)
                until(b"33 77"); os.write(fd, b"typed\\n"); until(b"got typed"); print("typed")
                try:
                    while os.read(fd, 100): pass
                except OSError: pass
                print("end")
                P
                pod; member a 'p = c["process"]; p["terminal"] = True
                p["consoleSize"] = {"height": 20, "width": 60}
                sh("tty; stty size; trap \\"stty size\\" WINCH; echo ready"
                   "; while ! read x; do :; done; echo got $x")'
                python3 $T/console.py "$R create -b $T/a --pid-file $T/a.pid --console-socket console $I-a" \
                    "$R start $I-a" $T/a.pid
                until_stopped $I-a; $R delete $I-a
                member a 'sh("exec sleep 1000")'; up a; member b 'sh("exec sleep 1000")'; up b
                script -qefc "$R exec --tty $I-a sh -c 'tty; sleep 2'" $T/tty > /dev/null < /dev/null &
                until_in pts.0 $T/tty; grep -ao '/dev/pts/.' $T/tty
                $R exec $I-b sh -c 'ls /dev/pts; ls -l /proc/*/fd/* 2> /dev/null | grep -c pts'
                wait; $R delete --force $I-a; $R delete --force $I-b; $R delete --force $I-pod
                """).is(0, "0\n/dev/pts/0\n20 60\nready\ntyped\nend\n/dev/pts/0\nptmx\n0\n");
    }

    /** Who leaves a container's terminal unread does not stop the others when its program ends. */
    @Test
    void unreadTerminal() throws Exception {
        pod("""
                echo "tr '\\0' x < /dev/zero & sleep 1; exit 5" > $T/shared/fill
                cat > $T/shared/gaps.py <<'P'
                import time
                longest = 0; start = last = time.monotonic(); print("up", flush=True)
                while last < start + 5:
                    time.sleep(0.01); now = time.monotonic(); longest = max(longest, now - last); last = now
                print(longest < 1.6 or longest, flush=True)
                P
                pod; member a 'sh("exec sleep 1000")'; up a
                member b 'sh("exec python3 /shared/gaps.py")'; up b; until_in up $T/b.out
                python3 - $R exec --tty $I-a sh /shared/fill <<'P'
                import os, subprocess, sys
                m, s = os.openpty()
                print(subprocess.run(sys.argv[1:], stdin=s, stdout=s, stderr=s).returncode)
                P
                until_stopped $I-b; cat $T/b.out
                $R delete --force $I-a; $R delete --force $I-b; $R delete --force $I-pod
                """).is(0, "5\nup\nTrue\n");
    }

    /** Another user who gets as far as the control socket is not answered; what fails harms and leaves nothing. */
    @Test
    void control() throws Exception {
        pod("""
                pod; member a 'sh("exec sleep 1000")'; up a
                chmod 755 $T $T/state $T/state/*-pod; chmod 777 $T/state/*-pod/control
                setpriv --reuid 1234 --regid 1234 --clear-groups /usr/bin/python3 - $T/state/*-pod/control <<'P'
                import socket, sys
                s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(100))
                P
                $R exec $I-a echo lives; limit=$(prlimit --pid $pid --nofile --noheadings --output SOFT)
                prlimit --pid $pid --nofile=5:; timeout 1 $R exec $I-a true 2> /dev/null; prlimit --pid $pid --nofile=$limit:
                $R exec $I-a echo lives without descriptors
                cp -r $T/state/$I-a $T/state/$I-x; sed -i s/$I-a/$I-x/ $T/state/$I-x/state.json
                n=$(ls /proc/$pid/fd | wc -l)
                for ((i = 0; i < 10; i++)); do $R exec $I-x true < /dev/null 2>&1 | grep -o "knows no"; done | uniq
                echo $(($(ls /proc/$pid/fd | wc -l) - n < 10))
                rm -r $T/state/$I-x; $R delete --force $I-a; $R delete --force $I-pod
                """).is(0, "b''\nlives\nlives without descriptors\nknows no\n1\n");
    }

    /** What one container has is out of the others' reach, whatever their root may do inside. */
    @Test
    void apart() throws Exception {
        pod("""
                ROOT='caps = ["CAP_" + n for n in ("SYS_ADMIN", "MKNOD", "SYS_PTRACE", "DAC_READ_SEARCH",
                  "KILL", "SYS_CHROOT")]
                for s in "bounding", "effective", "permitted": c["process"]["capabilities"][s] = caps
                '
                # The state directory, shown to a container, is no way to the sandbox either.
                STATE='show("/v", "/state")
                '
                pod "$ROOT"; member a "$ROOT"'sh("echo secret > /v/secret; exec sleep 1000")'; up a
                member b "$ROOT$STATE"'sh("exec sleep 1000")'; up b; until_in secret $T/a/rootfs/v/secret
                cat > $T/shared/try <<'S'
                cat /proc/*/root/v/secret /pod/*/0/v/secret 2> /dev/null && echo read
                ls /pod /run/kernelet 2> /dev/null
                mknod /dev/p c 136 0 && dd count=0 if=/dev/p 2> /dev/null && echo opened a terminal
                mknod /dev/m c 5 2 && (exec 3<> /dev/m; ls /dev/pts)
                pgrep -c .; nsenter --mount=/proc/1/ns/mnt ls /v/secret 2> /dev/null
                unshare --mount sh -c 'mount -t proc x /proc; ls /proc/*/root/v/secret' 2> /dev/null
                for s in /v/*-pod/control; do python3 -c 'import socket, sys
                s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print("connected")' $s 2>&1 | tail -n 1
                done
                kill -9 -1 2> /dev/null; echo done
                S
                script -qefc "$R exec --tty $I-a sleep 5" /dev/null > /dev/null < /dev/null & sleep 0.5
                $R exec $I-a ls /dev/pts; $R exec $I-b sh /shared/try; $R exec $I-a ls /dev/pts; wait
                state $I-a; state $I-pod; $R exec $I-a cat /v/secret
                $R delete --force $I-a; $R delete --force $I-b; $R delete --force $I-pod
                """).is(0, "0\nptmx\n0\nptmx\n2\n"
                + "ConnectionRefusedError: [Errno 111] Connection refused\ndone\n0\nptmx\nrunning\nrunning\nsecret\n");
    }

    /** Of the host: what containers show, a file without its directory; nothing can be added from within. */
    @Test
    void whatTheSentryReaches() throws Exception {
        pod("""
                mkdir $T/dir; echo one > $T/dir/one; echo two > $T/dir/two; R="$R --overlay2=all:memory"
                pod; member a 'show("/v/one", "/dir/one"); sh("cat /v/one; exec sleep 1000")'; up a
                until_in one $T/a.out; cat $T/a.out; cd /proc/$pid/root; ls -A . ; ls -A pod/*/3
                awk '{ split($6, o, ","); print $5, o[1] }' /proc/$pid/mountinfo | sed 's/[0-9.]*[.][0-9]*/C/' | sort
                touch pod/x; mkdir pod/*/x; cd $T
                for c in $(grep -h Cap[EP] /proc/$pid/task/*/status | cut -f2 | sort -u); do
                    echo SYS_ADMIN $((0x$c >> 21 & 1)); done | sort -u
                grep -h NoNewPrivs /proc/$pid/task/*/status | sort -u
                $R exec $I-a sh -c 'echo new > /v/one; echo > /shared/new'; cat $T/dir/one; ls $T/shared
                $R delete --force $I-a; awk '{ print $5 }' /proc/$pid/mountinfo | sort; $R delete --force $I-pod
                """).is(0, """
                one
                pod
                one
                / ro
                /pod ro
                /pod/C/0 ro
                /pod/C/1 ro
                /pod/C/2 ro
                /pod/C/3/one ro
                SYS_ADMIN 0
                NoNewPrivs:\t1
                one
                /
                /pod
                """);
    }
}
