# find, grep, sed, awk over a tree.
for i in $(seq 1 20); do mkdir -p t/$((i % 4))/$((i % 3)); seq $i 100 > t/$((i % 4))/$((i % 3))/f$i.txt; done
find t -type f | sort | wc -l; find t -name 'f1*.txt' | sort; find t -type d | sort
find t -type f -size +200c | wc -l; find t -newer t/1 -type f | wc -l | sed 's/.*/some/'; find t -maxdepth 1 -mindepth 1 | sort
find t -type f -exec wc -l {} + | tail -n 1; find t -name 'f2*' -delete; find t -type f | wc -l
grep -rl '^42$' t | wc -l; grep -c 9 t/1/1/f1.txt; grep -n '^5' t/1/1/f1.txt | head -n 3; grep -v 1 t/1/1/f1.txt | wc -l; grep -E '^(7|8).$' t/1/1/f1.txt | tr '\n' ' '; echo
grep -P '\d{3}' t/1/1/f1.txt; grep -q none t/1/1/f1.txt; echo "grep $?"
sed -n '5,8p' t/1/1/f1.txt; sed 's/1/one/g; /one/!d' t/1/1/f1.txt | head -n 3; sed -i 's/^1$/first/' t/1/1/f1.txt; head -n 1 t/1/1/f1.txt
awk '{ s[$1 % 7] += $1 } END { for (i = 0; i < 7; i++) print i, s[i] }' t/1/1/f1.txt; awk -F: '$3 == 0 { print $1 }' /etc/passwd
find /usr/include -name 'std*.h' 2> /dev/null | sort | head -n 5; find /etc -maxdepth 1 -name 'pass*' | sort | head -n 3
find t -print0 | xargs -0 ls -d | wc -l; find t -empty; find t -perm 644 -type f | wc -l; diff -r t t && echo same
