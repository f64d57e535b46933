# Interactive programs at the caller's terminal: a shell with job control of its own, editors, pagers, interpreters.
import os, time
from terminal import PROMPT, RUN, Terminal

t = Terminal()
before = t.modes()


def check(name, value):
    print(name, value, flush=True)


def inside(text, prompt=b"INNER> "):
    t.line(text)
    m = t.expect(rb"(?s)^(.*?)" + prompt)
    return " ".join(m.group(1).decode().split())


t.line(RUN + "env PS1='INNER> ' TERM=dumb bash --norc --noprofile --noediting -i")
start = t.expect(rb"(?s)^(.*?)INNER> ").group(1)
check("no complaint", start)
check("terminal", inside("[[ $(tty) == /dev/pts/* ]] && test -c $(tty) && echo yes"))
check("/dev/tty", inside("echo told > /dev/tty"))
t.line("sleep 100"); time.sleep(0.5); t.send(b"\x03"); t.expect(rb"INNER> ")
check("interrupt", inside("echo $?"))
t.line("sleep 101"); time.sleep(0.5); t.send(b"\x1a"); t.expect(rb"Stopped"); t.expect(rb"INNER> ")
check("jobs", inside("jobs"))
inside("bg")
check("bg", inside("jobs"))
t.line("fg"); time.sleep(0.5); t.send(b"\x03"); t.expect(rb"INNER> ")
check("after fg", inside("echo $?"))
t.line("cat &"); t.expect(rb"INNER> ")
check("background read", t.settle(lambda: "Stopped" in inside("jobs")))
t.line("fg"); t.expect(rb"cat\r\n"); t.send("hello\n"); t.expect(rb"hello\r\nhello\r\n"); t.send(b"\x04"); t.expect(rb"INNER> ")
inside("trap 'echo resized' WINCH")
t.size(31, 101); time.sleep(0.5); t.send("\n"); t.expect(rb"resized\r\n"); t.expect(rb"INNER> ")
t.buffer = b""
check("size", inside("stty size"))
check("pipeline", inside("seq 3 | cat | wc -l"))
t.send(b"\x03"); t.expect(rb"INNER> ")
check("alive", inside("echo still here"))
# an inner shell within the inner shell, and its jobs
t.line("env PS1='THIRD> ' bash --norc --noprofile --noediting -i"); t.expect(rb"THIRD> ")
t.line("sleep 102"); time.sleep(0.5); t.send(b"\x1a"); t.expect(rb"Stopped"); t.expect(rb"THIRD> ")
t.line("kill -9 %1"); t.expect(rb"THIRD> ")
t.settle(lambda: "sleep" not in inside("jobs", b"THIRD> "))
t.line("exit 4"); t.expect(rb"INNER> ")
check("third", inside("echo $?"))
# stopped: the outer shell takes over, fg comes back
t.line("kill -STOP $$"); t.expect(PROMPT)
check("suspended", "Stopped" in t.command("jobs"))
t.line("fg"); t.expect(rb"-i\r\n"); time.sleep(0.5); t.send("\n"); t.expect(rb"INNER> ")
t.buffer = b""
time.sleep(0.5); t.more(0.2); t.buffer = b""
check("back", inside("echo back"))
t.send(b"\x04"); t.result()
check("exit", t.command("echo $?"))
check("modes", t.modes()[0] == before[0])

# with line editing
t.line(RUN + "env PS1='INNER> ' bash --norc --noprofile -i"); t.expect(rb"INNER> ")
t.send("echo abX\x7fc\x01\x05d\n"); t.expect(rb"abcd\r\n"); t.expect(rb"INNER> "); t.send("exit\n"); t.expect(PROMPT)
check("editing", t.modes()[0] == before[0])
# python's prompt
t.line(RUN + "python3 -q"); t.expect(rb">>> "); t.send("6*7\n"); t.expect(rb"42\r\n"); t.expect(rb">>> ")
time.sleep(0.3) # readline misses a signal that comes between its prompt and its select(2)
t.send(b"\x03"); t.expect(rb"KeyboardInterrupt"); t.expect(rb">>> "); t.send(b"\x04"); t.expect(PROMPT)
check("python", t.modes()[0] == before[0])
# vim: raw mode, ^Z and back, write
t.command("cd $(mktemp -d)")
t.line(RUN.replace("do ", "do --volume $PWD ", 1) + "vim -u NONE -n new.txt"); t.expect(rb"new.txt"); time.sleep(0.5)
t.send("ihello from vim"); time.sleep(0.3); t.send(b"\x1b"); time.sleep(0.3); t.send(b"\x1a"); t.expect(PROMPT)
check("vim stopped", "Stopped" in t.command("jobs") and t.modes()[0] == before[0])
t.line("fg"); t.expect(rb"hello from vim"); time.sleep(0.5); t.send("yyp:wq\r"); t.expect(PROMPT)
check("vim", t.command("cat new.txt"))
check("modes", t.modes()[0] == before[0])
# less reads keys from /dev/tty
t.command("seq 1000 > numbers")
t.line(RUN + "cat numbers | less"); t.expect(rb"30"); time.sleep(0.3); t.send("q"); t.expect(PROMPT)
t.line("cat numbers | " + RUN + "less"); t.expect(rb"30"); time.sleep(0.3); t.send(" "); t.expect(rb"60"); t.send("q"); t.expect(PROMPT)
check("less", t.modes()[0] == before[0])
t.line(RUN + "top -d 1"); t.expect(rb"load average"); time.sleep(1.5); t.send("q"); t.expect(PROMPT)
check("top", t.modes()[0] == before[0])
t.command("rm new.txt numbers")
t.send("exit 5\n")
check("end", t.end())
