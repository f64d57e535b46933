# Long pipelines, many processes, background jobs, SIGPIPE.
seq 1 20000 | awk '{ s += $1 } END { print s }'
yes | head -n 100000 | wc -l
seq 1 5000 | sort -R | sort -n | md5sum
seq 1 1000 | tee copy | wc -l; wc -c < copy
seq 1 100 | xargs -n 10 echo | wc -l
seq 1 40 | xargs -P 4 -I{} sh -c 'echo {}' | sort -n | tail -n 1
for i in 1 2 3 4 5 6 7 8; do (seq $i 1000 | md5sum) & done | sort
wait
dd if=/dev/zero bs=64k count=100 2> /dev/null | gzip -1 | gunzip | md5sum
cat /usr/bin/env | cat | cat | cat | cmp - /usr/bin/env && echo same
mkfifo p; (echo through fifo > p) & cat p; wait
(seq 1 100000; echo end) | tail -n 1
n=0; while [ $n -lt 100 ]; do /bin/true; n=$((n + 1)); done; echo "$n processes"
