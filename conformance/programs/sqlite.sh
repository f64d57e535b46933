# sqlite3: rollback journal and WAL, several writers, from the shell and from python.
sqlite3 a.db 'create table t(id integer primary key, v text); with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) insert into t select i, hex(i * 7) from n; select count(*), sum(id) from t; create index x on t(v); pragma integrity_check;'
sqlite3 a.db "pragma journal_mode = wal; begin; update t set v = 'x' where id % 2; commit; select count(*) from t where v = 'x';"
for i in 1 2 3 4; do (for n in $(seq 1 15); do sqlite3 -cmd '.timeout 20000' a.db "insert into t(v) values('w$i');"; done) & done; wait
sqlite3 a.db "select v, count(*) from t where v like 'w%' group by v order by v; pragma wal_checkpoint(truncate); pragma integrity_check;"
ls a.db*; sqlite3 a.db 'select * from t where id <= 5000' | md5sum
PYTHONDONTWRITEBYTECODE=1 python3 - << 'END'
import sqlite3, threading
c = sqlite3.connect("p.db"); print(c.execute("pragma journal_mode=wal").fetchone()); c.execute("create table t(a,b)"); c.commit()
def work(n):
    d = sqlite3.connect("p.db", timeout=30)
    for i in range(20):
        with d: d.execute("insert into t values(?,?)", (n, i))
    d.close()
ts = [threading.Thread(target=work, args=(n,)) for n in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]
print(c.execute("select count(*), sum(b) from t").fetchone(), c.execute("pragma integrity_check").fetchone())
END
