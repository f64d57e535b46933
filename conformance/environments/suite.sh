#!/bin/bash
# Runs a command in a root with another release of Debian's container engines, made once and kept in target:
#
#   suite.sh SUITE TOP COMMAND...        TOP, the repository, is shown where it is; as root
set -eu
suite=$1 top=$2 root=$2/target/root-$1
shift 2
command -v mmdebstrap > /dev/null || { echo "suite.sh: no mmdebstrap here: apt-get install mmdebstrap" >&2; exit 2; }
if [ ! -d "$root" ]; then
	mkdir -p "$top/target"
	packages=docker.io,docker-cli,docker-buildx,docker-compose,containerd,podman,conmon,runc,crun,containernetworking-plugins,netavark,aardvark-dns,passt,uidmap,iptables
	packages+=,nftables,iproute2,perl,python3,curl,procps,util-linux,mawk,bash,dash,libc-bin,base-files,coreutils,grep,sed,apt,dpkg
	packages+=,debconf,diffutils,binutils
	# A mirror that stands still is as good as any.
	mmdebstrap --variant=important --aptopt='Acquire::Check-Valid-Until "false"' --include="$packages" "$suite" "$root.new" \
		> "$root.log" 2>&1 || { echo "suite.sh: mmdebstrap failed; see $root.log" >&2; exit 2; }
	mv "$root.new" "$root"
fi
[ -n "${KERNELET_SUITE-}" ] || KERNELET_SUITE=$suite exec unshare --mount --propagation private "$0" "$suite" "$top" "$@"
# Not chroot(2): programs of a user may make no user namespace there.
mount --bind "$root" "$root"
for at in proc sys dev; do mount --rbind "/$at" "$root/$at"; done
mkdir -p "$root$top" "$root/old"
mount --rbind "$top" "$root$top"
cat /etc/resolv.conf > "$root/etc/resolv.conf"
cd "$root"
pivot_root . old
cd "$top"
umount -l /old
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec "$@"
