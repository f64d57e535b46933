# A command of a script with the word before it: descriptors opened anew by name, what is inherited, odd environments.
import os, subprocess, tempfile

RUN = os.environ.get("RUN", "")
RUN = RUN + " " if RUN else ""
os.chdir(tempfile.mkdtemp())


def script(text):
    r = subprocess.run(["bash", "-c", text.replace("RUN ", RUN)], capture_output=True, text=True, timeout=60)
    print(text.replace("\n", "; "), "->", r.returncode, repr(r.stdout), repr(r.stderr), flush=True)


# Standard descriptors by their names in /dev: a pipe on the other side of the sandbox is neither waited for nor made anew.
script("RUN sh -c 'echo a > /dev/stdout; echo b >> /dev/stdout; echo c' | cat")
script("RUN sh -c 'echo a > /dev/stderr; echo b > /proc/self/fd/2; echo c >&2' 2>&1 | cat")
script("echo in | RUN sh -c 'read a < /dev/stdin; echo got $a; cat < /dev/fd/0; cat /dev/stdin'")
script("RUN sh -c 'echo a | tee /dev/stderr' 2>&1 | cat")
script("RUN sh -c 'echo a > /dev/stdout; echo $?' > /dev/null; RUN sh -c 'cat < /dev/stdin' < /dev/null")
script("RUN sh -c 'echo a > /dev/stdout; echo b >> /dev/stdout' > o; cat o")
script("echo x > o; (RUN sh -c 'echo a >> /dev/stdout'; echo y) >> o; cat o")

# A terminal that a script opens becomes nobody's: its end is not the script's.
PTY = """import os, time
m, s = os.openpty()
print(os.ttyname(s), flush=True)
os.close(s)
time.sleep(1)"""
script("RUN bash -c 'python3 -c \"" + PTY + "\" > name & while ! [ -s name ]; do sleep 0.1; done; echo typed > $(cat name); wait; echo still here'")

# Inherited.
script("nice -n 5 RUN nice; nice -n 5 RUN nice -n 3 nice")
script("PS1='p$ ' PS2='q$ ' RUN env | grep '^PS[12]=' | sort; RUN env | grep -c '^PS[12]='")
script("env SHELLOPTS=xtrace BASHOPTS=nullglob BASH_ENV=/nonexistent RUN env | grep -E '^(SHELLOPTS|BASHOPTS|BASH_ENV)=' | sort")
script("f() { echo function; }; export -f f; RUN bash -c f")
script("env -i A=b=c 'D E=f' RUN /usr/bin/env -u _ | sort")
