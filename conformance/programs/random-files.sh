# Random calls on files: each must have the same result. Other seeds by hand: attack/files SEED COUNT DIRECTORY.
command -v gcc > /dev/null || { echo "no gcc"; exit 77; }
[ "$(stat -f -c %T /dev/shm 2> /dev/null)" = tmpfs ] || { echo "no tmpfs on /dev/shm"; exit 77; }
gcc -O1 -std=gnu17 -w -o files "$(dirname "$0")/../attack/files.c" || exit 1
for seed in 1 2 3 4; do echo "seed $seed"; ./files $seed 1500 /dev/shm || exit 1; done
