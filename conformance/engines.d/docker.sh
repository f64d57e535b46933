# Docker, with Kernelet as its default runtime. Sourced by conformance/engines.

docker=(env DOCKER_BUILDKIT=0 DOCKER_CONFIG="$state/docker/client" docker -H "unix://$state/docker/s")

start_docker() {
	local driver try
	command -v docker > /dev/null && command -v dockerd > /dev/null || { why="docker is not installed"; return 1; }
	mkdir -p "$state/docker"
	printf '{"default-runtime": "kernelet"}' > "$state/docker/daemon.json"
	install_runtime --config_file "$state/docker/daemon.json" --containerd_config "" || { why="kernelet install failed"; return 1; }
	for driver in overlay2 vfs; do
		DOCKER_BUILDKIT_RUNC_COMMAND=$runtime dockerd --config-file "$state/docker/daemon.json" -H "unix://$state/docker/s" --data-root "$state/docker/d" \
			--exec-root "$state/docker/x" --pidfile "$state/docker/pid" --cgroup-parent "/kernelet-e-$mark" \
			--storage-driver $driver > "$state/docker/log" 2>&1 &
		docker_daemon=$!
		for ((try = 0; try < 300; try++)); do
			timeout 5 "${docker[@]}" info > /dev/null 2>&1 && break 2
			kill -0 $docker_daemon 2> /dev/null || break
			sleep 0.1
		done
		kill $docker_daemon 2> /dev/null; wait $docker_daemon 2> /dev/null; docker_daemon=
	done
	[ -n "$docker_daemon" ] || {
		why="dockerd does not start: $(grep -aE 'level=(error|fatal)|failed' "$state/docker/log" | tail -n 1 | cut -c1-200)"
		return 1
	}
	daemons=$((daemons + 1))
	"${docker[@]}" import -c 'CMD ["bash"]' "$state/image.tar" box > /dev/null || { why="docker import failed"; return 1; }
	why=$("${docker[@]}" run --rm --runtime runc --network none box true 2>&1) ||
		{ why="docker cannot run a container with runc either: $(grep -v -e --help -e "^$" <<< "$why" | tail -n 1 | cut -c1-300)"; return 1; }
}

stop_docker() {
	[ -n "${docker_daemon-}" ] && kill "$docker_daemon" && wait "$docker_daemon"
}

