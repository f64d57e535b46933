# Archives and compression.
mkdir src; for i in $(seq 1 30); do seq $i 2000 > src/file$i; done; ln -s file1 src/link; ln src/file2 src/hard; mkdir src/empty; chmod 700 src/empty; mkfifo src/pipe; dd if=/dev/zero of=src/sparse bs=1 count=1 seek=1000000 2> /dev/null
tar --sort=name -cf a.tar src; tar tf a.tar | wc -l; mkdir out; tar xf a.tar -C out; diff -r --no-dereference src/file1 out/src/file1 && readlink out/src/link; stat -c '%a %F' out/src/empty out/src/pipe
[ out/src/hard -ef out/src/file2 ] && echo "hard link"; cmp src/sparse out/src/sparse && echo sparse
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - src | md5sum
tar czf a.tgz src; tar tzf a.tgz | wc -l; tar cJf a.txz src; tar tJf a.txz | wc -l; tar xf a.txz -C out --strip-components=1; ls out | wc -l
gzip -k src/file1; gunzip -c src/file1.gz | cmp - src/file1 && echo gzip; xz -k -T2 src/file3; xz -dc src/file3.xz | cmp - src/file3 && echo xz; bzip2 -k src/file4 2> /dev/null && bzip2 -t src/file4.bz2 && echo bzip2
gzip -t a.tgz && echo intact; zcat a.tgz | tar tf - | sort | head -n 3; cat a.tar | (cd out && tar xf - src/file9) && ls out/src/file9
head -c 3000000 /dev/zero | xz -0 | xz -d | md5sum; cpio --version > /dev/null 2>&1 && (find src -type f | sort | cpio -o 2> /dev/null | cpio -t 2> /dev/null | wc -l) || echo 33
