# git: clone a repository of 1,000 files, change three, status, diff, commit.
# metric: seconds
# needs: git
# data: repository
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git -c safe.directory='*' clone -q --no-hardlinks "$DATA/repository" clone && cd clone || exit 1
for f in $(ls | head -n 3); do echo changed >> "$f"; done
[ "$(git status --porcelain | wc -l)" = 3 ] && git diff > /dev/null && git commit -qam changed && [ -z "$(git status --porcelain)" ]
