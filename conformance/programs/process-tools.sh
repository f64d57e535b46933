# What looks at processes and machine: ps, top, pgrep, lsof, free, uptime, ss, ip, df, mount, vmstat.
sleep 100 & p=$!; exec 9< /etc/passwd
for i in $(seq 50); do [ "$(ps -o comm= -p $p)" = sleep ] && break; sleep 0.1; done
ps -o comm=,ppid= -p $p | awk -v me=$$ '{ print $1, $2 == me }'; ps -o stat= -p $p | cut -c1; ps --ppid $$ -o comm= | grep -c '^sleep$'
ps -o args= -p $p; ps -p $p -o etimes= | awk '{ print $1 < 60 }'; ps -o nlwp= -p $p | tr -d ' '; ps aux | awk 'NR == 1 { print $1, $2, NF }'; pgrep -P $$ -x sleep | wc -l; pidof sleep | grep -cw $p
top -b -n 1 -p $p | awk '/ sleep *$/ { print $NF }'; top -b -n 2 -d 0.2 -p $p | grep -c '^top - '; free | awk '{ print $1 }'; free | awk '/^Mem/ { print ($2 > 0), ($2 >= $3) }'
uptime | grep -c 'load average'; cat /proc/loadavg | wc -w; vmstat 2> /dev/null | wc -l; nproc | awk '{ print ($1 > 0) }'; lscpu | grep -c '^Architecture: *x86_64'
lsof -p $$ 2> /dev/null | awk '$4 == "9r" { print $NF }'; lsof -a -p $p -d cwd -Fn 2> /dev/null | grep -c "^n$PWD$"; ls -l /proc/$$/fd/9 | awk '{ print $NF }'; fuser f 2> /dev/null | wc -w
python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(100)' > port & q=$!
for i in $(seq 100); do [ -s port ] && break; sleep 0.1; done; ss -ltn | grep -c "127.0.0.1:$(cat port) "; ss -lxn > /dev/null; echo $?; ip -o addr show lo | grep -c '127.0.0.1/8'; ip -o link show lo | grep -c LOOPBACK
df -P . | awk 'NR == 2 { print ($2 > 0), ($4 > 0) }'; df / > /dev/null; echo $?; mount | grep -c ' on /proc '; findmnt -n -o FSTYPE /proc; id -un | wc -w; hostname | wc -w; uname -m; stat -f -c %S / ; getconf PAGESIZE; ulimit -n | awk '{ print ($1 > 0) }'
renice -n 5 -p $p > /dev/null; ps -o ni= -p $p | tr -d ' '; taskset -p $p | grep -c mask; kill -STOP $p; for i in $(seq 50); do s=$(ps -o stat= -p $p | cut -c1); [ "$s" = T ] && break; sleep 0.05; done; echo $s; kill -CONT $p
kill $p $q; wait $p; echo $?; wait $q; echo $?; ps -p $p > /dev/null; echo $?; w > /dev/null; echo $?; pstree -p $$ 2> /dev/null | head -n 1 | grep -c bash
