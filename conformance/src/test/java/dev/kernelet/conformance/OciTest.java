package dev.kernelet.conformance;

import org.junit.jupiter.api.Test;

/** The commands of the OCI runtime on bundles, as an engine calls them. */
class OciTest extends Bundles {
    @Test
    void runToTheEnd() throws Exception {
        run("bundle 'sh(\"echo hello; id -u; exit 7\")'; $R run -b $T/b $I-a").is(7, "hello\n0\n");
        run("bundle 'sh(\"sleep 100 & kill -9 $!; wait $!; exit $?\")'; $R run -b $T/b $I-a").is(137, "");
        run("cd $T; bundle 'sh(\"exec cat\")'; cd b; echo through | $R run $I-a").is(0, "through\n");
    }

    @Test
    void lifecycle() throws Exception {
        run("""
                bundle 'sh("echo started; exec sleep 100")'
                $R create -b $T/b --pid-file $T/pid $I-a < /dev/null > $T/out; echo $?; state $I-a
                [ "$($R state $I-a | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')" = "$(cat $T/pid)" ] && echo pid
                [ -s $T/out ] || echo not yet
                $R start $I-a; echo $?; state $I-a; sleep 0.3; cat $T/out
                $R exec $I-a sh -c 'exit 5'; echo $?
                $R exec --user 1:2 --cwd /tmp --env A=b $I-a sh -c 'echo $A $PWD $(id -u) $(id -g)'
                $R ps --format json $I-a | python3 -c 'import json, sys; print(len(json.load(sys.stdin)) > 0)'
                $R pause $I-a; state $I-a; $R resume $I-a; state $I-a
                $R list -q | grep -c "^$I-a$"; $R delete $I-a 2> /dev/null; echo $?
                $R kill $I-a KILL; until_stopped $I-a; state $I-a; $R delete $I-a; echo $?
                $R state $I-a 2> /dev/null; echo $?
                """).is(0, "0\ncreated\npid\nnot yet\n0\nrunning\nstarted\n5\nb /tmp 1 2\nTrue\npaused\nrunning\n"
                + "1\n1\nstopped\n0\n1\n");
    }

    /**
     * What an engine asks for takes no class from elsewhere than the AOT cache: one that the virtual machine
     * makes (a lambda's) or reads from a file costs a millisecond, and the compiler five megabytes where it
     * first meets the makers.
     */
    @Test
    void commandsTakeTheirClassesFromTheCache() throws Exception {
        run("""
                bundle 'sh("exec sleep 100")'
                export KERNELET_VM_OPTIONS=-Xlog:class+load:file=$T/classes-%p
                $R create -b $T/b $I-a < /dev/null > /dev/null; $R start $I-a; $R state $I-a > /dev/null
                for ((i = 0; i < 3; i++)); do $R exec $I-a true; done
                $R kill $I-a KILL; until_stopped $I-a; $R delete $I-a
                [ $(ls $T/classes-* | wc -l) -ge 8 ] && echo all
                cat $T/classes-* | grep -v 'source: shared objects file' | grep -F '[class,load]' | grep -v opened:
                """).is(1, "all\n");
    }

    /** BuildKit runs its containers so, and deletes them. What could not be made is not kept. */
    @Test
    void runThatKeeps() throws Exception {
        run("""
                bundle 'sh("echo hello; exit 7")'; $R run --keep -b $T/b $I-a; echo $? $(state $I-a)
                $R run -b $T/b $I-a 2>&1 | grep -c exists; $R delete $I-a; echo $? $(ls $T/state)
                bundle 'c["process"]["args"] = ["/no/such"]'; $R run --keep -b $T/b $I-a 2> $T/e; echo $? $(ls $T/state)
                bundle 'sh("exit 9")'; $R run --keep=true -b $T/b $I-a; echo $? $(state $I-a); $R delete $I-a
                bundle 'sh("exit 3")'; $R run --keep=false -b $T/b $I-a; echo $? $(ls $T/state)
                """).is(0, "hello\n7 stopped\n1\n0\n1\n9 stopped\n3\n");
    }

