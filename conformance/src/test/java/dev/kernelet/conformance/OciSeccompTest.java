package dev.kernelet.conformance;

import org.junit.jupiter.api.Test;

/** linux.seccomp: the profile binds every process of the container, by the Sentry. */
class OciSeccompTest extends Bundles {
    /**
     * Python statements: a profile of the form that engines have by default; everything else is forbidden.
     */
    private static final String DEFAULT = """
            import subprocess
            forbidden = "mount umount2 unshare setns bpf reboot swapon init_module keyctl add_key ptrace \
            kexec_load getpid".split()
            names = [l.split()[1][5:] for l in subprocess.run(["cpp", "-dM", "-include", "asm/unistd_64.h", \
            "/dev/null"],
                     capture_output=True, text=True).stdout.splitlines() if l.startswith("#define __NR_")]
            names = [n for n in names if n not in forbidden + ["clone", "clone3", "personality", "socket"]]
            arg = lambda i, v, op, two=0: [{"index": i, "value": v, "valueTwo": two, "op": "SCMP_CMP_" + op}]
            allow = lambda n, **k: dict({"names": n, "action": "SCMP_ACT_ALLOW"}, **k)
            profile = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
              "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
              "syscalls": [allow(names + ["nosuchcall", "socketcall"]), allow(["socket"], args=arg(0, 40, \
            "NE")),
                *[allow(["personality"], args=arg(0, v, "EQ")) for v in (0, 8, 0x20000, 0x20008, 0xffffffff)],
                allow(["clone"], args=arg(0, 0x7E020000, "MASKED_EQ")),
                {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}
            c["linux"]["seccomp"] = profile
            """;
    private static final String PROGRAM = """
            cat > $T/b/rootfs/v/p.py <<'P'
            import ctypes, errno, os, socket, subprocess, sys, threading
            libc = ctypes.CDLL(None, use_errno=True)
            def call(*a):
                r = libc.syscall(*[ctypes.c_long(x) for x in a])
                return errno.errorcode[ctypes.get_errno()] if r < 0 else "ok"
            print("mount", call(165, 0, 0, 0, 0, 0), "unshare", call(272, 0), "keyctl", call(250, 0))
            print("getpid", [call(39) for i in range(300)].count("EPERM"), "getppid", call(110), "getuid", \
            call(102))
            print("clone3", call(435, 0, 0), "newer", call(600), "vsock", call(41, 40, 1, 0), "unix", \
            call(41, 1, 1, 0))
            print("personality", call(135, 0xffffffff), call(135, 4), "namespace", call(56, 0x20000000 | \
            17, 0))
            t = threading.Thread(target=lambda: print("thread", call(39))); t.start(); t.join()
            print("child", subprocess.run(["sh", "-c", "grep Seccomp: /proc/self/status"], \
            capture_output=True).stdout)
            P
            """;

    @Test
    void aProfileOfTheUsualForm() throws Exception {
        String expected = "mount EPERM unshare EPERM keyctl EPERM\ngetpid 300 getppid ok getuid ok\n"
                + "clone3 ENOSYS newer ENOSYS vsock EPERM unix ok\npersonality ok EPERM namespace "
                        + "EPERM\nthread EPERM\n"
                + "child b'Seccomp:\\t2\\n'\n";
        run("bundle '" + DEFAULT + "\nsh(\"exec python3 /v/p.py\")'\n" + PROGRAM + "$R run -b $T/b $I-a")
                .is(0, expected);
        run("bundle '" + DEFAULT + "\nsh(\"exec sleep 100\")'\n" + PROGRAM + """
                $R create -b $T/b $I-a < /dev/null > /dev/null; $R start $I-a
                $R exec $I-a python3 /v/p.py; $R delete --force $I-a
                """).is(0, expected);
    }

    @Test
    void everyAction() throws Exception {
        run("""
                bundle 'rule = lambda n, a, **k: dict({"names": [n], "action": "SCMP_ACT_" + a}, **k)
                c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "flags": \
                ["SECCOMP_FILTER_FLAG_LOG"], "syscalls": [
                  rule("mkdir", "ERRNO", errnoRet=11), rule("rmdir", "KILL_PROCESS"), rule("link", "KILL"), \
                rule("symlink", "TRAP"),
                  rule("chroot", "TRACE"), rule("umask", "LOG"), rule("sync", "ERRNO", errnoRet=0),
                  rule("kill", "ERRNO", args=[{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}])]}
                sh("exec python3 -u /v/p.py")'
                cat > $T/b/rootfs/v/p.py <<'P'
                import os, signal, sys
                def ends(work):
                    pid = os.fork()
                    if pid == 0:
                        try: work()
                        except OSError as e: print(e.errno); sys.stdout.flush()
                        os._exit(0)
                    s = os.waitpid(pid, 0)[1]
                    return os.WTERMSIG(s)
                print(ends(lambda: os.mkdir("/tmp/x")), os.path.exists("/tmp/x"))
                print(ends(lambda: os.rmdir("/tmp")), ends(lambda: os.link("/a", "/b")), ends(lambda: \
                os.symlink("/a", "/b")))
                signal.signal(signal.SIGSYS, lambda *a: (print("caught"), os._exit(0)))
                print(ends(lambda: os.symlink("/a", "/c")), ends(lambda: os.chroot("/")), os.umask(0o22), \
                os.sync())
                signal.signal(signal.SIGUSR2, signal.SIG_IGN)
                print(ends(lambda: os.kill(os.getpid(), 10)), ends(lambda: os.kill(os.getpid(), 12)))
                P
                $R run -b $T/b $I-a
                """).is(0, "11\n0 False\n31 31 31\ncaught\n38\n0 0 18 None\n1\n0 0\n");
    }

    @Test
    void noneAndWhatCannotBe() throws Exception {
        run("bundle 'sh(\"grep Seccomp: /proc/self/status\")'; $R run -b $T/b $I-a").is(0,
                "Seccomp:\t0\n");
        run("""
                bundle 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x",
                  "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
                $R run -b $T/b $I-a 2>&1 | head -n 1 | grep -c "SCMP_ACT_NOTIFY is not supported"; tail \
                -n 1 $T/log | grep -c NOTIFY
                """).is(0, "1\n1\n");
    }
}
