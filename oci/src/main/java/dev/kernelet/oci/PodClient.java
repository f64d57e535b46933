package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.ContainerSpec;
import dev.kernelet.sandbox.Failure;
import java.util.ArrayList;

/**
 * {@code create} of a container that comes into the sandbox of its pod: asks for it, then becomes what stands
 * for it (container.c): the process of the pid file, without a virtual machine.
 */
final class PodClient {
    private final CreateOptions o;
    private final RuntimeSpec spec;
    private final StateStore store;
    private final ContainerState sandbox;

    PodClient(CreateOptions o, RuntimeSpec spec, StateStore store, ContainerState sandbox) {
        this.o = o;
        this.spec = spec;
        this.store = store;
        this.sandbox = sandbox;
    }

    /**
     * Makes the container; {@code config} is the text of config.json. Its files are 0 and following, or the
     * console. The connection by which it is stood for.
     */
    LocalSocket make(String config, ContainerState state, int[] files, int console) {
        ContainerSpec c = spec.container;
        ArrayList<ContainerSpec.Place> places = new PodMounts(sandbox).attach(state.uniqueName(), c);
        int[] own = console >= 0 ? new int[] {console} : files;
        int[] hooks = StartHooks.open(spec.hooks, state.json("created"));
        var j = new JsonText().open().field("op", "create").field("id", o.id).field("config", config)
                .field("bundle", state.bundle).field("hostname", c.hostname == null ? "" : c.hostname)
                .field("domainname", c.domainname == null ? "" : c.domainname).field("console", console >= 0)
                .field("files", files.length).field("overlayRoot", o.overlayRoot)
                .field("overlayMounts", o.overlayMounts).field("overlaySize", o.overlaySize)
                .field("overlayMedium", o.overlayMedium).field("pids", c.pidsLimit)
                .field("memory", c.memoryLimit)
                .field("uts", isOwn("uts")).field("ipc", isOwn("ipc"))
                .field("sandbox", sandbox.id)
                .field("pid", Pods.shares(store, sandbox, spec, "pid"));
        j.name("limits").openList();
        for (long l : o.inherited.limits()) j.value(l);
        j.closeList().name("places").openList();
        for (ContainerSpec.Place p : places) {
            j.open().field("directory", p.directory());
            if (p.file() != null) j.field("file", p.file());
            j.close();
        }
        j.closeList().name("closed").openList();
        var fds = new ArrayList<Integer>();
        for (int i = 0; i < own.length; i++) {
            if (own[i] < 0) j.value(i);
            fds.add(own[i] < 0 ? o.inherited.channel() : own[i]); // something, in its place
        }
        j.closeList();
        for (int fd : hooks) fds.add(fd);
        int[] all = fds.stream().mapToInt(Integer::intValue).toArray();
        return ControlClient.ask(store.directory(sandbox.id), j.close().toString(), all).socket();
    }

    /** Lets its program go: of {@code run}. */
    void start() {
        var request = new JsonText().open().field("op", "start").field("container", o.id).close();
        ControlClient.ask(store.directory(sandbox.id), request.toString()).socket().close();
    }

    private boolean isOwn(String type) { return Pods.shares(store, sandbox, spec, type).isEmpty(); }

    /** execve(2) of the launcher: the descriptors are the connection, the channel and the terminal. */
    void becomeStandIn(LocalSocket connection, int console) {
        int third = console >= 0 ? console : Host.open("/dev/null", Host.O_RDWR, 0);
        int channel = o.inherited.channel();
        HostCall.call(SyscallNumber.DUP3, third, 2, 0);
        HostCall.call(SyscallNumber.DUP3, connection.fd, 0, 0);
        HostCall.call(SyscallNumber.DUP3, channel, 1, 0);
        long program = Host.string("/proc/self/exe"), argv = Memory.allocate(32);
        Memory.putLong(argv, Host.string("kernelet"));
        Memory.putLong(argv + 8, Host.string("stand-in"));
        Memory.putLong(argv + 16, 0);
        long r = HostCall.call(SyscallNumber.EXECVE, program, argv, argv + 16);
        throw new Failure("cannot stand for the container: execve", r, "This is a bug of Kernelet's.");
    }
}