    /** The environment says where the user is at home, from the container's /etc/passwd: as with runc. */
    @Test
    void home() throws Exception {
        run("""
                home() { bundle 'import stat
                def passwd(text): open(T + "/b/rootfs/etc/passwd", "w").write(text)
                T = os.environ["T"]
                passwd("root:x:0:0:root:/root:/bin/sh\\n\\nodd\\nfive:x:5:5::/home/five:/bin/sh\\nsame:x:5:5::/no:\\n")
                sh("echo ${HOME-none}")
                '"$1"; $R run -b $T/b $I-a; }
                home ''; home 'c["process"]["user"] = {"uid": 5, "gid": 5}'
                home 'c["process"]["user"] = {"uid": 6, "gid": 6}'; home 'c["process"]["env"].append("HOME=")'
                home 'c["process"]["env"].append("HOME=/given")'; home 'os.unlink(T + "/b/rootfs/etc/passwd")'
                home 'os.unlink(T + "/b/rootfs/etc/passwd"); os.mkfifo(T + "/b/rootfs/etc/passwd")'
                home 'os.unlink(T + "/b/rootfs/etc/passwd"); os.symlink("/dev/zero", T + "/b/rootfs/etc/passwd")'
                home 'passwd("x" * 9000000 + "\\nroot:x:0:0::/far:")'
                bundle 'open(os.environ["T"] + "/b/rootfs/etc/passwd", "w").write("one:x:1:1::/one:")
                sh("exec sleep 100")'; $R create -b $T/b $I-a < /dev/null > $T/out; $R start $I-a
                for u in 0 1; do $R exec --user $u $I-a sh -c 'echo $HOME'; done
                $R exec --env HOME=/x $I-a sh -c 'echo $HOME'; $R delete --force $I-a
                """).is(0, "/root\n/home/five\n/\n/root\n/given\n/\n/\n/\n/\n/\n/one\n/x\n");
    }

    /** What is started later is in the namespace that the first process has made for itself. */
    @Test
    void execIsWhereTheFirstProcessIs() throws Exception {
        run("""
                bundle 'c["hostname"] = "outer"
                caps = c["process"]["capabilities"]
                for s in "bounding", "effective", "permitted": caps[s] = ["CAP_SYS_ADMIN"]
                sh("hostname; exec unshare --uts --ipc --mount sh -c \\"hostname inner; "
                        + "mount -t tmpfs x /tmp; touch /tmp/inner; exec sleep 100\\"")'
                $R create -b $T/b $I-a < /dev/null > $T/out; $R start $I-a; sleep 0.5; cat $T/out
                $R exec $I-a hostname
                $R exec $I-a readlink /proc/1/ns/{uts,ipc,mnt} /proc/self/ns/{uts,ipc,mnt} | sort -u | wc -l
                $R exec --cwd /tmp $I-a sh -c 'ls; grep -c "^x /tmp" /proc/mounts'
                for ((i = 0; i < 20; i++)); do $R exec $I-a ls /tmp; done | sort | uniq -c | tr -d " "
                $R delete --force $I-a
                """).is(0, "outer\ninner\n3\ninner\n1\n20inner\n");
        run("""
                bundle 'sh("unshare --uts true 2>&1 | grep -o permitted")'; $R run -b $T/b $I-a
                """).is(0, "permitted\n");
    }

    @Test
    void wrongOrders() throws Exception {
        run("""
                bundle 'sh("exec sleep 100")'
                for c in state start "kill" delete pause resume "exec"; do
                    $R $c $I-none true 2> $T/e && echo "$c: no error"; [ $(wc -l < $T/e) -le 2 ] || cat $T/e
                done
                $R delete --force $I-none; echo force $?
                $R create -b $T/b $I-a < /dev/null > /dev/null; $R create -b $T/b $I-a 2>&1 < /dev/null | head -n 1 | grep -c exist
                $R exec $I-a true 2> /dev/null && echo exec before start
                $R start $I-a; $R start $I-a 2> /dev/null && echo started twice
                $R delete --force $I-a; echo $?
                $R create -b $T/b $I-b < /dev/null > /dev/null; kill -9 $($R state $I-b | sed 's/.*"pid":\\([0-9]*\\).*/\\1/')
                until_stopped $I-b; $R delete $I-b; echo $?
                """).is(0, "force 0\n1\n0\n0\n");
    }

