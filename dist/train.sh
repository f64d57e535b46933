# What the AOT cache is trained on, run inside: common programs, so that the classes (and profiles) of most system calls are
# in it. Every command may fail, none may hang.
exec 2> /dev/null
d=/tmp/kernelet-train.$$
mkdir -p $d/a/b && cd $d || exit 0
for i in 1 2 3 4 5 6 7 8; do /bin/true; /bin/echo $i > f$i; done
ls -la / /etc /usr/bin > list; ls -lR $d > list2
cat list list2 | grep -c bin; sort list | uniq | head -5 | wc -l
find /etc -maxdepth 2 -type f | xargs stat > stat.out
tar cf x.tar list list2 f1; tar xf x.tar -C a; gzip -c x.tar | gzip -d > y.tar; cmp x.tar y.tar
cp -a a c; mv c e; ln -s list link; ln list hard; readlink link; rm -rf e hard; chmod 600 f1; touch -d yesterday f2; truncate -s 1M f3
sed -n 1,5p list; awk '{ n += $5 } END { print n }' list; head -c 100000 /dev/urandom | sha256sum
dd if=/dev/zero of=z bs=64k count=16; dd if=z of=/dev/null bs=4k
ps aux; cat /proc/self/status /proc/self/maps /proc/self/mountinfo /proc/meminfo /proc/cpuinfo /proc/stat /proc/loadavg; df /; id; uname -a
sleep 0.02 & sleep 0.01; wait
(trap 'echo usr1' USR1; kill -USR1 $BASHPID; kill -TERM $BASHPID; sleep 1) ; (kill -SEGV $BASHPID)
mkfifo p; cat p > /dev/null & echo through > p; wait
flock f1 true; timeout 0.1 sleep 1; nohup true; nice true; setsid true; env -i true
(ulimit -n 100; ulimit -a) > /dev/null; umask 027; stty -a; tty; hostname; date; getent hosts localhost
exec 5<> /dev/tcp/127.0.0.1/9
command -v perl > /dev/null && perl -e 'fork or exit 3; wait; pipe(R, W); print W "x"; close W; <R>; $SIG{ALRM} = sub {}; alarm 1; select(undef, undef, undef, 0.01)'
command -v python3 > /dev/null && timeout 20 python3 - <<'P'
import os, socket, subprocess, tempfile, threading, select, signal, mmap, time
subprocess.run(["/bin/true"])
subprocess.run("echo x | cat", shell=True, capture_output=True)
lock = threading.Lock()
def work():
    for i in range(100):
        with lock: pass
ts = [threading.Thread(target=work) for i in range(4)]
[t.start() for t in ts]; [t.join() for t in ts]
a, b = socket.socketpair()
a.send(b"x"); b.recv(1)
ep = select.epoll(); ep.register(b.fileno(), select.EPOLLIN); ep.poll(0.01)
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
c = socket.create_connection(s.getsockname()); d, _ = s.accept(); c.sendall(b"hello"); d.recv(5)
m = mmap.mmap(-1, 65536); m[0:5] = b"hello"; m.close()
with tempfile.TemporaryFile() as f:
    f.write(b"x" * 10000); f.seek(0); f.read(); f.truncate(10)
signal.setitimer(signal.ITIMER_REAL, 5); signal.setitimer(signal.ITIMER_REAL, 0)
pid = os.fork()
if pid == 0: os._exit(0)
os.waitpid(pid, 0)
import sqlite3
q = sqlite3.connect("x.db"); q.execute("create table t(a)"); q.execute("insert into t values(1)"); q.commit()
P
cd /; rm -rf $d
exit 0
