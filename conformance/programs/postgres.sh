# PostgreSQL: initdb, start, pgbench, stop. It refuses to run as root, so root hands over to an ordinary user.
bin=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | tail -n 1); [ -x "$bin/initdb" ] || { echo "no PostgreSQL"; exit 77; }
as() { "$@"; }; if [ "$(id -u)" = 0 ]; then chown nobody .; as() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }; fi
d=$PWD/data; as "$bin/initdb" -D "$d" -A trust -U pg --locale=C > initdb.log 2>&1; echo "initdb $?"
as "$bin/pg_ctl" -D "$d" -s -w -t 120 -o "-k $PWD -h ''" -l "$d/log" start; echo "start $?"
as psql -h "$PWD" -U pg postgres -Atc 'create table t as select generate_series(1, 10000) i; select count(*), sum(i) from t'
as "$bin/pgbench" -h "$PWD" -U pg -i -q postgres > /dev/null 2>&1; as "$bin/pgbench" -h "$PWD" -U pg -c 4 -j 2 -t 50 postgres 2> /dev/null | grep 'actually processed'
as "$bin/pg_ctl" -D "$d" -s -w -m fast stop; echo "stop $?"; ls "$d/postmaster.pid" 2> /dev/null || echo stopped
