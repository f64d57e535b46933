package dev.kernelet.conformance;

import org.junit.jupiter.api.Test;

/** Hooks of a bundle: order, namespaces, the state on standard input, and those that go wrong. */
class OciHooksTest extends Bundles {
    /** Python: {@code h(KIND, SCRIPT)} adds one. */
    private static final String H = """
            def h(kind, script, **more):
                hook = {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin", "A=b",
                        "T=" + os.environ["T"]]}
                c.setdefault("hooks", {}).setdefault(kind, []).append(dict(hook, **more))
            """;
    private static final String SIX = """
            open(os.environ["T"] + "/p.py", "w").write("import json, sys; s = json.load(sys.stdin); "
                + "print(s[\\"status\\"], s[\\"id\\"], s[\\"pid\\"] > 0)")
            told = "$(python3 $T/p.py)"
            for n in ("prestart", "createRuntime", "createContainer", "poststart", "poststop"):
                h(n, "[ $(readlink /proc/self/ns/net) = $(cat $T/net) ] && w=outside || w=inside; echo " + n
                  + " " + told + " $w >> $T/h")
            h("startContainer", "echo startContainer $(grep -o created | wc -l) $A $(pwd) $(id -u) >> /v/h")
            sh("cat /v/h")
            """;

    @Test
    void allSix() throws Exception {
        String host = """
                prestart creating ID-a True outside
                createRuntime creating ID-a True outside
                createContainer creating ID-a True inside
                poststart running ID-a True outside
                poststop stopped ID-a False outside
                """;
        String inside = "startContainer 2 b / 0\n";
        run("readlink /proc/self/ns/net > $T/net\nbundle '" + H + SIX + """
                '
                name() { sed "s/$I/ID/" $T/h; }
                $R run -b $T/b $I-a; name; rm $T/h
                $R create -b $T/b $I-a < /dev/null > $T/out; $R start $I-a; until_stopped ID-a
                $R delete $I-a; name; tail -n 1 $T/out
                """).is(0, inside + host + host + inside);
    }

    @Test
    void thoseThatGoWrong() throws Exception {
        run("try() { bundle '" + H + """
                h(os.environ["KIND"], os.environ["SCRIPT"], timeout=int(os.environ.get("TIMEOUT", 100))); sh("exec sleep 100")'
                    $R run -b $T/b $I-a < /dev/null > $T/out 2>&1; echo "run $? $(head -n 1 $T/out | cut -c1-60)"
                    grep -c . $T/out; [ $(wc -c < $T/out) -lt 2000 ] || echo all of it; }
                export KIND SCRIPT TIMEOUT
                KIND=createRuntime SCRIPT='head -c 1000000 /dev/zero | tr "\\\\0" x; exit 4' try
                KIND=startContainer SCRIPT='head -c 1000000 /dev/zero | tr "\\\\0" x; exit 4' try
                TIMEOUT=1; KIND=prestart SCRIPT='exec sleep 100' try
                KIND=startContainer SCRIPT='exec sleep 100' try
                TIMEOUT=100 KIND=poststart SCRIPT='kill -9 $$' try
                $R create -b $T/b $I-a < /dev/null > $T/out 2>&1; $R start $I-a 2>&1 | head -n 1
                until_stopped ID-a; $R delete $I-a
                """).is(0, """
                run 1 kernelet: createRuntime hook /bin/sh: exit status 4, output:
                2
                run 1 kernelet: startContainer hook /bin/sh: exit status 4, output
                2
                run 1 kernelet: prestart hook /bin/sh did not end within 1 s
                2
                run 1 kernelet: startContainer hook /bin/sh did not end within 1 s
                2
                run 1 kernelet: poststart hook /bin/sh: ended by signal 9
                2
                kernelet: poststart hook /bin/sh: ended by signal 9
                """);
    }

    /** A state larger than a pipe, which the hook does not read. */
    @Test
    void aLargeState() throws Exception {
        run("bundle '" + H + """
                c["annotations"] = {"large": "x" * 300000}
                h("createRuntime", "true"); h("createRuntime", "wc -c > $T/n"); h("startContainer", "true"); sh("true")'
                $R run -b $T/b $I-a; echo $? $(($(cat $T/n) > 300000))
                """).is(0, "0 1\n");
    }
}
