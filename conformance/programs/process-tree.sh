# A tree of two thousand processes, and one thousand threads.
cat > tree.py << 'END'
import os, threading
def tree(depth, width):
    kids = []
    for _ in range(width):
        pid = os.fork()
        if pid == 0: os._exit(tree(depth - 1, width) if depth else 0)
        kids.append(pid)
    return 0 if all(os.waitpid(k, 0)[1] == 0 for k in kids) else 1
print("tree", tree(2, 12))
go, n, lock = threading.Event(), [0], threading.Lock()
def run():
    go.wait()
    with lock: n[0] += 1
threading.stack_size(65536 * 2); ts = [threading.Thread(target=run) for _ in range(1000)]; [t.start() for t in ts]; go.set(); [t.join() for t in ts]; print("threads", n[0])
END
PYTHONDONTWRITEBYTECODE=1 timeout 200 python3 tree.py
