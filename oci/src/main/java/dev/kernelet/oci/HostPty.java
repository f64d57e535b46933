package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/** A pseudo-terminal of the host: the master for the engine, the slave for the Sentry. */
final class HostPty {
    private static final int TIOCSPTLCK = 0x40045431, TIOCGPTPEER = 0x5441, TIOCGPTN = 0x80045430,
            TIOCSCTTY = 0x540e, TIOCSWINSZ = 0x5414;

    final int master, slave;
    final String name;

    private HostPty(int master, int slave, String name) {
        this.master = master;
        this.slave = slave;
        this.name = name;
    }

    static HostPty open() {
        int master = Host.open("/dev/ptmx", Host.O_RDWR | Host.O_NOCTTY, 0);
        if (master < 0) throw new Failure("cannot make a terminal: open /dev/ptmx", master,
                "Mount devpts on /dev/pts of the host.");
        long p = Memory.allocate(8);
        Memory.putInt(p, 0);
        HostCall.call(SyscallNumber.IOCTL, master, TIOCSPTLCK, p);
        HostCall.call(SyscallNumber.IOCTL, master, Integer.toUnsignedLong(TIOCGPTN), p);
        String name = "/dev/pts/" + Memory.getInt(p);
        Memory.free(p);
        long slave = HostCall.call(SyscallNumber.IOCTL, master, TIOCGPTPEER,
                Host.O_RDWR | Host.O_NOCTTY | Host.O_CLOEXEC);
        if (slave < 0) {
            Host.close(master);
            throw new Failure("cannot open the other end of a terminal: ioctl", slave,
                    "Linux 4.13 or newer is needed.");
        }
        return new HostPty(master, (int) slave, name);
    }

    void resize(int rows, int columns) {
        if (rows <= 0 || columns <= 0) return;
        long p = Memory.allocate(8);
        Memory.putLong(p, rows & 0xffff | (long) (columns & 0xffff) << 16);
        HostCall.call(SyscallNumber.IOCTL, master, TIOCSWINSZ, p);
        Memory.free(p);
    }

    /** Of this process, which leads its session: changes of the size come as SIGWINCH then. */
    void control() { HostCall.call(SyscallNumber.IOCTL, slave, TIOCSCTTY, 0); }

    /** In place of this process's output, which an engine reads to its end before it goes on. */
    void replaceOutput() {
        HostCall.call(SyscallNumber.DUP3, slave, 1, 0);
        HostCall.call(SyscallNumber.DUP3, slave, 2, 0);
    }
}