    @Test
    void whatTheContainerIs() throws Exception {
        run("""
                bundle 'c["hostname"] = "box"; c["linux"]["resources"] = {"memory": {"limit": 100 << 20}, "pids": {"limit": 9}}
                c["process"]["user"] = {"uid": 5, "gid": 6, "additionalGids": [7], "umask": 0o77}
                c["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 33, "hard": 44}]
                c["mounts"].append({"destination": "/v", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777", "size=64k"]})
                c["linux"]["maskedPaths"] = ["/proc/uptime", "/etc"]; c["linux"]["readonlyPaths"] = ["/v"]
                sh("hostname; id -G; umask; ulimit -Sn; ulimit -Hn; grep MemTotal /proc/meminfo; cat /proc/uptime;"
                   " ls /etc; echo x 2> /dev/null > /v/x || echo read-only; grep CapEff /proc/self/status; grep -c . /proc/1/cmdline")'
                $R run -b $T/b $I-a
                """).is(0, "box\n6 7\n0077\n33\n44\nMemTotal:         102400 kB\nread-only\nCapEff:\t0000000000000000\n3\n");
        run("bundle 'c[\"root\"][\"readonly\"] = True; sh(\"echo > /x\")'; $R run -b $T/b $I-a 2> /dev/null; [ $? != 0 ] && ls $T/b/rootfs/x")
                .is(2, "");
        run("bundle 'sh(\"echo kept > /x\")'; $R run -b $T/b $I-a; cat $T/b/rootfs/x").is(0, "kept\n");
    }

    @Test
    void hooks() throws Exception {
        run("""
                bundle 'h = lambda n: [{"path": "/bin/sh", "args": ["sh", "-c", "echo " + n + " $(grep -o creat.. | head -n 1) >> $T/h"
                  .replace("$T", os.environ["T"])]}]
                c["hooks"] = {n: h(n) for n in ("prestart", "createRuntime", "createContainer", "poststart", "poststop")}; sh("true")'
                $R create -b $T/b $I-a < /dev/null > /dev/null; $R start $I-a; until_stopped $I-a; $R delete $I-a; cut -d' ' -f1 $T/h
                bundle 'c["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}; sh("true")'
                $R create -b $T/b $I-a < /dev/null 2>&1 | head -n 1 | grep -c "createRuntime hook /bin/false: exit status 1"
                """).is(0, "prestart\ncreateRuntime\ncreateContainer\npoststart\npoststop\n1\n");
    }

    @Test
    void hostileBundles() throws Exception {
        run("""
                try() { bundle "$1"; $R run -b $T/b $I-a > /dev/null 2> $T/e < /dev/null; s=$?
                    [ $s = 1 ] && [ "$(wc -l < $T/e)" -le 3 ] && grep -q '^kernelet: ' $T/e &&
                        tail -n 1 $T/log | grep -q '"level":"error"' || { echo "$1: status $s"; head -n 5 \
                $T/e; }; }
                try 'c["hooks"] = {"prestart": [{"path": "relative"}]}'
                try 'c["process"]["user"] = {"uid": "root"}'
                try 'c["process"]["cwd"] = "/proc/version"'
                try 'c = {}'
                try 'c["ociVersion"] = "9.0"'
                try 'c["process"]["args"] = []'
                try 'c["process"]["args"] = ["/no/such/program"]'
                try 'c["process"]["cwd"] = ""'
                try 'c["root"]["path"] = "nowhere"'
                try 'c["mounts"].append({"destination": "/v", "type": "nosuchfs", "source": "x"})'
                try 'c["mounts"].append({"destination": "/v", "type": "bind", "source": "/no/such/source"})'
                try 'c["linux"]["cgroupsPath"] = "/../../../x"'
                try 'c["process"]["rlimits"] = [{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]'
                try 'c["linux"]["namespaces"] = [{"type": "pid"}, {"type": "pid"}]'
                for text in '' '{' '[[[[[[' '{"a":' 'null' '"x"' "$(printf '[%.0s' $(seq 5000))"; do
                    bundle ''; printf %s "$text" > $T/b/config.json; $R run -b $T/b $I-a > /dev/null 2> $T/e < /dev/null && echo "taken: $text"
                    [ "$(wc -l < $T/e)" -le 3 ] || { echo "$text"; head -n 5 $T/e; }
                done
                for id in '' . .. a/b '../x' "$(printf 'x%.0s' $(seq 2000))"; do $R run -b $T/b "$id" > /dev/null 2> $T/e < /dev/null && echo "taken: $id"; done
                python3 -c 'import json, os; [json.loads(l) for l in open(os.environ["T"] + "/log")]; print("log is JSON")'
                """).is(0, "log is JSON\n");
    }

