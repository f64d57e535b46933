#!/bin/bash
# Makes a small root file system from the Debian packages installed on this machine, with no network: no Java in it.
#
#   image.sh OUTPUT.tar [PACKAGE...]     IMAGE_PACKAGES=FILE gets the names of all that are in it
set -eu
output=$1
shift
wanted=${*:-"bash coreutils dash base-files base-passwd sed grep findutils util-linux procps perl-base python3-minimal gcc
	libc6-dev tar gzip mawk diffutils ncurses-base libc-bin debianutils"}
work=$(mktemp -d "${TMPDIR:-/tmp}/image.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The packages and what they depend on, as far as installed.
packages=$(dpkg-query -W -f '${Package}\t${Pre-Depends}, ${Depends}\n' | awk -F'\t' -v wanted="$wanted" '
	{ n = split($2, d, /[,|] */)
	  for (i = 1; i <= n; i++) { sub(/[ (:].*/, "", d[i]); if (d[i] != "") needs[$1] = needs[$1] " " d[i] }
	  installed[$1] = 1 }
	END { n = split(wanted, queue, /[ \t\n]+/)
	  for (i = 1; i <= n; i++) {
	    if (!(queue[i] in installed) || seen[queue[i]]++) continue
	    print queue[i]
	    k = split(needs[queue[i]], more, " ")
	    for (j = 1; j <= k; j++) queue[++n] = more[j] } }')
[ -z "${IMAGE_PACKAGES-}" ] || printf '%s\n' $packages > "$IMAGE_PACKAGES"
for package in $packages; do dpkg -L "$package"; done | sort -u |
	grep -vE '^/usr/share/(doc|man|locale|info|lintian|bash-completion)/|lib(asan|lsan|tsan|ubsan)|^/\.$|diverts' |
	{ [ -L /bin ] && sed -E 's#^/(bin|sbin|lib|lib64|lib32)/#/usr/\1/#' || cat; } |
	while IFS= read -r path; do [ -e "$path" ] || [ -L "$path" ] && printf '%s\n' "${path#/}"; done > "$work/files"
for path in etc/alternatives usr/bin/awk usr/bin/cc; do
	[ -L "/$path" ] && echo "$path"
	[ -d "/$path" ] && find "/$path" -type l | sed 's#^/##'
done >> "$work/files"
mkdir -p "$work/root"
tar -C / --no-recursion -cf - --files-from="$work/files" | tar -C "$work/root" -xf -
mkdir -p "$work/root"/{proc,sys,dev,tmp,run,root,home/user,kernelet,checks,suite,volume,etc}
chmod 1777 "$work/root/tmp"
printf '%s\n' root:x:0:0:root:/root:/bin/bash user:x:1000:1000::/home/user:/bin/bash \
	nobody:x:65534:65534::/:/usr/sbin/nologin > "$work/root/etc/passwd"
printf '%s\n' root:x:0: user:x:1000: nogroup:x:65534: > "$work/root/etc/group"
chown 1000:1000 "$work/root/home/user"
ldconfig -r "$work/root" 2> /dev/null || true
tar -C "$work/root" -cf "$output.new" .
mv "$output.new" "$output"
