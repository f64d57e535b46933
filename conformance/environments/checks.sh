#!/bin/bash
# What must work in every environment: run by conformance/containers inside each of them. One line per check on standard output,
# "ok NAME" or "FAIL NAME why".
#
#   KERNELET     the launcher, perhaps with flags
#   VOLUME       a directory that this user may write
#   SUITE        directory of compiled conformance programs; FAMILIES: those to run, natively and in Kernelet
#   AT_ONCE      how many of these side by side (optional; a limit of processes may ask for fewer)
#   STARTS       how many quick starts in a row
#   MEMORY       what /proc/meminfo must not exceed, in kB (optional)
#   SKIP         names of checks that cannot work here even natively (optional)
set -u
k=$KERNELET
suite=${SUITE-} expectations=${0%/*}/../expectations.txt
umask 022
cd / || exit 2

check() { # NAME COMMAND...: the command is a function or program; what it prints explains a failure
	local name=$1 text
	shift
	case " ${SKIP-} " in *" $name "*) return ;; esac
	local at=${EPOCHREALTIME/./} guard
	(trap 'kill $sleeper; exit' TERM; sleep "${CHECK_SECONDS:-100}" & sleeper=$!; wait $sleeper; give_up "$name") > /dev/null 2>&1 < /dev/null &
	guard=$!
	text=$("$@" 2>&1)
	set -- $?
	kill $guard 2> /dev/null && wait $guard 2> /dev/null
	[ ! -s "$VOLUME/hung.$name" ] || { text="hung: $(cat "$VOLUME/hung.$name")"; set -- 1; rm -f "$VOLUME/hung.$name"; }
	if [ "$1" = 0 ]; then echo "ok $name $(((${EPOCHREALTIME/./} - at) / 1000)) ms"; else printf 'FAIL %s %s\n' "$name" "$(printf %s "$text" | tail -c 2000 | tr '\n' ' ')"; fi
}

give_up() { # NAME: a check that hangs: what its processes wait in, for the report; then their end
	local pid task pids
	pids=$(processes)
	for pid in $pids; do
		for task in "/proc/$pid/task"/*; do
			echo "$pid $(cat "$task/comm") $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "$task/status")" \
				"$(cat "$task/wchan") $(cut -d' ' -f1 "$task/syscall");"
		done
	done > "$VOLUME/hung.$1" 2> /dev/null
	[ -s "$VOLUME/hung.$1" ] || echo "no process of Kernelet is seen" > "$VOLUME/hung.$1"
	[ -z "$pids" ] || kill -9 $pids
}

same() { # EXPECTED COMMAND...
	local expected=$1 got status
	shift
	got=$("$@")
	status=$?
	[ "$got" = "$expected" ] || { echo "got '$got' (status $status), not '$expected'"; return 1; }
}

ends() { # STATUS COMMAND...
	local expected=$1 got
	shift
	"$@"
	got=$?
	[ $got = "$expected" ] || { echo "status $got, not $expected"; return 1; }
}

status_of() { return "$1"; }

have() { command -v "$1" > /dev/null; }

overlay() { # what is written is there inside, and only there
	same kept $k do sh -c 'echo kept > /tmp/kernelet-overlay; mkdir -p /tmp/d/e && mv /tmp/kernelet-overlay /tmp/d/e/f && cat /tmp/d/e/f' || return 1
	[ ! -e /tmp/kernelet-overlay ] && [ ! -e /tmp/d/e ] || { echo "a write reached /tmp"; return 1; }
}

permissions() { # the user inside is the user outside
	same "$(id -u):$(id -g)" $k do sh -c 'echo "$(id -u):$(id -g)"' || return 1
	[ "$(id -u)" = 0 ] || ends 1 $k do sh -c 'echo x 2> /dev/null > /etc/kernelet-test && exit 9; exit 1'
}

volume() {
	rm -f "$VOLUME/written"
	$k do --volume "$VOLUME" sh -c "echo through > $VOLUME/written" || return 1
	same through cat "$VOLUME/written" || return 1
	$k do sh -c "echo lost > $VOLUME/written" || return 1
	same through cat "$VOLUME/written" || return 1
	rm -f "$VOLUME/written"
}

network_none() {
	same lo $k --network=none do sh -c "sed -n 's/^ *\([a-z0-9]*\):.*/\1/p' /proc/net/dev" || return 1
	$k --network=none do bash -c '! (exec 3<> /dev/tcp/192.0.2.1/9) 2> /dev/null && ! (exec 3<> /dev/tcp/127.0.0.1/9) 2> /dev/null'
}