    /** A new UTS namespace has the names of its maker's. */
    @Test
    void namesThatAreNotGiven() throws Exception {
        run("""
                bundle 'c.pop("hostname"); sh("uname -n; cat /proc/sys/kernel/domainname")'
                [ "$($R run -b $T/b $I-a)" = "$(uname -n; cat /proc/sys/kernel/domainname)" ] || echo others
                """).is(0, "");
    }

    /** A signal for the first process, or for all; of a container that has stopped only --all is no error. */
    @Test
    void killAll() throws Exception {
        run("""
                bundle 'sh("trap \\"echo first >> /v/got\\" USR1; sh /v/second & sh /v/second &"
                   "while :; do sleep 0.1; done")'
                cat > $T/b/rootfs/v/second <<'E'
                trap "echo second >> /v/got" USR1; echo up >> /v/up; while :; do sleep 0.1; done
                E
                $R create -b $T/b $I-a < /dev/null > /dev/null; $R start $I-a
                $R exec --detach $I-a sh /v/second < /dev/null > /dev/null 2>&1
                cd $T/b/rootfs/v; touch up got
                until_lines() {
                    for ((i = 0; i < 200; i++)); do [ $(wc -l < $1) = $2 ] && break; sleep 0.05; done; }
                got() { until_lines got $1; sleep 0.3; sort got | uniq -c | xargs; : > got; }
                until_lines up 3
                $R kill $I-a USR1; got 1
                $R kill --all $I-a USR1; got 4
                $R kill $I-a 10 -a; got 4
                $R kill --all $I-a 0; echo $?; $R kill --all $I-a 65 2> /dev/null; echo $?
                $R kill -a $I-a KILL; until_stopped $I-a
                $R kill --all $I-a KILL; echo $?; $R kill $I-a KILL 2> /dev/null; echo $?; $R delete $I-a
                """).is(0, "1 first\n1 first 3 second\n1 first 3 second\n0\n1\n0\n1\n");
    }

