# awk and its neighbours on text.
seq 1 5000 | awk '{ s += $1; n[$1 % 7]++ } END { printf "%d %.3f\n", s, sqrt(s); for (i = 0; i < 7; i++) print i, n[i] }'
awk 'BEGIN { while (("echo a b; echo c d" | getline line) > 0) { split(line, w); print w[2], w[1] } "date -u -d @0 +%Y" | getline y; print y; print "to a pipe" | "tr a-z A-Z"; close("tr a-z A-Z"); system("exit 3"); print toupper(substr("kernel", 2, 3)), index("abc", "c"), length("xyz") }'
printf 'k1\t5\nk2\t3\nk1\t7\n' | awk -F '\t' -v OFS=: '{ t[$1] += $2 } END { for (k in t) print k, t[k] }' | sort
seq 1 20 | paste -sd' ' | fold -w 20 -s | nl | sed -n '2,3p'; seq 100 | shuf --random-source=<(yes) | sort -n | md5sum
join <(printf 'a 1\nb 2\n') <(printf 'a x\nb y\n'); comm -12 <(seq 5) <(seq 3 8) | tr '\n' ,; echo; seq 9 | split -l 3 - part.; wc -l part.*; cat part.a[ac] | tac | head -n 2
printf 'b\na\nc\n' > f; sort -o f f; tr '\n' ' ' < f; echo; diff <(seq 3) <(seq 2 4); cmp f f && echo same; od -An -tx1 f; base64 f | base64 -d | md5sum; echo '2^64; scale=20; 4*a(1)' | bc -l