signal_given() { # SIGNAL STATUS: to Kernelet from outside, in the middle of a program
	local pid
	rm -f "$VOLUME/ready"
	$k do --volume "$VOLUME" sh -c "trap 'exit 33' USR1; echo > $VOLUME/ready; while :; do sleep 0.05; done" &
	pid=$!
	for ((i = 0; i < 300; i++)); do [ -e "$VOLUME/ready" ] && break; sleep 0.05; done
	kill -s "$1" $pid
	wait $pid
	ends "$2" status_of $? || return 1
	rm -f "$VOLUME/ready"
}

quick_starts() {
	for ((i = 0; i < ${STARTS:-10}; i++)); do $k do true || { echo "start $i: status $?"; return 1; }; done
}

python() {
	same 'caught 42 12' $k do python3 -c '
import subprocess, threading, sys
try: {}["x"]
except KeyError: word = "caught"
r = []
t = [threading.Thread(target=r.append, args=(i,)) for i in range(12)]
[x.start() for x in t]; [x.join() for x in t]
out = subprocess.run([sys.executable, "-c", "print(6*7)"], capture_output=True, text=True).stdout.strip()
print(word, out, len(r))'
}

compiler() { # in the overlay, executed from there
	same 'built 7' $k do sh -c 'cd /tmp && printf "#include <stdio.h>\nint main(int c, char **v) { printf(\"built %%d\\\\n\", c + 4); return 0; }\n" > p.c &&
		gcc -O1 -o p p.c && ./p a b'
}

meminfo() { # the limit of the control group, or a lower one of --memory; and what exceeds it dies alone
	local kb
	kb=$($k do sh -c "sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo")
	[ "${kb:-0}" -gt 0 ] && [ "$kb" -le "$MEMORY" ] || { echo "MemTotal $kb kB, above the limit of $MEMORY kB"; return 1; }
	kb=$($k do free -k 2> /dev/null | sed -n 's/^Mem: *\([0-9]*\).*/\1/p')
	[ -z "$kb" ] || [ "$kb" -le "$MEMORY" ] || { echo "free says $kb kB"; return 1; }
	if have python3; then # sysconf asks sysinfo(2)
		kb=$($k do python3 -c 'import os; print(os.sysconf("SC_PHYS_PAGES") * 4)')
		[ "$kb" -gt 0 ] && [ "$kb" -le "$MEMORY" ] || { echo "sysinfo says $kb kB"; return 1; }
	fi
	kb=$($k --memory=100M do sh -c "sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo")
	[ "$kb" = 102400 ] || { echo "with --memory=100M: MemTotal $kb kB"; return 1; }
	same '137 alive' $k do sh -c 'perl -e "my \$a; \$a .= q(x) x 1000000 for 1..2000; print 1" 2> /dev/null; echo $? alive'
}

crowd() { # more processes than the environment allows: fork fails as on Linux, and all goes on when there is room again
	same 'True 0' $k do python3 -c '
import os, signal
children = []
try:
    while len(children) < 100:
        pid = os.fork()
        if pid == 0: signal.pause()
        children.append(pid)
except BlockingIOError: pass
for pid in children: os.kill(pid, 9); os.waitpid(pid, 0)
print(10 < len(children) < 100, os.system("true"))'
}

run_families() { # natively and in Kernelet, side by side: they mostly sleep
	local name guard
	(trap 'kill $sleeper; exit' TERM; sleep 150 & sleeper=$!; wait $sleeper; give_up families) > /dev/null 2>&1 < /dev/null &
	guard=$!
	for name in ${FAMILIES-}; do
		TMPDIR=$VOLUME "$suite/$name" < /dev/null 2> /dev/null | sed -n 's/^ok //p' > "$VOLUME/$name.native" &
		$k do "$suite/$name" < /dev/null 2> "$VOLUME/$name.err" | sed -n 's/^ok //p' > "$VOLUME/$name.inside" &
		while [ "$(jobs -r | wc -l)" -gt "${AT_ONCE:-6}" ]; do wait -n; done
	done
	for name in $(jobs -rp); do [ "$name" = $guard ] || wait "$name"; done
	kill $guard 2> /dev/null && wait $guard 2> /dev/null
	[ ! -s "$VOLUME/hung.families" ] || echo "note: families hung: $(cat "$VOLUME/hung.families")"
	rm -f "$VOLUME/hung.families"
}

family() { # every test that passes natively here passes in Kernelet, if need be when run alone
	local name bad=
	[ -s "$VOLUME/$1.native" ] || { echo "nothing passes natively"; return 1; }
	while read -r name; do
		grep -qx "$name" "$VOLUME/$1.inside" || grep -q "^$1\.$name " "$expectations" ||
			{ $k do "$suite/$1" --only "$name" < /dev/null 2>&1 | grep -q "^ok $name"; } || bad+=" $name"
	done < "$VOLUME/$1.native"
	[ -z "$bad" ] || { echo "pass natively only:$bad; $(tail -n 2 "$VOLUME/$1.err")"; return 1; }
}

