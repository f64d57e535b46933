# podman with systemd making the scopes: root's, and an ordinary user's, to whom systemd delegates a part of the tree. The same with
# runc first, for where the scopes lie. Files of version 2 by --cgroup-conf (linux.resources.unified).
mkdir -p /root/pod/bin /etc/systemd/system/user@.service.d
cp /bin/busybox /root/pod/bin/
for name in sh echo cat sleep free; do ln -sf busybox /root/pod/bin/$name; done
printf '[Service]\nDelegate=cpu cpuset io memory pids\n' > /etc/systemd/system/user@.service.d/delegate.conf
systemctl daemon-reload
useradd -m someone
loginctl enable-linger someone
run=/run/user/$(id -u someone)
for ((i = 0; i < 600; i++)); do [ -S $run/bus ] && break; sleep 0.2; done
as_root=(podman)
as_user=(setpriv --reuid=someone --regid=someone --init-groups env -C /home/someone HOME=/home/someone USER=someone
	XDG_RUNTIME_DIR=$run DBUS_SESSION_BUS_ADDRESS=unix:path=$run/bus podman)

# WHO: limits on the host and inside; "where" of runc and of Kernelet is the same
pods() {
	local who=$1 group where
	shift
	check $who-manager "$("$@" info -f '{{.Host.CgroupManager}} {{.Host.CgroupsVersion}}' 2>&1)" "systemd v2"
	tar -C /root/pod -c . | "$@" import -q - pod > /dev/null 2>&1
	check $who-hello "$("$@" --runtime $K run --rm --network none pod echo hello 2>&1)" hello
	for runtime in /usr/sbin/runc $K; do
		"$@" --runtime $runtime run -d --name limits --network none --memory 100m --cpus 0.5 --pids-limit 30 --cgroup-conf memory.high=94371840 \
			--cgroup-conf memory.oom.group=1 pod sleep 1000 > /dev/null 2> /tmp/error || echo "FAIL $who-limits $(cat /tmp/error)"
		group=/sys/fs/cgroup$(cut -d: -f3 "/proc/$("$@" inspect -f '{{.State.Pid}}' limits)/cgroup")
		where+="${group%-*} "
		[ $runtime = $K ] || "$@" rm -ft 0 limits > /dev/null 2>&1
	done
	check $who-where-runc-has-it "${where#* }" "${where%% *} "
	echo "# $who: $group"
	[ $who = user ] || check $who-unit "$(systemctl show -P ActiveState -P Delegate -P MemoryMax "${group##*/}" | xargs)" "yes $(((100 + 96) << 20)) active"
	# With what the Sentry needs beside the container.
	limits="$(((100 + 96) << 20)) $(((90 + 96) << 20)) 1 50000 100000 $((30 + 64))"
	check $who-limits "$(cd $group; cat memory.max memory.high memory.oom.group cpu.max pids.max | xargs)" "$limits"
	check $who-seen "$("$@" exec limits free | awk '/Mem/ { print $2 }')" 102400
	systemctl daemon-reload
	"$@" run --rm --network none pod echo another > /dev/null 2>&1
	# memory.oom.group is systemd's own business, with runc too.
	check $who-limits-after-another "$(cd $group; cat memory.max memory.high cpu.max pids.max | xargs)" "${limits/ 1 / }"
	"$@" pause limits > /dev/null
	check $who-paused "$(cat $group/cgroup.freeze) $("$@" inspect -f '{{.State.Status}}' limits)" "1 paused"
	"$@" unpause limits > /dev/null
	check $who-exec "$("$@" exec limits echo 42)" 42
	"$@" rm -ft 0 limits > /dev/null 2>&1
	check $who-removed "$(ls -d $group 2>&1 | grep -c 'No such')" 1
	check $who-unified "$("$@" --runtime $K run --rm --network none --cgroup-conf memory.max=80M pod free | awk '/Mem/ { print $2 }')" 81920
	check $who-killed "$("$@" --runtime $K run --rm --network none --memory 60m pod sh -c 'x=$(cat /dev/zero | busybox head -c 200000000 | busybox tr "\000" x)' \
		> /dev/null 2>&1; echo $?)" 137
}
pods root "${as_root[@]}"
check delegated "$(cat /sys/fs/cgroup/user.slice/user-$(id -u someone).slice/user@$(id -u someone).service/cgroup.controllers)" \
	"cpuset cpu io memory pids"
pods user "${as_user[@]}"

# A bundle as root, without an engine: a limit given by its file holds outside and inside, the runtime's own files are refused.
rm -rf /root/b && mkdir -p /root/b/rootfs/{proc,dev,sys/fs/cgroup} && cp -a /root/pod/bin /root/b/rootfs
unified() { # JSON COMMAND
	$K spec --bundle /root/b 2> /dev/null
	python3 - "$1" "$2" <<-'P'
		import json, sys
		c = json.load(open("/root/b/config.json"))
		c["process"].update(terminal=False, args=["sh", "-c", sys.argv[2]])
		c["linux"]["resources"] = {"unified": json.loads(sys.argv[1]), "memory": {"limit": 200 << 20}}
		c["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]})
		json.dump(c, open("/root/b/config.json", "w"))
	P
	$K run --bundle /root/b one 2>&1 | head -n 1
	rm /root/b/config.json
}
check unified-inside "$(unified '{"memory.max": "64M", "pids.max": "20", "cpu.max": "50000 100000"}' \
	'echo $(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max)')" "67108864 20 50000 100000"
check unified-refused "$(unified '{"cgroup.procs": "1"}' true | grep -c 'cgroup.procs')" 1
check unified-wrong "$(unified '{"memory.oom.group": "7"}' true | grep -c 'cannot set .*/memory.oom.group to 7: write: EINVAL')" 1
check nothing-left "$(find /sys/fs/cgroup -name one; find /sys/fs/cgroup -name 'libpod-*'; ls /run/kernelet)" ""
check no-unit-left "$(systemctl list-units --all --plain --no-legend 'libpod-*' | grep -vc conmon)" 0
