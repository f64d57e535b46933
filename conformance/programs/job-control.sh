# Job control of an interactive bash in a pseudo-terminal: ^C, ^Z, fg, bg, ^D, window size.
PYTHONDONTWRITEBYTECODE=1 python3 - << 'END'
import pty, os, time, select, re, fcntl, termios, struct
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="$ ", HISTFILE="/dev/null"); os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
buf = b""
def expect(text, limit=15):
    global buf
    end = time.time() + limit
    while not re.search(text, buf):
        if time.time() > end: print("no", text, buf[-300:]); os.kill(pid, 9); raise SystemExit
        if select.select([fd], [], [], 0.2)[0]:
            try: buf += os.read(fd, 65536)
            except OSError: return False
    m = re.search(text, buf); buf = buf[m.end():]; return True
def send(s): os.write(fd, s)
expect(rb"\$ "); send(b"stty size\n"); expect(rb"40 132\r\n"); print("size")
send(b"cat\n"); expect(rb"cat\r\n"); time.sleep(0.5); send(b"typed\n"); expect(rb"typed\r\ntyped\r\n"); send(b"\x04"); expect(rb"\$ "); print("end of file")
send(b"echo be''gun; sleep 100\n"); expect(rb"begun\r\n"); time.sleep(0.5); send(b"\x03"); expect(rb"\$ "); send(b"echo st=$?\n"); expect(rb"st=130\r\n"); print("interrupt")
send(b"echo be''gun; sleep 101\n"); expect(rb"begun\r\n"); time.sleep(0.5); send(b"\x1a"); expect(rb"Stopped"); send(b"jobs\n"); expect(rb"\[1\]\+\s+Stopped\s+sleep 101"); print("stopped")
send(b"bg\n"); expect(rb"sleep 101 &"); send(b"jobs\n"); expect(rb"Running"); send(b"fg\n"); time.sleep(0.3); send(b"\x03"); expect(rb"\$ "); print("bg fg")
send(b"(trap 'echo quit' QUIT; echo re''ady; sleep 1 & wait; wait) \n"); expect(rb"ready\r\n"); time.sleep(0.4); send(b"\x1c"); expect(rb"quit"); print("quit")
send(b"read -t 15 -p 'say''ing: ' x; echo \"<$x>\"\n"); expect(rb"saying: "); send(b"abX\x7fc\n"); expect(rb"<abc>"); print("erase")
send(b"stty -echo; echo hidden; stty echo\n"); expect(rb"\r\nhidden"); print("echo"); time.sleep(0.2)
send(b"trap 'echo WINCH' WINCH\n"); expect(rb"\$ "); fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0)); send(b"\n"); expect(rb"WINCH\r\n"); print("winch")
send(b"tty | grep -c /dev/pts; exit 9\n"); expect(rb"1\r\n"); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
