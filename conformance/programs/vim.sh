# vim without and under a pseudo-terminal.
command -v vim > /dev/null || { echo "no vim"; exit 77; }
seq 1 20 > f; vim -u NONE -es -c '%s/1/one/g' -c 'g/2/d' -c wq f < /dev/null; cat f
PYTHONDONTWRITEBYTECODE=1 python3 - << 'END'
import pty, os, time, select, sys
def run(argv, keys, wait=0.4):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", LINES="24", COLUMNS="80"); os.execvp(argv[0], argv)
    out = b""; last = time.time(); keys = list(keys)
    while True:
        r, _, _ = select.select([fd], [], [], 0.1)
        if r:
            try: d = os.read(fd, 65536)
            except OSError: break
            if not d: break
            out += d; last = time.time()
        elif keys and time.time() - last > wait: os.write(fd, keys.pop(0)); last = time.time()
        elif time.time() - last > 20: os.kill(pid, 9); print("hung", argv)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out
code, out = run(["vim", "-u", "NONE", "-n", "new.txt"], [b"ihello from a terminal\x1b", b"yyp", b":%s/hello/HELLO/\r", b":wq\r"])
print(code, open("new.txt").read(), len(out) > 100)
END
