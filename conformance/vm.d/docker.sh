# Docker as a distribution sets it up: systemd makes the slices, cgroup v2, limits in the scope's files.
$K install > /dev/null
systemctl restart docker || echo "FAIL docker does not start"
check cgroup-driver "$(docker info -f '{{.CgroupDriver}} {{.CgroupVersion}}' 2> /dev/null)" "systemd 2"
mkdir -p /root/box/bin
cp /bin/busybox /root/box/bin/
for name in sh echo cat sleep free head tr; do ln -sf busybox /root/box/bin/$name; done
tar -C /root/box -c . | docker import - box > /dev/null
check run "$(docker run --rm --runtime=kernelet box echo hello)" hello
docker run -d --name limits --runtime=kernelet --memory 100m --cpus 0.5 --pids-limit 30 box sleep 1000 > /dev/null
group=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(docker inspect -f '{{.State.Pid}}' limits)/cgroup")
check scope "$group" "/sys/fs/cgroup/system.slice/docker-$(docker inspect -f '{{.Id}}' limits).scope"
# With what the Sentry needs beside the container.
limits="$(((100 + 96) << 20)) 50000 100000 $((30 + 64))"
check limits "$(cat $group/memory.max $group/cpu.max $group/pids.max | xargs)" "$limits"
systemctl daemon-reload
check limits-after-daemon-reload "$(cat $group/memory.max $group/cpu.max $group/pids.max | xargs)" "$limits"
check seen "$(docker exec limits free | awk '/Mem/ { print $2 }')" 102400
check stats "$(docker stats --no-stream --format '{{.MemUsage}}' limits | grep -c 'MiB / 196MiB')" 1
docker update --memory 120m --memory-swap 240m limits > /dev/null
check updated "$(cat $group/memory.max)" $(((120 + 96) << 20))
check unit-updated "$(systemctl show -P MemoryMax "${group##*/}")" $(((120 + 96) << 20))
docker run --rm --runtime=kernelet box echo another > /dev/null 2>&1
systemctl daemon-reload
check limits-after-another "$(cat $group/memory.max $group/pids.max | xargs)" "$(((120 + 96) << 20)) $((30 + 64))"
docker pause limits > /dev/null
check paused "$(cat $group/cgroup.freeze) $(docker inspect -f '{{.State.Status}}' limits)" "1 paused"
docker unpause limits > /dev/null
docker rm -f limits > /dev/null
check removed "$(ls -d $group 2>&1 | grep -c 'No such')" 1
check full "$(docker run --rm --memory 60m --runtime=kernelet box sh -c 'head -c 100000000 /dev/zero | cat > /dev/shm/x; echo $?' 2> /dev/null)" 1
check killed "$(docker run --rm --memory 60m --runtime=kernelet box sh -c 'x=$(head -c 200000000 /dev/zero | tr "\000" x); echo ${#x}' > /dev/null 2>&1; echo $?)" 137