    /** What a bundle says is no command to the terminal of who looks: its path, its values, a state file. */
    @Test
    void whatABundleSaysIsNoCommandToATerminal() throws Exception {
        run("""
                E=$'\\033]0;t\\a\\033[2J\\302\\2332J\\r\\177'
                shown() { cat -v $T/o | grep -c '\\^[^J]\\|M-B' || true; }
                export E; bundle 'e = os.environ["E"]; c["annotations"] = {"a" + e: e}; sh("exec sleep 100")'
                mv $T/b "$T/b$E"; $R create -b "$T/b$E" $I-a < /dev/null > $T/o 2>&1; echo $? $(shown)
                for c in "list" "list -q" "list --format json" "state $I-a" "ps $I-a" \
                "events --stats $I-a"; do
                    $R $c > $T/o 2>&1; echo "$c $? $(shown)" | sed s/$I/I/; done
                $R state $I-a | python3 -c 'import json, os, sys; s = json.load(sys.stdin)
                e = os.environ["E"]; print(s["bundle"].endswith("/b" + e), s["annotations"]["a" + e] == e)'
                $R exec $I-a "no$E" > $T/o 2>&1; shown; $R delete --force $I-a
                try() { bundle "e = os.environ['E']; $1"; $R run -b $T/b $I-a > $T/o 2>&1; echo $? $(shown); }
                try 'sh(""); c["process"]["args"] = ["no" + e]'
                try 'c["root"]["path"] = "no" + e'; try 'c[e] = 1; c["process"]["args"] = ["/no"]'
                try 'c["mounts"].append({"destination": "/v" + e, "type": "x" + e, "source": e})'
                try 'c["hooks"] = {"prestart": [{"path": "/no" + e}]}'
                try 'c["process"]["rlimits"] = [{"type": "RLIMIT" + e, "soft": 1, "hard": 1}]'
                try 'c["linux"]["cgroupsPath"] = e + "/../x"'; try 'c["ociVersion"] = e'
                $R create -b "$T/no$E" $I-a > $T/o 2>&1; shown; $R state "no$E" > $T/o 2>&1; shown
                $R "no$E" > $T/o 2>&1; shown; $R --log-format text --log $T/l state "no$E" 2> /dev/null
                cat $T/log $T/l > $T/o; shown
                """).is(0, "0 0\nlist 0 0\nlist -q 0 0\nlist --format json 0 0\nstate I-a 0 0\nps I-a 0 0\n"
                + "events --stats I-a 0 0\nTrue True\n0\n" + "1 0\n".repeat(8) + "0\n".repeat(4));
    }

    /**
     * Containers of a pod that have sandboxes of their own share the network, the host's name and volumes.
     */
    @Test
    void pods() throws Exception {
        run("""
                R="$R --pod-sandbox=separate"; mkdir $T/shared
                SHARE='c["mounts"].append({"destination": "/shared", "type": "bind", "source": \
                os.environ["T"] + "/shared"})
                '
                bundle "$SHARE"'c["hostname"] = "the-pod"
                c["annotations"] = {"io.kubernetes.cri.container-type": "sandbox"}
                sh("cd /shared; exec python3 -m http.server --bind 127.0.0.1 8123 > /dev/null 2>&1")'
                mv $T/b $T/pod; $R create -b $T/pod $I-pod < /dev/null > /dev/null; $R start $I-pod
                pid=$($R state $I-pod | grep -o '"pid":[0-9]*' | cut -d: -f2)
                bundle "$SHARE"'del c["hostname"]
                c["annotations"] = {"io.kubernetes.cri.container-type": "container",
                  "io.kubernetes.cri.sandbox-id": "'$I'-pod"}
                for n in c["linux"]["namespaces"]:
                    if n["type"] in ("network", "ipc", "uts"):
                        n["path"] = "/proc/'$pid'/ns/" + {"network": "net"}.get(n["type"], n["type"])
                sh("hostname; echo from the second > /shared/f; exec python3 /v/get")'
                cat > $T/b/rootfs/v/get <<'P'
                import time, urllib.request
                for i in range(200):
                    try: print(urllib.request.urlopen("http://127.0.0.1:8123/f").read().decode().strip()); \
                break
                    except OSError: time.sleep(0.1)
                P
                $R run -b $T/b $I-a; grep -c "linux.namespaces: ipc" $T/log; $R delete --force $I-pod
                """).is(0, "the-pod\nfrom the second\n1\n");
    }

