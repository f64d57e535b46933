# python3: files, subprocess, threads.
export PYTHONDONTWRITEBYTECODE=1
python3 - << 'END'
import os, sys, subprocess, threading, queue, tempfile, shutil, signal, time, json, hashlib, mmap, fcntl, select, socket
print(sum(i * i for i in range(100000)))
with tempfile.TemporaryDirectory() as d:
    p = os.path.join(d, "f")
    open(p, "w").write("hello\n" * 1000)
    print(os.path.getsize(p), hashlib.sha256(open(p, "rb").read()).hexdigest()[:16])
    with open(p, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        m[:5] = b"HELLO"
        print(m[:12], m.find(b"hello"))
    print(open(p).readline().strip())
    os.makedirs(os.path.join(d, "a/b/c")); shutil.copytree(os.path.join(d, "a"), os.path.join(d, "z"))
    print(sorted(os.listdir(d)), [len(x) for x in os.walk(d)][:3])
print(subprocess.run(["tr", "a-z", "A-Z"], input="subprocess", text=True, capture_output=True).stdout)
print(subprocess.run("exit 5", shell=True).returncode, subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
try: subprocess.run(["sleep", "10"], timeout=0.2)
except subprocess.TimeoutExpired: print("timeout")
p = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(len(p.communicate(b"x" * 1000000)[0]))
q, out, lock, total = queue.Queue(), [], threading.Lock(), 0
def work():
    global total
    while (n := q.get()) is not None:
        with lock: total += n
ts = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in ts]; [q.put(i) for i in range(2000)]; [q.put(None) for _ in ts]; [t.join() for t in ts]
print(total)
e = threading.Event(); t = threading.Timer(0.1, e.set); t.start(); print(e.wait(5))
c = threading.Condition(); ready = []
def produce():
    with c: ready.append(1); c.notify()
threading.Thread(target=produce).start()
with c: print(c.wait_for(lambda: ready, 5))
got = []; signal.signal(signal.SIGUSR1, lambda *a: got.append(1)); os.kill(os.getpid(), signal.SIGUSR1); time.sleep(0.05); print(got)
a, b = socket.socketpair(); a.send(b"ping"); print(select.select([b], [], [], 1)[0] == [b], b.recv(10))
r, w = os.pipe(); pid = os.fork()
if pid == 0: os.write(w, b"child"); os._exit(3)
print(os.read(r, 10), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(json.dumps({"a": [1, 2, {"b": None}]}), sys.byteorder, os.cpu_count() > 0, len(os.sched_getaffinity(0)) > 0)
END
