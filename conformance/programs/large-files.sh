# A sparse file of 4 GB, deep and wide directory trees, long names.
truncate -s 4G sparse; stat -c '%s %b' sparse; printf end | dd of=sparse bs=1 seek=4294967293 conv=notrunc 2> /dev/null; stat -c %s sparse; tail -c 3 sparse; echo; cmp -n 1000000 sparse /dev/zero && echo zeros; du -k sparse | awk '{ print $1 < 1000 }'
dd if=sparse of=copy bs=1M count=64 conv=sparse 2> /dev/null; stat -c %s copy; cp --sparse=always sparse copy2; stat -c %s copy2; tail -c 3 copy2; echo; md5sum < copy; python3 -c 'import os; f = os.open("sparse", 0); print(os.lseek(f, 0, os.SEEK_HOLE), os.lseek(f, 0, os.SEEK_DATA) > 4 << 29)'; rm sparse copy copy2
d=.; for i in $(seq 300); do d=$d/d$i; done; mkdir -p $d; echo deep > $d/f; cat $d/f; find . -type d | wc -l; find . -name f | wc -c; (cd $d && pwd | wc -c && cd ../../.. && ls | head -n 1); rm -r d1; ls -A
mkdir w; (cd w; seq 5000 | xargs touch; ls | wc -l; ls -f | wc -l; rm [1-4]*; ls | wc -l); find w -type f -printf . | wc -c; rm -r w; n=$(printf 'n%.0s' $(seq 255)); touch $n; ls | wc -c; touch n$n 2>&1 | grep -c 'too long'; rm $n
python3 - << 'END'
import os
os.makedirs("x"); start = os.getcwd(); os.chdir("x")
for i in range(2000): os.mkdir("y"); os.chdir("y")
try: print(len(os.getcwd()) > 4000)
except OSError as e: print("True")
open("bottom", "w").close(); os.chdir(start)
END
find x -type d | wc -l; find x -name bottom | wc -l; rm -r x; ls -A | wc -l
