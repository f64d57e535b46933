# What the caller gives: names of files that it redirects from and to, and signals that it sends to the command it has started.
import os, select, shutil, signal, subprocess, tempfile

RUN = os.environ.get("RUN", "").split()
place = tempfile.mkdtemp()
os.chdir(place)


def say(*words):
    print(*[str(w).replace(place, "PLACE") for w in words], flush=True)


# /proc/self/fd/N and /dev/stdin name the file, whatever becomes of the name.
with open("in", "w") as f:
    f.write("1\n2\n3\n")


def names(script, stdin, stdout=subprocess.PIPE):
    r = subprocess.run(RUN + ["sh", "-c", script], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60)
    say(script, "->", r.returncode, repr(r.stdout), repr(r.stderr))


for name in "in", ".":
    f = os.open(name, os.O_RDONLY)
    names("readlink /proc/self/fd/0; realpath /dev/stdin; stat -L -c %F /proc/self/fd/0", f)
    os.close(f)
with open("in") as f:
    names("wc -l < $(realpath /dev/stdin); wc -l < /dev/stdin; wc -l", f)
with open("out", "w") as f:
    names("readlink /proc/self/fd/3 3>&1 >&2; echo text", subprocess.DEVNULL, f)
say(repr(open("out").read()))
shutil.copy("in", "moved")
with open("moved") as f:
    names("mv moved gone; readlink /proc/self/fd/0; rm gone; readlink /proc/self/fd/0; wc -l", f)

# The machine's name, which its files know.
with open("in") as f:
    names("uname -n; cat /proc/sys/kernel/hostname", f)

# Every signal that a program can catch but those of faults, then what some do to one that does not care.
CATCH = """
import os, signal
for s in range(1, 64):
    if s not in (9, 19, 32, 33): signal.signal(s, lambda n, f: os.write(1, b"%d\\n" % n))
os.write(1, b"ready\\n")
while os.read(0, 1): pass
"""
FAULTS = {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS}
p = subprocess.Popen(RUN + ["python3", "-c", CATCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
say(p.stdout.readline())
missed = []
for s in range(1, 63):
    if s in FAULTS or s in (9, 17, 19, 32, 33):
        continue
    p.send_signal(s)
    ready = select.select([p.stdout], [], [], 10)[0]
    if not ready or os.read(p.stdout.fileno(), 100) != b"%d\n" % s:
        missed.append(s)
p.stdin.close()
say("not caught:", missed, "status", p.wait())
for s in signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGXFSZ, signal.SIGUSR1, 40, signal.SIGCONT, signal.SIGURG:
    p = subprocess.Popen(RUN + ["sh", "-c", "echo; exec sleep 1"], stdout=subprocess.PIPE)
    p.stdout.readline()
    p.send_signal(s)
    status = p.wait()
    say("signal", int(s), "->", status if status >= 0 else 128 - status)
shutil.rmtree(place)
