# redis-benchmark with 20 clients over loopback: SET and GET.
# metric: rate SET GET
# needs: redis-server redis-benchmark redis-cli
redis-server --port 17379 --bind 127.0.0.1 --save '' --appendonly no --daemonize no > log 2>&1 &
server=$!
for ((i = 0; i < 200; i++)); do redis-cli -p 17379 ping 2> /dev/null | grep -q PONG && break; sleep 0.05; done
redis-benchmark -p 17379 -c 20 -n "${REQUESTS:-60000}" -t set,get --csv > result 2> errors
status=$?
kill $server; wait $server
sed -n -E 's/^"(SET|GET)","([0-9.]+)".*/\1 \2/p' result
exit $status
