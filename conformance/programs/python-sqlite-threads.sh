# python: sqlite3 from threads, subprocess pipelines, queues, select, mmap, signals.
PYTHONDONTWRITEBYTECODE=1 python3 - << 'END'
import sqlite3, threading, subprocess, queue, os, sys, mmap, signal, select, socket, time, tempfile, shutil, fcntl
db = sqlite3.connect("t.db"); db.execute("pragma journal_mode=wal"); db.execute("create table t (n integer, who integer)"); db.commit()
def insert(who):
    c = sqlite3.connect("t.db", timeout=60)
    for i in range(100):
        with c: c.execute("insert into t values (?, ?)", (i, who))
ts = [threading.Thread(target=insert, args=(i,)) for i in range(8)]; [t.start() for t in ts]; [t.join() for t in ts]
print(db.execute("select count(*), sum(n), count(distinct who) from t").fetchone(), db.execute("pragma integrity_check").fetchone())
mem = sqlite3.connect(":memory:"); mem.executescript("create virtual table f using fts5(x); insert into f values ('a b c'), ('b d');"); print(mem.execute("select count(*) from f where f match 'b'").fetchone())
p = subprocess.run("seq 1 1000 | sort -r | head -n 3", shell=True, capture_output=True, text=True); print(p.stdout.split())
a = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE); out, _ = a.communicate(b"x" * 1000000); print(len(out), a.returncode)
print(subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
try: subprocess.run(["sleep", "10"], timeout=0.3)
except subprocess.TimeoutExpired: print("timeout")
ps = [subprocess.Popen([sys.executable, "-c", f"print({i} * {i})"], stdout=subprocess.PIPE, text=True) for i in range(6)]; print([int(x.communicate()[0]) for x in ps])
q, r = queue.Queue(5), []
def consume():
    while (x := q.get()) is not None: r.append(x * 2)
c = threading.Thread(target=consume); c.start(); [q.put(i) for i in range(1000)]; q.put(None); c.join(); print(sum(r))
with open("m", "w+b") as f:
    f.truncate(100000); m = mmap.mmap(f.fileno(), 0); m[5000:5005] = b"hello"; m.flush(); f.seek(5000); print(f.read(5))
got = []; signal.signal(signal.SIGALRM, lambda *x: got.append(1)); signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05); end = time.time() + 20
while len(got) < 5 and time.time() < end: time.sleep(0.01)
signal.setitimer(signal.ITIMER_REAL, 0); print(len(got) >= 5)
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(50)
def serve():
    for _ in range(20): k, _ = l.accept(); threading.Thread(target=lambda k=k: (k.sendall(k.recv(100).upper()), k.close())).start()
threading.Thread(target=serve).start(); res = []
def ask(i):
    with socket.create_connection(l.getsockname()) as s: s.sendall(b"abc%d" % i); res.append(s.recv(100))
ts = [threading.Thread(target=ask, args=(i,)) for i in range(20)]; [t.start() for t in ts]; [t.join() for t in ts]; print(sorted(res)[:3], len(res))
cond, n = threading.Condition(), [0]
def turn(k):
    for i in range(200):
        with cond:
            cond.wait_for(lambda: n[0] % 4 == k); n[0] += 1; cond.notify_all()
ts = [threading.Thread(target=turn, args=(k,)) for k in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]; print(n[0])
d = tempfile.mkdtemp(); [open(f"{d}/{i}", "w").close() for i in range(500)]; print(len(os.listdir(d))); shutil.rmtree(d); print(os.path.exists(d))
f = open("lock", "w"); fcntl.flock(f, fcntl.LOCK_EX); print(subprocess.run(["flock", "-n", "lock", "true"]).returncode); fcntl.flock(f, fcntl.LOCK_UN); print(subprocess.run(["flock", "-n", "lock", "true"]).returncode)
END
