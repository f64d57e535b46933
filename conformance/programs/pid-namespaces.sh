# PID namespaces by programs: unshare, nsenter, ps, pgrep, lsns, bwrap; needs root.
[ "$(id -u)" = 0 ] && unshare --pid --fork true 2> /dev/null || { echo "may not unshare"; exit 77; }
unshare --pid --fork --mount-proc sh -c 'echo $(ps -o pid=,ppid=,comm= ax); echo $$; readlink /proc/self; ls /proc | grep -c "^[0-9]"'
unshare --pid --fork --mount-proc bash -c 'sleep 100 & kill -TERM $!; wait $!; echo $? $$ $! $BASHPID; (exit 3) & wait $!; echo $? $!; kill -9 1; echo alive $PPID'
unshare --pid --fork --mount-proc sh -c 'exec sh -c "sleep 0.2; exit 7"'; echo $?
unshare --pid --fork --kill-child --mount-proc bash -c 'for i in 1 2 3; do sleep 300 & done; setsid sleep 300 & sleep 0.1; pgrep -c sleep; exit 4'; echo $?
unshare --pid --fork --mount-proc unshare --pid --fork --mount-proc sh -c 'ps -o pid=,comm= ax | grep -cw sh; echo $$; grep -w NSpid /proc/self/status | wc -w'
# Entered from outside: by the file of the namespace, with and without its mounts.
unshare --pid --fork --mount-proc sleep 300 & u=$!
for i in $(seq 100); do p=$(pgrep -P $u -x sleep) && break; sleep 0.05; done
nsenter -t $p --pid --mount sh -c 'echo $(( $$ > 1 )); ps -o comm= 1; kill -0 1; echo $?; kill -KILL -1; echo $?'
nsenter -t $p --pid sh -c 'readlink /proc/self/ns/pid' | cmp - <(readlink /proc/$p/ns/pid) && echo same
awk '/^NSpid/ { print NF, $NF }' /proc/$p/status; [ "$(readlink /proc/self/ns/pid)" != "$(readlink /proc/$p/ns/pid)" ] && echo other
lsns -t pid -n -o NPROCS,COMMAND -p $p
kill -TERM $p; sleep 0.1; kill -0 $p; echo $?; kill -KILL $p; wait $u; echo $?
# A name that keeps it: nobody can live there any more.
touch kept; unshare --pid=kept --fork true; nsenter --pid=kept true 2> /dev/null; echo $?; umount kept; rm kept
command -v bwrap > /dev/null && bwrap --ro-bind / / --proc /proc --unshare-pid sh -c 'echo $(ps -o comm= ax); [ $$ -lt 5 ]; echo $?'
python3 - << 'END'
import ctypes, os, signal
os.unshare(os.CLONE_NEWPID) if hasattr(os, "unshare") else ctypes.CDLL(None).unshare(0x20000000)
pid = os.fork()
if pid == 0:
    kids = [os.fork() or os._exit(i) for i in range(5)]
    print(os.getpid(), kids, sorted((p, os.waitstatus_to_exitcode(s)) for p, s in (os.wait() for _ in kids)), flush=True)
    signal.pause()
import time
time.sleep(0.3)
os.kill(pid, signal.SIGKILL)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
try:
    os.fork()
except OSError as e:
    print(e.strerror)
END
