# A small package is built, installed, queried and purged with dpkg and apt-get: into the overlay (in Kernelet) or a root of its own.
command -v dpkg-deb > /dev/null && command -v apt-get > /dev/null || { echo "no apt"; exit 77; }
mkdir -p p/DEBIAN p/usr/share/kernelet-test; printf 'Package: kernelet-test\nVersion: 1.0\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: a test\n' > p/DEBIAN/control
printf '#!/bin/sh\necho configured > "${DPKG_ROOT:-}/usr/share/kernelet-test/state"\n' > p/DEBIAN/postinst; chmod 755 p/DEBIAN/postinst; echo hello > p/usr/share/kernelet-test/file
dpkg-deb --root-owner-group -b p k.deb > /dev/null; dpkg-deb -c k.deb | awk '{ print $1, $NF }'; dpkg-deb -I k.deb | grep -c 'Package: kernelet-test'
r=$PWD/root; mkdir -p $r/var/lib/dpkg/{info,updates,triggers} $r/var/cache/apt/archives/partial $r/etc/apt $r/var/lib/apt/lists/partial $r/var/log/apt; : > $r/var/lib/dpkg/status
run() { dpkg --root=$r --force-not-root --force-script-chrootless --log=/dev/null "$@"; }
run -i k.deb > log 2>&1; echo "install $?"; cat $r/usr/share/kernelet-test/*; run -s kernelet-test | grep Status; run -L kernelet-test | tail -n 1
run -P kernelet-test > log 2>&1; echo "purge $?"; ls $r/usr/share 2> /dev/null | wc -l
apt-get -o Dir=$r -o Dir::State::status=$r/var/lib/dpkg/status -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Dpkg::Options::=--root=$r -o Dpkg::Options::=--force-not-root \
    -o Dpkg::Options::=--force-script-chrootless -o Dpkg::Options::=--log=/dev/null -o Dir::Log=$r/var/log/apt -o DPkg::Path=$PATH -y install $PWD/k.deb > log 2>&1; echo "apt-get $?"; cat $r/usr/share/kernelet-test/state
