# The everyday tools on files.
umask 022
mkdir -p d/e/f && touch d/a d/e/b d/e/f/c
echo hello > d/a; cp d/a d/copy; cp -r d d2; mv d/copy d/moved; ln d/a d/hard; ln -s a d/soft
ls d d2; ls -lR d | awk '{ print $1, $2, $NF }' | grep -v total
stat -c '%F %s %a %h %n' d/a d/soft; stat -c '%F %a %h %n' d/e; readlink d/soft; realpath --relative-to=. d/soft
chmod 600 d/a; stat -c %a d/a; touch -d '2001-02-03 04:05:06 UTC' d/a; stat -c %Y d/a
rm d/hard; rmdir d2/e/f 2> /dev/null || echo "not empty"; rm -r d2; ls
seq 10 > n; head -n 3 n; tail -n 3 n; tac n | head -n 1; nl n | tail -n 1; wc n; cut -c1 n | sort | uniq -c
paste n n | tail -n 1; split -l 4 n part-; ls part-*; cat part-* | cmp - n && echo joined
od -c n | head -n 2; base64 n | head -n 1; cksum n; md5sum n; sha256sum n; expr 6 \* 7
dd if=/dev/zero of=z bs=1k count=8 seek=8 2> /dev/null; du -k --apparent-size z; truncate -s 5 n; cat n; echo
test -e n && echo exists; [ -d d ] && echo directory; basename /a/b.c .c; dirname /a/b.c
date -u -d @86400 +%F; env -i A=b env; id -u > /dev/null && echo id; printf '%s\n' c a b | sort | comm -12 - <(echo b)
install -m 750 n installed; stat -c %a installed; mktemp -d ./tmp.XXXX > /dev/null && echo mktemp; shuf -i 1-5 | sort | tr '\n' ' '; echo
timeout 0.2 sleep 5; echo "timeout $?"; nohup true 2> /dev/null; echo "nohup $?"; nice -n 5 nice; stdbuf -oL echo buffered; sync; echo synced
df -P / > /dev/null && echo df; pwd | sed 's|.*/||' | wc -l; tsort <<< 'a b b c' | tr '\n' ' '; factor 360360; numfmt --to=iec 1048576
cp --sparse=always z zz; cmp z zz && echo sparse; cp -a d da; diff -r d da && echo archived; mv da /dev/shm/da.$$ && cat /dev/shm/da.$$/a; rm -r /dev/shm/da.$$
