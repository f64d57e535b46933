# less and tmux under a pseudo-terminal.
command -v tmux > /dev/null && command -v less > /dev/null || { echo "no tmux or less"; exit 77; }
export PYTHONDONTWRITEBYTECODE=1
seq 1 1000 > f
python3 - << 'END'
import pty, os, time, select, fcntl, struct, termios, re
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", LESS="", LESSHISTFILE="-"); time.sleep(0.2); os.execvp("less", ["less", "f"])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
out = b""; keys = [b" ", b"G", b"?500\r", b"q"]; last = time.time(); seen = []
while True:
    r, _, _ = select.select([fd], [], [], 0.1)
    if r:
        try: d = os.read(fd, 65536)
        except OSError: break
        if not d: break
        out += d; last = time.time()
    elif keys and time.time() - last > 0.5: seen.append(out); out = b""; os.write(fd, keys.pop(0)); last = time.time()
    elif time.time() - last > 20: os.kill(pid, 9); print("hung")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), b"23" in seen[0], b"46" in seen[1], b"1000" in seen[2], b"500" in seen[3])
END
t() { tmux -S "$PWD/s" -f /dev/null "$@"; }
t new-session -d -x 80 -y 24 'bash --norc --noprofile'; t send-keys 'PS1=; clear; echo "in $((6*7)) tmux"' Enter; for i in $(seq 50); do t capture-pane -p | grep -q '^in 42 tmux' && break; sleep 0.2; done; t capture-pane -p | grep '^in'
t split-window -d 'sleep 100'; t list-panes | wc -l; t send-keys 'sleep 50' Enter; sleep 0.5; t send-keys C-c; t send-keys 'echo interrupted $?' Enter; for i in $(seq 50); do t capture-pane -p | grep -q '^interrupted' && break; sleep 0.2; done; t capture-pane -p | grep '^interrupted'
t kill-server; sleep 0.2; t list-sessions 2> /dev/null; echo "gone $?"
