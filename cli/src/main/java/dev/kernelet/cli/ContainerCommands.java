package dev.kernelet.cli;

import dev.kernelet.oci.ExecClient;
import dev.kernelet.oci.ExecOptions;
import dev.kernelet.oci.Lifecycle;
import dev.kernelet.oci.Templates;
import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sentry.log.DebugLog;
import java.util.ArrayList;
import java.util.Arrays;

/**
 * The commands of an OCI runtime that look at containers or change them: flags as runc and runsc have them.
 */
final class ContainerCommands {
    private final GlobalFlags global;
    private final String[] arguments;
    private final Inherited inherited;
    private final Flags flags;
    private final String name;

    private ContainerCommands(GlobalFlags global, String[] arguments, Inherited inherited) {
        this.global = global;
        this.arguments = arguments;
        this.inherited = inherited;
        name = arguments[global.position];
        flags = new Flags(arguments, global.position + 1);
    }

    static int run(GlobalFlags global, String[] arguments, Inherited inherited) {
        return new ContainerCommands(global, arguments, inherited).run();
    }

    private int run() {
        switch (name) {
            case "state" -> {
                noFlags();
                Console.out(lifecycle().state(id()) + "\n");
            }
            case "start" -> {
                noFlags();
                lifecycle().start(id(), new Warn());
            }
            case "kill" -> kill();
            case "delete" -> delete();
            case "list" -> list();
            case "ps" -> processes();
            case "pause", "resume" -> {
                noFlags();
                lifecycle().pause(id(), name.equals("pause"));
            }
            case "wait" -> {
                noFlags();
                String id = id();
                Console.out("{\"id\":" + DebugLog.quote(id) + ",\"exitStatus\":" + lifecycle().await(id)
                        + "}\n");
            }
            case "events" -> events();
            case "update" -> update();
            case "spec" -> {
                String bundle = null;
                while (flags.next()) {
                    switch (flags.name()) {
                        case "b", "bundle" -> bundle = flags.string();
                        default -> throw flags.unknown();
                    }
                }
                Templates.spec(bundle);
            }
            case "features" -> {
                noFlags();
                Console.out(Templates.features(Version.NUMBER) + "\n");
            }
            default -> { return exec(); }
        }
        return 0;
    }

    private Lifecycle lifecycle() { return lifecycle(global, inherited); }

    static Lifecycle lifecycle(GlobalFlags global, Inherited inherited) {
        return new Lifecycle(global.stateRoot, variable(inherited, "XDG_RUNTIME_DIR"));
    }

    static String variable(Inherited inherited, String name) {
        for (String e : inherited.environment()) if (e.startsWith(name
                + "=")) return e.substring(name.length() + 1);
        return null;
    }

    /** To the file of --log; only without one on standard error, which may be the container's. */
    static final class Warn implements java.util.function.Consumer<String> {
        @Override
        public void accept(String message) {
            String text = DebugLog.escaped(message);
            DebugLog.warn(text);
            if (ErrorLog.isOpen()) ErrorLog.warning(text);
            else Console.error("kernelet: warning: " + text + "\n");
        }
    }

    private void noFlags() {
        while (flags.next()) {
            if (flags.name().equals("h") || flags.name().equals("help")) {
                flags.bool();
                throw new UsageException("kernelet " + name + " ID");
            }
            throw flags.unknown();
        }
    }

    /** The container's id, the next argument. */
    private String id() {
        if (flags.position() >= arguments.length) throw new UsageException(name + ": no container id given");
        return arguments[flags.position()];
    }

    private void kill() {
        boolean all = false;
        while (flags.next()) {
            switch (flags.name()) {
                case "a", "all" -> all = flags.bool();
                default -> throw flags.unknown();
            }
        }
        String id = id();
        int next = flags.position() + 1;
        // runc takes the flag behind the id too.
        String signal = "TERM";
        for (int i = next; i < arguments.length; i++) {
            if (arguments[i].equals("--all") || arguments[i].equals("-a")) all = true;
            else signal = arguments[i];
        }
        lifecycle().kill(id, signal, all);
    }

    private void delete() {
        boolean force = false;
        while (flags.next()) {
            switch (flags.name()) {
                case "f", "force" -> force = flags.bool();
                default -> throw flags.unknown();
            }
        }
        id();
        for (int i = flags.position(); i < arguments.length; i++) lifecycle().delete(arguments[i], force,
                new Warn());
    }

