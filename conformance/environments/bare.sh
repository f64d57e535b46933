#!/bin/bash
# Changes the mounts of this namespace (made by conformance/containers), becomes the user, and runs a command there.
#
#   bare.sh root|user WHAT COMMAND [ARGUMENT...]
set -eu
user=$1 what=$2
shift 2
keep=(KERNELET VOLUME SUITE FAMILIES STARTS KERNELET_MATRIX PATH)
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=1777 shm /dev/shm 2> /dev/null || true
prefix=()
case $what in
	nothing) ;;
	proc_masked) # as container engines do
		for path in /proc/acpi /proc/scsi /sys/firmware /proc/sys; do [ ! -d $path ] || mount -t tmpfs -o ro mask $path; done
		for path in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do [ ! -f $path ] || mount --bind /dev/null $path; done
		mount -o remount,bind,ro /proc ;;
	proc_tmpfs) mount -t tmpfs none /proc ;;
	proc_absent) umount -l /proc ;;
	proc_hidepid) mount -t proc -o hidepid=2 proc /proc ;;
	noexec_tmp) mount -o remount,noexec,nosuid,nodev /tmp; mount -o remount,noexec /dev/shm || true ;;
	small_shm) mount -o remount,size=4k /dev/shm; mount -o remount,size=4k /tmp ;;
	no_devices) mount -t tmpfs -o ro none /dev ;;
	read_only)
		mapfile -t mounts < /proc/self/mounts
		for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
			path=${mounts[i]#* } path=${path%% *}
			[[ $path == "$VOLUME"* ]] || mount -o remount,bind,ro "$path" 2> /dev/null || true
		done
		mount --bind "$VOLUME" "$VOLUME"; mount -o remount,bind,rw "$VOLUME" ;;
	no_user_namespaces) # for this and all below it
		exec 3< <(:)
		prefix=(unshare --user --map-root-user sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"' sh) user=root ;;
	empty_environment) prefix=(env -i); for name in "${keep[@]}"; do [ -z "${!name-}" ] || prefix+=("$name=${!name}"); done ;;
	odd_locale) export LANG=xx_YY.foo LC_ALL=tr_TR.ISO-8859-9 HOME=/nonexistent TZ=:/nonsense TMPDIR=/nonexistent ;;
	personality) prefix=(setarch i686 --addr-compat-layout --addr-no-randomize --read-implies-exec) ;;
	limits) prefix=(bash -c 'ulimit -u 60 -n 128 -c 0 -l 0 -i 0 -q 0 -d 4000000 -s 1024; exec "$@"' sh) ;;
	*) echo "bare.sh: $what?" >&2; exit 2 ;;
esac
id=4242
[ "$what" != limits ] || id=4243 # the limit of processes is one of the user's: not shared with rows that run beside
[ "$user" = root ] || prefix=(setpriv --reuid=$id --regid=$id --clear-groups ${prefix[@]+"${prefix[@]}"})
exec ${prefix[@]+"${prefix[@]}"} "$@"
