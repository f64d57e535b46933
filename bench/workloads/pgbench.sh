# PostgreSQL: pgbench, 4 clients, over a unix socket.
# metric: rate transactions
# needs: pgbench
for d in /usr/lib/postgresql/*/bin; do PATH=$d:$PATH; done
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
chmod 777 .
"${as[@]}" initdb -D db -U postgres --no-sync > log 2>&1 || exit 1
"${as[@]}" postgres -D db -k "$PWD" -c listen_addresses= -c fsync=off > log 2>&1 &
server=$!
for ((i = 0; i < 200; i++)); do psql -h "$PWD" -U postgres -c 'select 1' > /dev/null 2>&1 && break; sleep 0.05; done
pgbench -h "$PWD" -U postgres -i -q -s 2 postgres > log2 2>&1 && pgbench -h "$PWD" -U postgres -c 4 -T "${SECONDS_OF_LOAD:-4}" postgres > result 2>&1
status=$?
kill -INT $server; wait $server
sed -n -E 's/^tps = ([0-9.]+) .*/transactions \1/p' result
exit $status
