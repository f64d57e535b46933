package dev.kernelet.conformance;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Scripts over bundles, as an engine uses the OCI runtime. {@code $R} is the runtime with a state directory
 * of its own, {@code $I-a} an id that no other run on the machine has; {@code bundle PYTHON} makes
 * a bundle in $T/b whose config.json, {@code c}, the Python statements change. After each test nothing may
 * be left: no container, no control group, no process, no mount.
 */
abstract class Bundles {
    static final String FUNCTIONS = """
            R="$K --root $T/state --log $T/log"
            bundle() {
                rm -rf $T/b; mkdir -p $T/b/rootfs/{usr,proc,dev,sys,tmp,etc,v}
                ln -s usr/bin usr/lib usr/lib64 usr/sbin $T/b/rootfs
                $R spec --bundle $T/b || return
                python3 - "$1" <<'P'
            import json, os, sys
            file = os.environ["T"] + "/b/config.json"
            c = json.load(open(file))
            c["process"]["terminal"] = False
            c["process"]["noNewPrivileges"] = False
            c["root"]["readonly"] = False
            c["mounts"].append({"destination": "/usr", "type": "bind", "source": "/usr", "options": \
            ["rbind", "ro"]})
            def sh(script): c["process"]["args"] = ["sh", "-c", script]
            exec(sys.argv[1])
            json.dump(c, open(file, "w"))
            P
            }
            state() { $R state $1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])'; }
            until_stopped() {
                for ((i = 0; i < 200; i++)); do
                    s=$($R state $1) || return
                    case $s in *'"status":"stopped"'*) return ;; esac; sleep 0.05
                done
            }
            cd $T
            """;

    private static int last;

    private final String id = "ktest" + ProcessHandle.current().pid() + "-" + ++last;

    @TempDir Path directory;
    Shell shell;

    @BeforeEach
    void start() {
        Assumptions.assumeTrue(Shell.IS_ROOT, "containers of an ordinary user: not built yet");
        shell = new Shell(directory);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        if (shell == null) return;
        shell.run("ls $T/state 2> /dev/null; ls -d /sys/fs/cgroup/*/" + id + "-* /sys/fs/cgroup/" + id
                + "-* 2> /dev/null; true").is(0, "");
        shell.run("grep -l \"^$T\" /proc/[0-9]*/cmdline 2> /dev/null; grep -c \" $T\" /proc/self/mountinfo; "
                + "true").is(0, "0\n");
    }

    Shell.Result run(String script) throws Exception {
        return shell.run("export I=" + id + "\n" + FUNCTIONS + script);
    }
}
