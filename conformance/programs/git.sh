# git: init, add, commit, log, branch, merge, clone, gc, fsck.
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat HOME=$PWD
git init -q -b main r; cd r || exit 1
for i in $(seq 1 40); do mkdir -p d$((i % 5)); seq $i 50 > d$((i % 5))/f$i; done
git add .; git commit -qm one; git log --oneline; git status --short | wc -l
echo change >> d1/f1; git mv d2/f2 d2/g2; git rm -q d3/f3; git commit -qam two; git show --stat HEAD | tail -n 4
git checkout -q -b side HEAD~1; echo side > s; git add s; git commit -qm side; git checkout -q main; git merge -q --no-edit side; git log --oneline --graph | head; git ls-files | wc -l
git clone -q . ../c && cd ../c && git log --oneline | wc -l && git rev-parse HEAD; echo x > new; git add new; git commit -qm three; git push -q origin HEAD:refs/heads/pushed; cd ../r; git branch | tr -d ' *' | sort
git gc -q; git fsck 2> /dev/null; git count-objects -v | grep in-pack; git diff HEAD~1 --stat | tail -n 1; git stash list; git blame -s d1/f1 | tail -n 1; git archive HEAD | tar t | wc -l; git bundle create -q ../b HEAD && git bundle verify -q ../b > /dev/null 2>&1; echo "bundle $?"
for i in 1 2 3; do git clone -q --no-hardlinks . ../p$i & done; wait; ls .. | tr '\n' ' '; git -c protocol.file.allow=always submodule --quiet add ../c sub 2> /dev/null; git submodule status | awk '{ print $2 }'; git grep -c 17 | wc -l