d() { timeout -k 5 "${LIMIT:-60}" "${docker[@]}" "$@"; }
run() { d run --rm --network none "$@"; }
background() { d run -d --network none "$@" > /dev/null; } # --name NAME ... IMAGE COMMAND
running() { d inspect -f '{{.State.Status}}' "$1"; }
status() { d inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$1"; }

row_docker_run() {
	has runtime "kernelet" d info -f '{{.DefaultRuntime}}'
	is output "out" run box echo out
	is status "[7]" run box sh -c 'exit 7'
	is killed "Killed[137]" run box sh -c 'sh -c "kill -9 \$\$"; exit $?'
	is not_found_status "[127]" script 'run box /no/such 2> /dev/null'
	has not_found "no such file" run box /no/such
	is input "through" script 'echo through | run -i box cat'
	is flags "a=1 /tmp 5 6 name" run -e a=1 -w /tmp -u 5:6 --hostname name box \
		sh -c 'echo "a=$a $PWD $(id -u) $(id -g) $(uname -n)"'
	is home "/root" run box sh -c 'echo $HOME'
	is home_of_nobody "/ /given" script 'echo $(run -u 77 box sh -c "echo \$HOME") $(run -e HOME=/given box sh -c "echo \$HOME")'
	is entrypoint "x y" run --entrypoint echo box x y
	is mounts "" run box sh -c 'grep "^rootfs" /proc/mounts; true'
	is init "/sbin/docker-init" run --init box sh -c 'tr "\0" " " < /proc/1/cmdline | cut -d" " -f1'
	is capabilities "0000000000000400 refused" run --cap-drop ALL --cap-add NET_BIND_SERVICE box \
		sh -c 'echo $(sed -n "s/^CapEff:.//p" /proc/self/status) $(chown 5 /tmp 2> /dev/null || echo refused)'
	is no_new_privileges "1" run --security-opt no-new-privileges box sed -n 's/^NoNewPrivs:.//p' /proc/self/status
	is masked "0" run box sh -c 'cat /proc/kcore /proc/keys 2> /dev/null | wc -c'
	is sysctl "1000 99" run --sysctl kernel.msgmax=1000 --sysctl net.core.somaxconn=99 box \
		sh -c 'echo $(cat /proc/sys/kernel/msgmax /proc/sys/net/core/somaxconn)'
}

row_docker_files() {
	mkdir "$state/volume" && echo host > "$state/volume/file"
	is volume "host" run -v "$state/volume:/v" box sh -c 'cat /v/file; echo guest > /v/new; mkdir /v/d; chmod 700 /v/d'
	is volume_kept "guest 700" sh -c "echo \$(cat $state/volume/new) \$(stat -c %a $state/volume/d)"
	is volume_read_only "host refused" run -v "$state/volume:/v:ro" box sh -c 'echo $(cat /v/file) $(touch /v/x 2> /dev/null || echo refused)'
	is volume_file "host" run -v "$state/volume/file:/etc/one:ro" box cat /etc/one
	is volume_named "1" script '
		run -v kept:/v box sh -c "echo 1 > /v/x"; run -v kept:/v box cat /v/x; d volume rm kept > /dev/null'
	is read_only "refused written" run --read-only --tmpfs /t:size=1m,mode=1777 box \
		sh -c 'echo $(touch /x 2> /dev/null || echo refused) $(echo written > /t/x; cat /t/x; dd if=/dev/zero of=/t/y bs=1M count=2 2> /dev/null)'
	is shm "8192" run --shm-size 8m box sh -c 'df -k /dev/shm | mawk "NR == 2 { print \$2 }"'
	background --name files box sleep 1000
	is copy_in "" d cp "$state/volume/file" files:/root/copied
	is copied_in "host" d exec files cat /root/copied
	is copy_out "host" script 'd exec files cp /root/copied /root/out; d cp files:/root/out - | tar xO'
	has diff "A /root/out" d diff files
	is commit "host" script 'd commit files kept > /dev/null; run kept cat /root/out'
	d rm -f files > /dev/null
}

row_docker_limits() {
	is memory "[137]" run --memory 100m --memory-swap 100m box sh -c \
		'perl -e "\$x = q(y) x (200 << 20); \$x =~ tr/y/z/" 2> /dev/null; exit $?'
	# What runc does not do: the limits are what programs see.
	[ -n "$other" ] || is seen "1 MemTotal: 102400 kB" run --memory 100m --cpus 1 box sh -c 'echo $(nproc; grep MemTotal /proc/meminfo)'
	is processor_set "1" run --cpuset-cpus 0 box nproc
	is processes "[2]" run --pids-limit 20 box sh -c \
		'i=0; while [ $i -lt 40 ]; do sleep 100 & i=$((i + 1)); done 2> /dev/null; echo no limit'
	is ulimit "33 44" run --ulimit nofile=33:44 box bash -c 'echo $(ulimit -Sn) $(ulimit -Hn)'
	background --name limits --memory 200m box sleep 1000
	is update "" script 'd update --memory 120m --memory-swap 120m limits > /dev/null'
	[ -n "$other" ] || is updated "MemTotal: 122880 kB" d exec limits sh -c 'echo $(grep MemTotal /proc/meminfo)'
	has top "root" d top limits
	has stats "limits" d stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' limits
	d rm -f limits > /dev/null
}

row_docker_terminal() {
	has terminal "17 91 terminal" in_terminal '' "${docker[@]}" run --rm -it --network none box \
		sh -c 'sleep 0.3; echo $(stty size) $(test -t 0 && echo terminal); echo ready'
	has interrupt "interrupted" in_terminal '\003' "${docker[@]}" run --rm -it --network none box \
		sh -c 'trap "echo inter""rupted; exit 4" INT; echo ready; sleep 10; sleep 10'
	has typed "= 42" in_terminal 'echo = $((6 * 7))\nexit\n' "${docker[@]}" run --rm -it --network none -e PS1=ready box bash --norc
	background --name terminal box sleep 1000
	has exec "= 56" in_terminal 'echo = $((7 * 8))\nexit\n' "${docker[@]}" exec -it -e PS1=ready terminal bash --norc
	has detach "read escape sequence" in_terminal 'echo = $((8 * 9))\n\020\021' "${docker[@]}" exec -it -e PS1=ready terminal bash --norc
	d rm -f terminal > /dev/null
}

row_docker_exec() {
	background --name exec -e a=1 box sh -c 'echo said; echo wrong >&2; exec sleep 1000'
	is exec "1 2 /tmp 5" d exec -e b=2 -w /tmp -u 5 exec sh -c 'echo $a $b $PWD $(id -u)'
	is status "[3]" d exec exec sh -c 'exit 3'
	is killed "[143]" d exec exec sh -c 'kill -TERM $$'
	has not_found "no such file" d exec exec /no/such
	is input "4" script 'printf abcd | d exec -i exec wc -c'
	is large "3000000" script 'd exec exec head -c 3000000 /dev/zero | wc -c'
	d exec -d exec sh -c 'sleep 0.1; echo later > /tmp/later'
	until_is detached "later" d exec exec cat /tmp/later
	is processes "sleep" d exec exec cat /proc/1/comm
	is logs "said wrong" script 'echo $(d logs exec 2>&1 | sort)'
	is logs_error "wrong" script 'd logs exec 2>&1 > /dev/null'
	is inspect "running true kernelet" d inspect -f '{{.State.Status}} {{.State.Running}} {{.HostConfig.Runtime}}' exec
	is pid "$runtime" script '[ -z "$other" ] && readlink /proc/$(d inspect -f "{{.State.Pid}}" exec)/exe || echo "$runtime"'
	d rm -f exec > /dev/null
}

row_docker_signals() {
	background --name traps box sh -c 'trap "echo usr1" USR1; trap "echo term; exit 5" TERM; echo up; while :; do sleep 0.05; done'
	until_is up "up" d logs traps
	d kill -s USR1 traps > /dev/null
	until_is kill "up usr1" script 'echo $(d logs traps)'
	d stop -t 20 traps > /dev/null
	is stop "exited 5" status traps
	is stop_log "term" script 'd logs traps | tail -n 1'
	background --name deaf box sh -c 'trap "" TERM; echo up; sleep 1000'
	until_is deaf_up "up" d logs deaf
	(is wait "137" d wait deaf) &
	local begun=$SECONDS waiter=$!
	d stop -t 1 deaf > /dev/null
	is stop_deaf "exited 137" status deaf
	[ $((SECONDS - begun)) -lt 30 ] && ok stop_timeout || not_ok stop_timeout $((SECONDS - begun)) s
	wait $waiter
	d start deaf > /dev/null
	until_is started_again "running" running deaf
	d pause deaf > /dev/null
	is pause "paused" running deaf
	has paused_exec "paused" d exec deaf true
	d unpause deaf > /dev/null
	is unpause "running" running deaf
	is unpaused_exec "1" d exec deaf echo 1
	# What is printed is there before Docker hears of the end.
	until_true script 'd events --since 5m --until 0s --filter container=deaf --format "{{.Action}}" | grep -q exec_die'
	d restart -t 0 deaf > /dev/null
	is restarted "running" running deaf
	# Of the current second newer versions of Docker show more.
	is events "die exec_create exec_die exec_start kill pause start stop unpause" script 'echo $(d events --since 5m --until 0s \
		--filter container=deaf --format "{{.Action}}" | sed "s/:.*//" | grep -vx -e create -e restart | sort -u)'
	d rm -f traps deaf > /dev/null
	has removed "No such" d inspect deaf
}

row_docker_restart() {
	local pid
	background --name phoenix --restart always box sh -c 'echo up; exec sleep 1000'
	pid=$(d inspect -f '{{.State.Pid}}' phoenix)
	kill -9 "$pid"
	until_is restarted "1 running" d inspect -f '{{.RestartCount}} {{.State.Status}}' phoenix
	is anew "up up" script 'echo $(d logs phoenix)'
	is works "1" d exec phoenix echo 1
	d rm -f phoenix > /dev/null
	background --name failing --restart on-failure:2 box sh -c 'exit 3'
	until_is on_failure "2 exited 3" d inspect -f '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' failing
	d rm -f failing > /dev/null
}

row_docker_health() {
	background --name health --health-cmd 'test -e /tmp/good' --health-interval 200ms --health-retries 2 --health-timeout 20s box sleep 1000
	until_is unhealthy "unhealthy" d inspect -f '{{.State.Health.Status}}' health
	d exec health touch /tmp/good
	until_is healthy "healthy" d inspect -f '{{.State.Health.Status}}' health
	d rm -f health > /dev/null
}

row_docker_build() {
	mkdir "$state/build" && echo content > "$state/build/file"
	cat > "$state/build/Dockerfile" <<-'D'
		FROM box
		ARG word=none
		COPY file /opt/file
		RUN echo "$word $(cat /opt/file)" > /opt/made && mkdir /data && chown 5:6 /data
		WORKDIR /data
		USER 5:6
		ENV shown=yes
		RUN id -u > ran
		ENTRYPOINT ["sh", "-c", "cat /opt/made; pwd; cat ran; echo $shown"]
	D
	LIMIT=120 has build "Successfully tagged built" d build --network none --build-arg word=given -t built:1 "$state/build"
	is built "given content /data 5 yes" script 'echo $(run built:1)'
	printf 'FROM box\nRUN exit 3\n' > "$state/build/Dockerfile"
	has build_fails "returned a non-zero code: 3" d build --network none "$state/build"
}

# BuildKit, Docker's builder from 23 on, asks for runc whatever the default runtime is: a variable of dockerd's says otherwise.
row_docker_buildkit() {
	d buildx version > /dev/null 2>&1 || { echo "SKIPPED  docker-buildkit            docker-buildx is not installed"; return; }
	mkdir "$state/buildkit" && echo content > "$state/buildkit/file"
	cat > "$state/buildkit/Dockerfile" <<-'D'
		FROM box AS first
		RUN --mount=type=cache,target=/cache --mount=type=bind,target=/in cp /in/file /cache/kept && cat /cache/kept > /made && cat /proc/version
		RUN --mount=type=tmpfs,target=/t --network=none touch /t/x && chown 5:6 /made && ls /sys/class/net
		RUN --mount=type=secret,id=word cat /run/secrets/word >> /made
		FROM box
		COPY --from=first /made /opt/made
		USER 5:6
		RUN --mount=type=cache,target=/cache,uid=5 echo $HOME > /cache/mine && test $(id -u) = 5
		CMD ["cat", "/opt/made"]
	D
	echo word > "$state/buildkit/word"
	LIMIT=120 has build "$([ -n "$other" ] && echo DONE || echo kernelet)" script 'DOCKER_BUILDKIT=1 d buildx build --progress plain --load --network none \
		--secret id=word,src="$state/buildkit/word" -t buildkit:1 "$state/buildkit"'
	is built "content word" script 'echo $(run buildkit:1)'
	printf 'FROM box\nRUN exit 3\n' > "$state/buildkit/Dockerfile"
	has fails "exit code: 3" d buildx build --network none "$state/buildkit"
}

row_docker_network() {
	is none "1" run box sh -c 'grep -c : /proc/net/dev | sed s/2/1/'
	is none_loopback "here question" run box bash -c 'perl -e "$1" 99 here > /tmp/o & until grep -qs up /tmp/o; do sleep 0.05; done
		set -- 127.0.0.1 99; eval "$0"' "$ask" "$server"
	perl -e "$server" 7001 outside > "$state/outside" &
	local outside=$!
	until_true grep -q up "$state/outside"
	is host "outside question" d run --rm --network host box bash -c "$ask" ask 127.0.0.1 7001
	is bridge_out "outside question" d run --rm box bash -c "$ask" ask 172.17.0.1 7001
	kill $outside
	d run -d --name server -p 127.0.0.1:7002:80 -p 7003:80 box perl -e "$server" 80 inside > /dev/null
	until_is server "up" d logs server
	is published "inside question" bash -c "$ask" ask 127.0.0.1 7002
	is published_bridge "inside question" bash -c "$ask" ask 172.17.0.1 7003
	is address "inside question" bash -c "$ask" ask "$(d inspect -f '{{.NetworkSettings.IPAddress}}' server)" 80
	has port "0.0.0.0:7003" d port server
	d run -d --name user -u 1000 box perl -e "$server" 81 user > /dev/null
	until_is user_port "up" d logs user
	is user_answers "user question" bash -c "$ask" ask "$(d inspect -f '{{.NetworkSettings.IPAddress}}' user)" 81
	d rm -f user > /dev/null
	is joined "inside question" d run --rm --network container:server box bash -c "$ask" ask 127.0.0.1 80
	d rm -f server > /dev/null
	has refused "refused" bash -c "$ask" ask 127.0.0.1 7002
}

row_docker_names() {
	d network create inner > /dev/null
	d run -d --name named --network inner --network-alias other box perl -e "$server" 80 inside > /dev/null
	until_is server "up" d logs named
	has resolver "nameserver 127.0.0.11" d run --rm --network inner box cat /etc/resolv.conf
	is name "inside question" d run --rm --network inner box bash -c "$ask" ask named 80
	is alias "inside question" d run --rm --network inner box bash -c "$ask" ask other 80
	is self "1" d run --rm --network inner --name itself box sh -c 'getent hosts itself | wc -l'
	d rm -f named > /dev/null
	is removed "inner" d network rm inner
}

# As most people start more than one: a service that waits for another to be healthy, its name, a volume, more of one service.
row_docker_compose() {
	local file=$state/compose/compose.yaml
	d compose version > /dev/null 2>&1 || { echo "SKIPPED  docker-compose             docker-compose of version 2 is not installed"; return; }
	mkdir "$state/compose"
	printf '%s\n' "$server" > "$state/compose/server.pl"
	cat > "$file" <<-'Y'
		name: two
		services:
		  web:
		    image: box
		    command: [perl, /srv/server.pl, "80", inside]
		    volumes: ["./server.pl:/srv/server.pl:ro", "kept:/v"]
		    healthcheck: {test: ["CMD", "bash", "-c", "exec 3<> /dev/tcp/127.0.0.1/80"], interval: 200ms, retries: 50}
		  client:
		    image: box
		    depends_on: {web: {condition: service_healthy}}
		    environment: {given: "yes"}
		    volumes: ["kept:/v"]
		    command: [bash, -c, "exec 3<> /dev/tcp/web/80; echo question >&3; cat <&3; echo $$given > /v/file; trap 'exit 3' TERM; while :; do sleep 0.05; done"]
		volumes: {kept: {}}
	Y
	compose() { LIMIT=120 d compose -f "$file" "$@"; }
	compose up -d > "$state/compose/out" 2>&1 && ok up || not_ok up "$(tail -n 3 "$state/compose/out")"
	until_true script 'compose logs client | grep -q "inside question"' && ok logs || not_ok logs "$(compose logs client 2>&1)"
	until_is volume "yes" compose exec -T web cat /v/file
	is replicas "2" script 'compose up -d --no-recreate --scale client=2 > /dev/null 2>&1; compose ps -q client | wc -l'
	is kill "running" script 'kill -9 $(d inspect -f "{{.State.Pid}}" two-client-2); compose up -d > /dev/null 2>&1; running two-client-1'
	is stop "exited 3" script 'compose stop -t 20 client > /dev/null 2>&1; status two-client-1'
	is run "inside question" script 'compose run --rm -T client bash -c "$ask" ask web 80 2> /dev/null'
	is down "0" script 'compose down -v -t 1 > /dev/null 2>&1; d ps -aq --filter label=com.docker.compose.project=two | wc -l'
}

row_docker_many() {
	local count=8 i
	[ -z "$full" ] || count=30
	for ((i = 0; i < count; i++)); do
		LIMIT=200 d run -d --network none --name "many-$i" box sh -c "echo here $i; exec sleep 1000" > /dev/null &
	done
	wait
	is running "$count" script 'd ps -q --filter name=many- | wc -l'
	until_is said "$count" script 'for i in $(seq 0 $((count - 1))); do d logs many-$i; done | grep -c here'
	is exec "$((count - 1))" d exec "many-$((count - 1))" echo $((count - 1))
	LIMIT=200 d rm -f $(seq -f "many-%g" 0 $((count - 1))) > /dev/null
}

# An image in which dpkg knows what is installed: IMAGE.tar. And two packages of our own, with a repository for them: DIRECTORY.
make_apt_image() {
	local work=$state/apt/root package file
	mkdir -p "$work"
	IMAGE_PACKAGES=$state/apt/packages bash "$here/environments/image.sh" "$state/apt/plain.tar" apt dpkg debconf bash coreutils dash \
		base-files base-passwd sed grep findutils tar gzip perl-base libc-bin debianutils mawk diffutils util-linux &&
		tar -C "$work" -xf "$state/apt/plain.tar" || return 1
	mkdir -p "$work"/var/lib/dpkg/{info,updates,triggers,alternatives} "$work"/var/{cache/apt/archives,lib/apt/lists}/partial "$work/var/log/apt"
	awk -v RS= -v ORS='\n\n' 'NR == FNR { for (i = 1; i <= NF; i++) is[$i]; next } $2 in is' "$state/apt/packages" /var/lib/dpkg/status \
		> "$work/var/lib/dpkg/status"
	while read -r package; do
		for file in "/var/lib/dpkg/info/$package".* "/var/lib/dpkg/info/$package":*; do
			[ ! -e "$file" ] || cp -p "$file" "$work/var/lib/dpkg/info/"
		done
	done < "$state/apt/packages"
	cp -p /var/lib/dpkg/info/format "$work/var/lib/dpkg/info/" 2> /dev/null
	cp -p /var/lib/dpkg/triggers/ldconfig "$work/var/lib/dpkg/triggers/"
	echo '_apt:x:42:65534::/nonexistent:/usr/sbin/nologin' >> "$work/etc/passwd"
	tar -C "$work" -cf "$1" .
}

make_repository() {
	local package control="Version: 1.0\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: a test\n"
	mkdir -p "$1" "$state/apt"/{greet,word}/DEBIAN "$state/apt/greet/usr/bin" "$state/apt/greet/etc" "$state/apt/word/usr/share/word"
	printf "Package: greet\nDepends: word (>= 1.0)\n$control" > "$state/apt/greet/DEBIAN/control"
	printf '#!/bin/sh\necho "$(cat /etc/greet) $(cat /usr/share/word/word)"\n' > "$state/apt/greet/usr/bin/greet-1"
	printf '#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/greet greet /usr/bin/greet-1 5\n' > "$state/apt/greet/DEBIAN/postinst"
	printf '#!/bin/sh\nset -e\nupdate-alternatives --remove greet /usr/bin/greet-1\n' > "$state/apt/greet/DEBIAN/prerm"
	echo hello > "$state/apt/greet/etc/greet" && echo /etc/greet > "$state/apt/greet/DEBIAN/conffiles"
	echo 'activate-noawait ldconfig' > "$state/apt/greet/DEBIAN/triggers"
	printf "Package: word\n$control" > "$state/apt/word/DEBIAN/control"
	echo world > "$state/apt/word/usr/share/word/word"
	chmod 755 "$state"/apt/greet/{usr/bin/greet-1,DEBIAN/postinst,DEBIAN/prerm}
	for package in greet word; do
		dpkg-deb --root-owner-group -b "$state/apt/$package" "$1/$package.deb" > /dev/null || return 1
		dpkg-deb -f "$1/$package.deb"
		echo "Filename: ./$package.deb"
		echo "Size: $(stat -c %s "$1/$package.deb")"
		echo "SHA256: $(sha256sum < "$1/$package.deb" | cut -d' ' -f1)"
		echo
	done > "$1/Packages"
	printf 'Suite: x\nDate: %s\nSHA256:\n %s %s Packages\n' "$(LC_ALL=C date -u '+%a, %d %b %Y %T UTC')" "$(sha256sum < "$1/Packages" | cut -d' ' -f1)" "$(stat -c %s "$1/Packages")" > "$1/Release"
}

row_docker_apt() {
	local gateway server script
	make_apt_image "$state/apt.tar" && make_repository "$state/apt/repository" || { not_ok image "not made"; return; }
	d import "$state/apt.tar" apt > /dev/null || { not_ok import "docker import failed"; return; }
	gateway=$(ip -4 -o addr show docker0 | sed 's/.* inet \([0-9.]*\).*/\1/')
	python3 -m http.server -d "$state/apt/repository" 7015 > "$state/apt/log" 2>&1 &
	server=$!
	script="exec 2>&1; echo 'deb [trusted=yes] http://$gateway:7015 ./' > /etc/apt/sources.list
		apt-get update && apt-get install -y greet && greet && readlink -f /usr/bin/greet && dpkg -V greet word && apt-get purge -y greet &&
		apt-get autoremove -y && ls /usr/bin/greet* /etc/greet /usr/share/word; dpkg --audit; dpkg-query -W greet word; echo \$?"
	apt_lines() { d run --rm --runtime "$1" apt sh -c "$script" 2>&1 | tr '\r' '\n' | grep -v '^Get:\|^Fetched\|^Ign:\|^(Reading' | sed 's/ *$//'; }
	apt_lines runc > "$state/apt/runc"
	apt_lines kernelet > "$state/apt/kernelet"
	has installed "hello world" cat "$state/apt/kernelet"
	has trigger "Processing triggers for libc-bin" cat "$state/apt/kernelet"
	has purged "no packages found matching word" cat "$state/apt/kernelet"
	is as_with_runc "" diff "$state/apt/runc" "$state/apt/kernelet"
	kill $server
}