    /** Flags of the runtime for one container. */
    @Test
    void flagsByAnnotation() throws Exception {
        run("""
                try() { bundle 'c["annotations"] = '"$1"'; c["linux"]["resources"] = {"memory": {"limit": \
                100 << 20}}
                sh("grep -o [0-9]*.kB /proc/meminfo | head -n 1; echo new > \
                /v/new")'
                    $R run -b $T/b $I-a 2>&1 | cut -c1-72 | sed "s/ *$//"; ls $T/b/rootfs/v; }
                try '{"dev.kernelet.flag.memory": "50M", "dev.gvisor.flag.overlay2": "root:memory", "x.y": \
                "z"}'
                try '{"dev.kernelet.flag.memory": "500M", "dev.gvisor.flag.host-uds": "all"}'
                for f in platform=ptrace network=host overlay2=root:dir=/x strace=true memory=-1 \
                pids-limit=x; do
                    try '{"dev.kernelet.flag.'${f%%=*}'": "'${f#*=}'"}' | head -n 1; done
                grep -c 'annotation dev.gvisor.flag.host-uds has no effect' $T/log
                """).is(0, """
                51200 kB
                102400 kB
                new
                kernelet: config.json: annotation dev.kernelet.flag.platform is not a fl
                kernelet: config.json: annotation dev.kernelet.flag.network must be none
                kernelet: config.json: annotation dev.kernelet.flag.overlay2 must be {ro
                kernelet: config.json: annotation dev.kernelet.flag.strace needs a log:
                kernelet: config.json: annotation dev.kernelet.flag.memory must be a num
                kernelet: config.json: annotation dev.kernelet.flag.pids-limit must be a
                1
                """);
    }

    /** Of the Sentry, but for its log: neither when a container is there nor when there is none. */
    @Test
    void shortCommandsLoadNoKernel() throws Exception {
        run("""
                short() { KERNELET_VM_OPTIONS="-XX:AOTMode=off -Xlog:class+load:file=$T/classes" $R "$@" > \
                $T/out 2>&1
                    echo "$1 $? $(grep -c dev.kernelet.oci $T/classes | sed 's/^[1-9].*/some/')" \
                        $(grep -o 'dev.kernelet.\\(sentry\\|platform\\).[a-zA-Z.]*' $T/classes | grep -v \
                sentry.log | sort -u)
                    rm $T/classes; }
                short list; short state $I-none
                bundle 'sh("exec sleep 100")'; $R create -b $T/b $I-a < /dev/null > /dev/null
                short state $I-a; short start $I-a; short kill $I-a USR1; short list; short kill \
                $I-a KILL
                until_stopped $I-a; short delete $I-a
                """).is(0, "list 0 some\nstate 1 some\nstate 0 some\nstart 0 some\nkill 0 some\nlist 0 some\n"
                + "kill 0 some\ndelete 0 some\n");
    }

    /** The sandbox's process sees nothing of the host by a path; a hook of the engine's mounts for the host. */
    @Test
    void theSandboxHasAnEmptyRoot() throws Exception {
        run("""
                cat > $T/hook <<'P'
                #!/bin/sh
                cat > /dev/null; mount -t tmpfs hooked $T/mounted && echo > $T/mounted/by-hook
                P
                chmod 755 $T/hook; mkdir $T/mounted; echo seen > $T/file
                bundle 'sh("cat /v/file; sleep 100"); c["mounts"].append({"destination": "/v/file", "type": "bind", "options": \
                ["rbind", "ro"], "source": os.environ["T"] + "/file"})
                c["hooks"] = {"createRuntime": [{"path": os.environ["T"] + "/hook", "env": ["T=" + os.environ["T"], "PATH=/usr/bin"]}]}'
                $R create --bundle $T/b --pid-file $T/pid $I-a < /dev/null > $T/out && $R start $I-a
                p=$(cat $T/pid); for i in $(seq 100); do grep -q . $T/out && break; sleep 0.05; done; cat $T/out
                for n in mnt ipc uts net pid; do [ $(readlink /proc/$p/ns/$n) = $(readlink /proc/$$/ns/$n) ] && printf "$n "; done; echo
                for t in /proc/$p/task/*; do
                    ls -A $t/root/; awk '{ print $5, $6 }' $t/mountinfo; grep Cap[EP] $t/status
                done | sort -u | grep -v '0000000000000000$' | sed 's/Cap...:.*/capabilities/' | sort -u
                ls $T/mounted; umount $T/mounted
                $R kill $I-a KILL; until_stopped $I-a; $R delete $I-a
                """).is(0, "seen\npid \n/ ro,nosuid,nodev,noexec,relatime\ncapabilities\nby-hook\n");
    }
}