processes() { # pids of Kernelet's processes that this environment shows
	local d
	for d in /proc/[0-9]*; do
		case $(cat "$d/comm" 2> /dev/null) in kernelet | kernelet-stub)
			# Others may run Kernelet on the same machine: ours carry the mark.
			case $(tr '\0' '\n' < "$d/environ" 2> /dev/null) in *"KERNELET_MATRIX=${KERNELET_MATRIX-none}"*) echo "${d#/proc/}" ;; esac ;;
		esac
	done
}

nothing_left() {
	local now i
	for ((i = 0; i < 40; i++)); do
		now=$(processes)
		[ -z "$now" ] && break
		sleep 0.05
	done
	[ -z "$now" ] || { echo "processes left: $now"; return 1; }
	now=$(ls -A /tmp /dev/shm 2> /dev/null | tr '\n' ' ')
	[ "$now" = "$files_before" ] || { echo "files: $now; before: $files_before"; return 1; }
}

killed() { # kill -9 of the Sentry takes all with it
	local pid
	rm -f "$VOLUME/ready"
	$k do --volume "$VOLUME" sh -c "sleep 1000 & echo > $VOLUME/ready; sleep 1000" &
	pid=$!
	for ((i = 0; i < 300; i++)); do [ -e "$VOLUME/ready" ] && break; sleep 0.05; done
	kill -9 $pid
	wait $pid 2> /dev/null
	rm -f "$VOLUME/ready"
	nothing_left
}

confined() { # every thread of the Sentry and of its stubs: a filter, no_new_privs; the stubs: no capability
	local pid file bad= stubs=0 text
	[ -r /proc/self/status ] || return 0
	rm -f "$VOLUME/ready"
	$k do --volume "$VOLUME" sh -c "echo > $VOLUME/ready; sleep 1000" &
	pid=$!
	for ((i = 0; i < 300; i++)); do [ -e "$VOLUME/ready" ] && break; sleep 0.05; done
	for file in /proc/[0-9]*/task/*/status; do
		text=$(cat "$file" 2> /dev/null)
		case $text in
			*$'\nTgid:\t'$pid$'\n'*) ;;
			*$'\nPPid:\t'$pid$'\n'*) stubs=$((stubs + 1)); [[ $text == *$'\nCapEff:\t0000000000000000\n'* ]] || bad+=" $file capabilities;" ;;
			*) continue ;;
		esac
		[[ $text == *$'\nNoNewPrivs:\t1\n'* ]] || bad+=" $file no_new_privs;"
		[[ $text == *$'\nSeccomp:\t2\n'* ]] || bad+=" $file seccomp;"
	done
	kill -9 $pid
	wait $pid 2> /dev/null
	rm -f "$VOLUME/ready"
	[ $stubs -gt 0 ] && [ -z "$bad" ] || { echo "$stubs stubs; not confined:$bad"; return 1; }
}

files_before=$(ls -A /tmp /dev/shm 2> /dev/null | tr '\n' ' ')
check true $k do true
check echo same 'hello  world' $k do echo 'hello  world'
check rootless same rootless $k --rootless do echo rootless
check status ends 7 $k do sh -c 'exit 7'
check status_signal ends 143 $k do sh -c 'kill -TERM $$'
check status_not_found ends 127 $k do /no/such/program
check pipeline same '2000 1999 1998 ' $k do sh -c 'seq 1 2000 | sort -rn | head -n 3 | tr "\n" " "'
check processes same '30 25' $k do bash -c 'n=0; for i in {1..30}; do (exit 3); [ $? = 3 ] && n=$((n + 1)); done
	for i in {1..5}; do (for j in {1..5}; do echo $i$j; done) & done | cat > /tmp/lines; wait; echo $n $(wc -l < /tmp/lines)'
check machine same "$(uname -m)" $k do uname -m
check perl same 'ab:3' $k do perl -e 'my $x = `echo ab`; chomp $x; print "$x:", length("a" . $x), "\n"'
have python3 && check python python
have gcc && check gcc compiler
check overlay overlay
check permissions permissions
check volume volume
check network_none network_none
check signal_term signal_given TERM 143
check signal_handled signal_given USR1 33
check quick_starts quick_starts
[ -z "${MEMORY-}" ] || { check meminfo meminfo; check crowd crowd; }
run_families
for name in ${FAMILIES-}; do check "suite_$name" family "$name"; done
rm -f "$VOLUME"/*.{native,inside,err}
[ ! -c /dev/null ] || check confined confined # it cannot look without one
check killed killed
check nothing_left nothing_left
