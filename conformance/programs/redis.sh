# redis-server and redis-benchmark over a unix socket and over loopback; data saved by a forked child and read again.
command -v redis-server > /dev/null && command -v redis-benchmark > /dev/null || { echo "no redis"; exit 77; }
start() { redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$PWD/s" --dir "$PWD" --daemonize no --logfile log --save '' & server=$!
    for i in $(seq 200); do redis-cli -s s ping > /dev/null 2>&1 && break; sleep 0.1; done; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
start; c="redis-cli -s $PWD/s"
$c set key value; $c get key; for i in 1 2 3; do $c incr n; done; $c lpush l a b c; $c lrange l 0 -1; $c eval 'return redis.call("get", KEYS[1])' 1 key
redis-cli -p "$port" get key
redis-benchmark -s s -q -n 20000 -c 20 -P 10 -t set,get,incr,lpush --csv 2> err | tail -n 4 | cut -d, -f1; wc -c < err
redis-benchmark -p "$port" -q -n 2000 -c 20 -t ping,set,get --csv 2> err | tail -n 4 | cut -d, -f1
$c dbsize; $c save; ls dump.rdb; $c bgsave > /dev/null; for i in $(seq 100); do $c info persistence | grep -q rdb_bgsave_in_progress:0 && break; sleep 0.1; done
$c info persistence | tr -d '\r' | grep -E '^rdb_last_bgsave_status'; $c shutdown nosave; wait $server; echo "exit $?"
start; $c get key; $c get n; kill $server; wait $server; echo "exit $?"; ls s 2> /dev/null | wc -l
