package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/**
 * exec: brings a further process into a container. The process that then stands for it is not this one
 * (container.c).
 */
public final class ExecClient {
    private ExecClient() {}

    /** The exit status of this process; with {@code --detach} it does not wait for the other's end. */
    public static int run(Lifecycle lifecycle, ExecOptions o) {
        ContainerState state = lifecycle.running(o.id);
        Json process = o.processFile == null ? null : processFile(o.processFile);
        boolean terminal = process == null ? o.terminal : process.bool("terminal");
        if (terminal && o.consoleSocket == null && o.detach) {
            throw new Failure("cannot allocate tty if runc will detach without setting console socket",
                    "Give --console-socket.");
        }
        HostPty pty = null;
        int own = -1;
        int[] fds;
        if (terminal && o.consoleSocket != null) {
            pty = HostPty.open();
            Json size = process == null ? null : process.get("consoleSize");
            if (size != null) pty.resize((int) size.number("height", 0), (int) size.number("width", 0));
            LocalSocket.sendConsole(o.consoleSocket, pty.master, pty.name);
            Host.close(pty.master);
            fds = new int[] {pty.slave};
        } else if (terminal) {
            own = Host.open("/proc/self/fd/0", Host.O_RDWR | Host.O_NOCTTY, 0);
            if (own < 0) throw new Failure("standard input is no terminal: open", own, "Leave --tty out.");
            fds = new int[] {own};
        } else {
            fds = new int[3 + o.preserveFds];
            for (int i = 0; i < fds.length; i++) fds[i] = i;
        }
        var request = new JsonText().open().field("op", "exec").field("console", terminal);
        if (!state.sandbox.isEmpty()) request.field("container", o.id);
        request.name("process");
        String text = process == null ? fromFlags(lifecycle, o) : Host.read(o.processFile);
        ControlClient.Answer a = ControlClient.ask(lifecycle.controlDirectory(state), request + text + "}",
                fds);
        return handOver(o, a.socket(), pty == null ? own : pty.slave);
    }

    private static Json processFile(String path) {
        var error = new int[1];
        String text = Host.read(path, error);
        if (text == null) throw new Failure("cannot read " + path + " (--process): open", error[0],
                "Name a file of JSON.");
        return Json.parse(text, path);
    }

    /** The container's own process with what the flags change. */
    private static String fromFlags(Lifecycle lifecycle, ExecOptions o) {
        if (o.args.length == 0) throw new Failure("exec: no command given",
                "kernelet exec [flags] ID COMMAND [ARGUMENT...]");
        ContainerState s = lifecycle.running(o.id);
        String config = Host.read(s.bundle + "/config.json");
        Json base = config.isEmpty() ? null : Json.parse(config, "config.json").get("process");
        var j = new JsonText().open();
        j.strings("args", java.util.Arrays.asList(o.args));
        var env = new java.util.ArrayList<String>();
        if (base != null) env.addAll(java.util.Arrays.asList(base.strings("env")));
        env.addAll(java.util.Arrays.asList(o.env));
        j.strings("env", env);
        j.field("cwd", o.cwd != null ? o.cwd : base == null ? "/" : base.string("cwd", "/"));
        j.field("terminal", o.terminal).field("noNewPrivileges", o.noNewPrivileges || base != null
                && base.bool("noNewPrivileges"));
        user(j, base, o);
        capabilities(j, base, o);
        return j.close().toString();
    }

    private static void user(JsonText j, Json base, ExecOptions o) {
        Json u = base == null ? null : base.get("user");
        long uid = u == null ? 0 : u.number("uid", 0), gid = u == null ? 0 : u.number("gid", 0);
        if (o.user != null) {
            int colon = o.user.indexOf(':');
            try {
                uid = Integer.parseUnsignedInt(colon < 0 ? o.user : o.user.substring(0, colon));
                if (colon >= 0) gid = Integer.parseUnsignedInt(o.user.substring(colon + 1));
            } catch (NumberFormatException e) {
                throw new Failure("exec: --user " + o.user + " is not UID[:GID]", "Give numbers.");
            }
        }
        j.name("user").open().field("uid", uid).field("gid", gid).name("additionalGids").openList();
        if (u != null) for (Json g : u.list("additionalGids")) j.value(g.number());
        for (String g : o.additionalGids) j.value(Integer.parseUnsignedInt(g));
        j.closeList().close();
    }

    private static void capabilities(JsonText j, Json base, ExecOptions o) {
        Json c = base == null ? null : base.get("capabilities");
        j.name("capabilities").open();
        for (String set : new String[] {"bounding", "effective", "permitted", "inheritable", "ambient"}) {
            var names = new java.util.ArrayList<String>();
            if (c != null) names.addAll(java.util.Arrays.asList(c.strings(set)));
            if (!set.equals("inheritable")
                    && !set.equals("ambient")) names.addAll(java.util.Arrays.asList(o.capabilities));
            j.strings(set, names);
        }
        j.close();
    }

    /** The connection goes to the process that waits for us, or to one it makes, whose pid it tells. */
    private static int handOver(ExecOptions o, LocalSocket connection, int terminal) {
        var channel = new LocalSocket(o.inherited.channel());
        long p = Memory.allocate(8);
        Memory.putByte(p, (byte) (o.detach ? 'd' : 'w'));
        int[] fds = terminal >= 0 ? new int[] {connection.fd, terminal} : new int[] {connection.fd};
        long r = channel.sendRights(p, 1, fds);
        if (r < 0) throw new Failure("cannot hand the process over: sendmsg", r,
                "This is a bug of Kernelet's.");
        long n = HostCall.call(SyscallNumber.READ, channel.fd, p, 4);
        int pid = n == 4 ? Memory.getInt(p) : 0;
        Memory.free(p);
        if (pid > 0 && o.pidFile != null) {
            r = Host.replace(o.pidFile, Integer.toString(pid), 0644);
            if (r < 0) throw new Failure("cannot write " + o.pidFile + " (--pid-file): write", r,
                    "Name a file that can be written.");
        }
        return 0;
    }
}
