# Sourced by conformance/containers, conformance/engines and bench/engines.

mount_cgroups() { # as a distribution without systemd would; all controllers of version 1, or version 2
	local controller
	[ "$(id -u)" = 0 ] && ! grep -q ' /sys/fs/cgroup' /proc/self/mounts || return 0
	mount -t tmpfs -o mode=755 cgroups /sys/fs/cgroup || return 0
	for controller in $(awk 'NR > 1 && $4 == 1 { print $1 }' /proc/cgroups); do
		mkdir "/sys/fs/cgroup/$controller"
		mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" 2> /dev/null || rmdir "/sys/fs/cgroup/$controller"
	done
	if [ -z "$(ls /sys/fs/cgroup)" ]; then
		umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
	else
		mkdir /sys/fs/cgroup/systemd
		mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd 2> /dev/null || true
	fi
}

remove_cgroups() { # NAME: what a daemon has left of its own
	find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} \; 2> /dev/null || true
}