    private void list() {
        String format = "table";
        boolean quiet = false;
        while (flags.next()) {
            switch (flags.name()) {
                case "f", "format" -> format = flags.word("table", "text", "json");
                case "q", "quiet" -> quiet = flags.bool();
                default -> throw flags.unknown();
            }
        }
        ArrayList<Lifecycle.Row> rows = lifecycle().list();
        var text = new StringBuilder();
        if (quiet) {
            for (var r : rows) text.append(DebugLog.printable(r.id())).append('\n');
        } else if (format.equals("json")) {
            for (var r : rows) text.append(text.isEmpty() ? "[" : ",").append(r.json());
            text.append(rows.isEmpty() ? "null\n" : "]\n");
        } else {
            var lines = new ArrayList<String[]>();
            lines.add(new String[] {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"});
            for (var r : rows) {
                String owner = r.owner() == 0 ? "root" : "#" + r.owner();
                lines.add(new String[] {DebugLog.printable(r.id()), Integer.toString(r.pid()),
                        DebugLog.printable(r.status()), DebugLog.printable(r.bundle()),
                        DebugLog.printable(r.created()), owner});
            }
            table(text, lines);
        }
        Console.out(text.toString());
    }

    private static void table(StringBuilder text, ArrayList<String[]> lines) {
        for (String[] line : lines) {
            for (int c = 0; c < line.length; c++) {
                text.append(line[c]);
                if (c == line.length - 1) break;
                int width = 12;
                for (String[] other : lines) width = Math.max(width, other[c].length() + 3);
                text.repeat(' ', width - line[c].length());
            }
            text.append('\n');
        }
    }

    private void processes() {
        String format = "table";
        while (flags.next()) {
            switch (flags.name()) {
                case "f", "format" -> format = flags.word("table", "json");
                default -> throw flags.unknown();
            }
        }
        var rows = lifecycle().processes(id());
        var text = new StringBuilder();
        if (format.equals("json")) { // process ids of the host, as engines expect
            for (var r : rows) text.append(text.isEmpty() ? "[" : ",").append(r.hostPid());
            text.append(rows.isEmpty() ? "[]\n" : "]\n");
        } else {
            var lines = new ArrayList<String[]>();
            lines.add(new String[] {"UID", "PID", "PPID", "HOSTPID", "CMD"});
            for (var r : rows) {
                lines.add(new String[] {Integer.toUnsignedString(r.uid()), Integer.toString(r.pid()),
                        Integer.toString(r.parent()),
                    Integer.toString(r.hostPid()), DebugLog.printable(r.command())});
            }
            table(text, lines);
        }
        Console.out(text.toString());
    }

    private void events() {
        boolean once = false;
        int seconds = 5;
        while (flags.next()) {
            switch (flags.name()) {
                case "stats" -> once = flags.bool();
                case "interval" -> {
                    String value = flags.string();
                    try {
                        seconds = Integer.parseInt(value.endsWith("s") ? value.substring(0,
                                value.length() - 1) : value);
                    } catch (NumberFormatException e) {
                        throw flags.bad(value, "seconds");
                    }
                }
                default -> throw flags.unknown();
            }
        }
        String id = id();
        for (;;) {
            Console.out(lifecycle().stats(id) + "\n");
            if (once) return;
            try {
                Thread.sleep(Math.max(1, seconds) * 1000L);
            } catch (InterruptedException e) {
                return;
            }
            if (lifecycle().state(id).contains("\"status\":\"stopped\"")) return;
        }
    }

    private void update() {
        String resources = UpdateFlags.parse(flags, inherited);
        lifecycle().update(id(), resources, new Warn());
    }

    private int exec() {
        var o = new ExecOptions();
        o.inherited = inherited;
        while (flags.next()) execFlag(o);
        o.id = id();
        o.args = Arrays.copyOfRange(arguments, flags.position() + 1, arguments.length);
        return ExecClient.run(lifecycle(), o);
    }

    private void execFlag(ExecOptions o) {
        switch (flags.name()) {
            case "p", "process" -> o.processFile = flags.string();
            case "d", "detach" -> o.detach = flags.bool();
            case "t", "tty" -> o.terminal = flags.bool();
            case "pid-file" -> o.pidFile = flags.string();
            case "console-socket" -> o.consoleSocket = flags.string();
            case "cwd" -> o.cwd = flags.string();
            case "u", "user" -> o.user = flags.string();
            case "e", "env" -> o.env = add(o.env, flags.string());
            case "g", "additional-gids" -> o.additionalGids = add(o.additionalGids,
                    Integer.toString(flags.integer(0)));
            case "c", "cap" -> o.capabilities = add(o.capabilities, flags.string());
            case "no-new-privs" -> o.noNewPrivileges = flags.bool();
            case "preserve-fds" -> o.preserveFds = flags.integer(0);
            case "ignore-paused" -> flags.bool();
            case "apparmor", "process-label", "cgroup", "internal-pid-file" -> flags.string();
            default -> throw flags.unknown();
        }
    }

    private static String[] add(String[] list, String element) {
        String[] longer = Arrays.copyOf(list, list.length + 1);
        longer[list.length] = element;
        return longer;
    }

}
