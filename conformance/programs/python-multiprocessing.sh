# python3 multiprocessing: pools, queues, shared memory, semaphores; concurrent.futures.
export PYTHONDONTWRITEBYTECODE=1
cat > mp.py << 'END'
import multiprocessing as mp, os, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import shared_memory
def square(x): return x * x
def add(v, l, n):
    for _ in range(n):
        with l: v.value += 1
def put(q, n): [q.put(i) for i in range(n)]
def fill(name): s = shared_memory.SharedMemory(name); s.buf[:5] = b"share"; s.close()
if __name__ == "__main__":
    for method in "fork", "spawn", "forkserver":
        c = mp.get_context(method)
        with c.Pool(4) as p: print(method, sum(p.map(square, range(200))))
    v, l = mp.Value("i", 0), mp.Lock()
    ps = [mp.Process(target=add, args=(v, l, 250)) for _ in range(4)]
    [p.start() for p in ps]; [p.join() for p in ps]; print(v.value, [p.exitcode for p in ps])
    q = mp.Queue(); p = mp.Process(target=put, args=(q, 500)); p.start(); print(sum(q.get() for _ in range(500))); p.join()
    s = shared_memory.SharedMemory(create=True, size=100); p = mp.Process(target=fill, args=(s.name,)); p.start(); p.join(); print(bytes(s.buf[:5])); s.close(); s.unlink()
    a, b = mp.Pipe(); p = mp.Process(target=b.send, args=({"k": [1, 2]},)); p.start(); print(a.recv()); p.join()
    with ProcessPoolExecutor(3) as e: print(list(e.map(square, range(10))))
    with ThreadPoolExecutor(8) as e: print(sum(e.map(square, range(1000))))
    m = mp.Manager(); d = m.dict(); p = mp.Process(target=d.update, args=({"x": 1},)); p.start(); p.join(); print(dict(d)); m.shutdown()
END
timeout 120 python3 mp.py
