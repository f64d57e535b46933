"""A caller at a terminal: an interactive bash in a pseudo-terminal, outside. $RUN is "" or the command that starts a program in
Kernelet; it goes before each command under test. What the scripts print must be the same either way."""
import fcntl, os, pty, re, select, struct, sys, termios, time

PROMPT = rb"OUTER> "
RUN = os.environ.get("RUN", "")
RUN = RUN + " " if RUN else ""


class Terminal:
    def __init__(self, argv=None, rows=40, columns=132, **environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", PS1=PROMPT.decode(), HISTFILE="/dev/null", **environment)
            for name in ("LINES", "COLUMNS", "PROMPT_COMMAND"):
                os.environ.pop(name, None)
            argv = argv or ["bash", "--norc", "--noprofile", "--noediting", "-i"]
            os.execvp(argv[0], argv)
        self.buffer = b""
        self.all = b""
        self.size(rows, columns)
        if not argv:
            self.expect(PROMPT)

    def size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def more(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.buffer += data
        self.all += data
        return bool(data)

    def expect(self, pattern, limit=30):
        """Waits for the pattern; what came before it is dropped. The match."""
        end = time.time() + limit
        while not (m := re.search(pattern, self.buffer)):
            if time.time() > end:
                print("FAILED: no", pattern, "in", self.buffer[-600:], flush=True)
                self.kill()
                sys.exit(1)
            self.more(0.1)
        self.buffer = self.buffer[m.end():]
        return m

    def send(self, data):
        os.write(self.fd, data if isinstance(data, bytes) else data.encode())

    def ready(self):
        """Waits for "ready" and then until the shell waits for its next command: a stop inside its vfork(2) would hang it."""
        self.expect(rb"ready\r\n")
        time.sleep(0.3)

    def line(self, text):
        """Types a line and waits for its echo."""
        self.send(text + "\n")
        self.expect(re.escape(text.encode()) + rb"\r\n")

    def command(self, text, limit=30):
        """Runs a command in the outer shell; what it printed."""
        self.line(text)
        return self.result(limit)

    def result(self, limit=30):
        end, start = time.time() + limit, b""
        while not (m := re.search(PROMPT, self.buffer)):
            if time.time() > end:
                print("FAILED: no prompt in", self.buffer[-600:], flush=True)
                self.kill()
                sys.exit(1)
            self.more(0.1)
        text = self.buffer[:m.start()]
        self.buffer = self.buffer[m.end():]
        return text.decode(errors="replace").replace("\r\n", "\n").strip("\n")

    def modes(self):
        """The terminal's settings and foreground group."""
        return termios.tcgetattr(self.fd), os.tcgetpgrp(self.fd)

    def settle(self, condition, limit=15):
        end = time.time() + limit
        while time.time() < end:
            if condition():
                return True
            time.sleep(0.05)
        return False

    def kill_job(self):
        """Kills the outer shell's job and waits until the shell knows: wait(1) does not for a stopped job."""
        self.command("kill -9 %1")
        self.settle(lambda: self.command("jobs") == "")

    def kill(self):
        try:
            os.kill(self.pid, 9)
        except ProcessLookupError:
            pass

    def end(self):
        while self.more(20):
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
