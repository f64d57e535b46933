# User namespaces by programs of an ordinary user: unshare, nsenter, bwrap, newuidmap's files.
if [ "$(id -u)" = 0 ]; then
    chmod 777 .; exec setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp bash "$0"
fi
unshare -U true 2> /dev/null || { echo "may not unshare"; exit 77; }
me=$(id -u)
unshare -U sh -c 'id -u; cat /proc/self/setgroups; touch made; stat -c "%u %U" made; stat -c %u /'; stat -c %u made; rm -f made
unshare -Ur sh -c 'id; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; grep Cap /proc/self/status'
unshare -Ur sh -c 'chown 0:0 . 2>&1; hostname x 2>&1; mount -t tmpfs none /mnt 2>&1; mknod d c 1 3 2>&1; cat /etc/shadow 2>&1; ls /root 2>&1' | sed 's/.*: //'
unshare -Urm sh -c 'mount -t tmpfs none /mnt && echo x > /mnt/f && cat /mnt/f && chmod 0 /mnt/f && cat /mnt/f; umount /proc 2>&1 | grep -c .; mount --bind /mnt /tmp && ls /tmp; mount -o remount,bind,ro /tmp && touch /tmp/y 2>&1 | grep -o Read-only'
unshare -Urmpf --mount-proc sh -c 'echo $$; ls /proc | grep -c "^[0-9]"; id -u'
unshare -Uru sh -c 'hostname inner && uname -n'; unshare -Uri sh -c 'ipcmk -Q > /dev/null && ipcs -q | grep -c 0x'
unshare -U --map-users=0,$me,1 --map-groups=0,$(id -g),1 --setgroups deny id -u 2> /dev/null || echo "an old unshare"
unshare -Ur unshare -Ur sh -c 'id -u; cat /proc/self/uid_map'
unshare -Ur sleep 300 & p=$!
for i in $(seq 100); do [ "$(cat /proc/$p/comm)" = sleep ] && break; sleep 0.05; done
cat /proc/$p/uid_map; nsenter -t $p -U --preserve-credentials sh -c 'id -u; grep CapEff /proc/self/status'; readlink /proc/$p/ns/user | cmp -s - <(readlink /proc/self/ns/user); echo $?; kill $p; wait $p; echo $?
command -v bwrap > /dev/null && bwrap --ro-bind / / --proc /proc --tmpfs /tmp --unshare-user --unshare-pid --unshare-ipc --unshare-uts --hostname box sh -c \
    'id -u; uname -n; echo $(ps -o comm= ax); touch /x 2>&1 | grep -o Read-only; touch /tmp/x; ls /tmp; umount /tmp 2>&1 | grep -c .'
command -v bwrap > /dev/null && bwrap --ro-bind / / --proc /proc --dev /dev --unshare-user --unshare-pid sh -c \
    'ls /dev/pts; stat -c "%a %t:%T" /dev/pts/ptmx /dev/null; echo x > /dev/null; script -qc "tty; stat -c %a \$(tty)" /dev/null < /dev/null; readlink /dev/ptmx'
command -v bwrap > /dev/null && bwrap --unshare-user --uid 0 --gid 0 --bind / / sh -c 'id -u; id -g; head -c 0 /etc/shadow 2>&1 | grep -o denied'
su -c true 2>&1 < /dev/null | head -c 0; unshare -Ur su -c true > /dev/null 2>&1 < /dev/null; echo done
