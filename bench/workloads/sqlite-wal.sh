# 3,000 inserts into SQLite with a write-ahead log, each its own transaction.
# metric: seconds
# needs: sqlite3
{
	echo 'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);'
	for ((i = 0; i < 3000; i++)); do echo "INSERT INTO t VALUES($i, 'row number $i');"; done
	echo 'SELECT count(*) FROM t;'
} > script
[ "$(sqlite3 data.db < script | tail -n 1)" = 3000 ]
