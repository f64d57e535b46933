# Random calls on files, memory, pipes and sockets: each must have the same result. Other seeds by hand: see attack/files.c and its neighbours.
command -v gcc > /dev/null || { echo "no gcc"; exit 77; }
case $(uname -r) in [1-5].*|6.[0-9].*|6.1[01].*) echo "an older kernel, which differs"; exit 77 ;; esac
[ "$(stat -f -c %T /dev/shm 2> /dev/null)" = tmpfs ] || { echo "no tmpfs on /dev/shm"; exit 77; }
for program in files memory channels; do
    gcc -O1 -std=gnu17 -w -o $program "$(dirname "$0")/../attack/$program.c" || exit 1
done
for seed in 1 2 3 4; do echo "files $seed"; ./files $seed 1500 /dev/shm || exit 1; done
for seed in 1 2 3 4; do echo "memory $seed"; ./memory $seed 500 || exit 1; done
for seed in 1 2 3 4; do echo "channels $seed"; ./channels $seed 600 || exit 1; done
