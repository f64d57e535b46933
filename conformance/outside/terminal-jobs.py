# Jobs of the caller's shell: ^C, ^Z, fg, bg, background reads, pipelines, /dev/tty, settings as before at the end.
import re, time
from terminal import RUN, Terminal

t = Terminal()
before = t.modes()


def check(name, value):
    print(name, value, flush=True)


def job(text):  # a line of bash about a job, without the number and the command
    return " ".join(w for w in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).split() if w in ("Stopped", "Running", "Terminated", "(tty", "input)", "output)"))


check("size", t.command(RUN + "stty size"))
check("tty", t.command(RUN + "tty") == t.command("tty"))
check("is terminal", t.command(RUN + "sh -c 'test -t 0 && test -t 1 && test -t 2 && echo yes'"))
t.line(RUN + "sh -c 'echo ready; exec cat'"); t.ready()
t.send("typed\n"); t.expect(rb"typed\r\ntyped\r\n"); t.send(b"erasX\x7fed\n"); t.expect(rb"\r\nerased\r\n"); t.send(b"\x04"); t.result()
check("end of file", t.command("echo $?"))
t.line(RUN + "sh -c 'echo ready; exec sleep 100'"); t.ready(); t.send(b"\x03"); t.result()
check("interrupt", t.command("echo $?"))
t.line(RUN + "sh -c 'trap \"echo quit; exit 7\" QUIT; echo ready; while :; do sleep 0.1; done'"); t.ready()
t.send(b"\x1c"); t.expect(rb"quit\r\n"); t.result()
check("quit", t.command("echo $?"))

# ^Z, jobs, fg, ^C
t.line(RUN + "sh -c 'echo ready; sleep 100; echo ended'"); t.ready(); t.send(b"\x1a")
check("stop", job(t.result()))
check("jobs", job(t.command("jobs")))
t.line("fg"); time.sleep(0.3); t.send(b"\x03"); t.result()
check("interrupted after fg", t.command("echo $?"))
# ^Z, bg, kill
t.line(RUN + "sh -c 'echo ready; sleep 100'"); t.ready(); t.send(b"\x1a"); t.result()
t.command("bg")
check("bg", job(t.command("jobs")))
check("ended", t.command("kill %1; wait %1; echo status $?").split("status ")[1].split()[0])
t.command("true")
# ^Z and fg while a program reads
t.line(RUN + "sh -c 'echo ready; read x; echo got $x'"); t.ready(); t.send(b"\x1a"); t.result()
t.line("fg"); t.expect(rb"read x; echo got.*\r\n"); t.send("a line\n"); t.expect(rb"got a line\r\n"); t.result()
check("read after fg", t.command("echo $?"))
for i in range(5):
    t.line(RUN + "sh -c 'echo ready; read x; echo got $x'"); t.ready()
    for j in range(3):
        t.send(b"\x1a"); t.result(); t.line("fg"); t.expect(rb"got.*\r\n"); time.sleep(0.2)
    t.send("a line\n"); t.expect(rb"got a line\r\n"); t.result()
check("again and again", t.command("echo $?"))

# a background job that reads stops, and goes on in the foreground
t.line(RUN + "cat &"); t.expect(rb"\[1\] \d+\r\n")
check("background read", t.settle(lambda: "Stopped" in t.command("jobs")))
t.line("fg"); t.expect(rb"cat\r\n"); t.send("hello\n"); t.expect(rb"hello\r\nhello\r\n"); t.send(b"\x04"); t.result()
check("read in foreground", t.command("echo $?"))
# one that writes does not, but with tostop
t.line(RUN + "sh -c 'echo from behind' &"); t.expect(rb"from behind\r\n"); t.command("wait")
t.command("stty tostop")
t.line(RUN + "sh -c 'echo stopped first' &"); t.expect(rb"\[1\] \d+\r\n")
check("tostop", t.settle(lambda: "Stopped" in t.command("jobs")))
t.line("fg"); t.expect(rb"stopped first\r\n"); t.result(); t.command("stty -tostop")
# one that changes settings does
t.line(RUN + "stty -echo &"); t.expect(rb"\[1\] \d+\r\n")
check("background stty", t.settle(lambda: "Stopped" in t.command("jobs")))
t.kill_job()
check("echo is on", t.modes()[0][3] == before[0][3])

# pipelines with programs outside; only one of the three is the terminal
check("to a pipe", t.command(RUN + "sh -c 'test -t 1 || echo no; stty size' | tr a-z A-Z"))
check("from a pipe", t.command("echo x | " + RUN + "sh -c 'cat; test -t 0 || stty size < /dev/tty'"))
t.line(RUN + "cat | tr a-z A-Z"); time.sleep(0.3); t.send("mixed\n"); time.sleep(0.2); t.send(b"\x04"); t.expect(rb"MIXED\r\n"); t.result()
check("typed into a pipe", t.command("echo $?"))
t.line(RUN + "sleep 100 | cat"); time.sleep(0.5); t.send(b"\x1a")
check("stopped pipeline", job(t.result()))
t.line("fg"); time.sleep(0.3); t.send(b"\x03"); t.result()
check("dev tty", t.command(RUN + "sh -c 'echo told > /dev/tty' > /dev/null 2>&1 < /dev/null"))
t.line(RUN + "sh -c 'read x < /dev/tty; echo read $x' < /dev/null"); t.send("this\n"); t.expect(rb"read this\r\n"); t.result()
t.line(RUN + "bash -c 'read -s -p Password: x; echo; echo got ${#x}'"); t.expect(rb"Password:"); time.sleep(0.2); t.send("secret\n")
check("no echo", t.result())

# window size
t.line(RUN + "bash -c 'trap \"stty size\" WINCH; echo ready; for i in {1..100}; do sleep 0.1; done'"); t.ready()
t.size(30, 100); t.expect(rb"30 100\r\n"); t.send(b"\x03"); t.result()
check("resized", t.command(RUN + "stty size"))
# a program that handles SIGTSTP
t.line(RUN + "python3 -c 'import signal; signal.signal(20, lambda *x: print(\"not now\")); print(\"ready\"); print(\"<\" + input() + \">\")'"); t.ready()
t.send(b"\x1a"); t.expect(rb"not now\r\n"); t.send("on\n"); t.expect(rb"<on>\r\n"); t.result()
check("handled stop", t.command("echo $?"))
t.line(RUN + "sh -c '(sleep 0.5; kill -CONT $$) & kill -STOP $$; echo continued' | cat"); t.expect(rb"continued\r\n"); t.result()

# killed outright: nothing to put back
t.line(RUN + "sh -c 'echo ready; sleep 100'"); t.ready(); t.send(b"\x1a"); t.result(); t.kill_job()
after = t.modes()
check("modes", after[0] == before[0])
t.send("exit 3\n")
check("exit", t.end())
