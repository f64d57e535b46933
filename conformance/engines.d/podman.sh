# podman, root's and an ordinary user's, with Kernelet as runtime. Sourced by conformance/engines.

start_podman() {
	command -v podman > /dev/null || { why="podman is not installed"; return 1; }
	mkdir -p "$state/podman/networks"
	printf '[engine]\ninfra_image = "localhost/box:1"\ninfra_command = "/usr/bin/sleep 100000"\nevents_logger = "file"\n' > "$state/podman/conf"
	podman=(env CONTAINERS_CONF="$state/podman/conf" podman --root "$state/podman/d" --runroot "$state/podman/r" --tmpdir "$state/podman/t"
		--storage-driver overlay --cgroup-manager cgroupfs --network-config-dir "$state/podman/networks")
	[ -f "$state/podman/box.tar" ] || make_archive "$state/podman/box.tar" localhost/box:1 "$state/image.tar"
	why=$("${podman[@]}" load -q -i "$state/podman/box.tar" 2>&1) || return 1
	why=$("${podman[@]}" --runtime runc run --rm --network none box:1 true 2>&1) ||
		{ why="podman cannot run a container with runc either: $(tail -n 1 <<< "$why")"; return 1; }
	podman+=(--runtime "$runtime")
}

stop_podman() {
	[ -z "${podman-}" ] || timeout 60 "${podman[@]}" rm -fat 0
	[ -z "${account-}" ] || { timeout 60 "${rootless[@]}" rm -fat 0; pkill -KILL -u "$account"; userdel -rf "$account"; }
}

p() { timeout -k 5 "${LIMIT:-60}" "${podman[@]}" "$@"; }

row_podman_run() {
	is output "out" p run --rm --network none box:1 echo out
	is status "[7]" p run --rm --network none box:1 sh -c 'exit 7'
	mkdir "$state/podman/v" && echo host > "$state/podman/v/file"
	is flags "host 1 /tmp 5 name refused" p run --rm --network none -v "$state/podman/v:/v:ro" -e a=1 -w /tmp -u 5 --hostname name --read-only \
		--tmpfs /t box:1 sh -c 'echo $(cat /v/file) $a $PWD $(id -u) $(uname -n) $(touch /x 2> /dev/null || echo refused)'
	is input "through" script 'echo through | p run --rm -i --network none box:1 cat'
	has terminal "17 91 terminal" in_terminal '' "${podman[@]}" run --rm -it --network none box:1 \
		sh -c 'sleep 0.3; echo $(stty size) $(test -t 0 && echo terminal); echo ready'
	p run -d --name long --network none box:1 sh -c 'trap "echo term; exit 5" TERM; echo up; while :; do sleep 0.05; done' > /dev/null
	until_is logs "up" p logs long
	is exec "42" p exec long echo 42
	is exec_status "[3]" p exec long sh -c 'exit 3'
	is pause "paused" script 'p pause long > /dev/null; p inspect -f "{{.State.Status}}" long'
	is unpause "running" script 'p unpause long > /dev/null; p inspect -f "{{.State.Status}}" long'
	# From 5 on it enters a PID namespace of the host for that, which is what no program of ours has.
	[ -z "$other" ] && [[ $(p --version) == *" version "[5-9]* ]] || has top "sh" p top long -e
	is stop "exited 5" script 'p stop -t 20 long > /dev/null; p inspect -f "{{.State.Status}} {{.State.ExitCode}}" long'
	p rm -f long > /dev/null
}

row_podman_build() {
	mkdir "$state/podman/build" && echo content > "$state/podman/build/file"
	cat > "$state/podman/build/Dockerfile" <<-'D'
		FROM localhost/box:1
		COPY file /opt/file
		RUN cat /proc/version > /opt/version && cat /opt/file > /opt/made && mkdir /data && chown 5:6 /data
		RUN --mount=type=cache,target=/cache echo x > /cache/y
		WORKDIR /data
		USER 5:6
		RUN echo "$(id -u) $HOME" > ran
	D
	LIMIT=120 has build "Successfully tagged localhost/built:1" p build --network none -t built:1 "$state/podman/build"
	is built "content 5 /" p run --rm --network none built:1 sh -c 'echo $(cat /opt/made ran)'
	[ -n "$other" ] || has by_us "kernelet" p run --rm --network none built:1 cat /opt/version
	printf 'FROM localhost/box:1\nRUN exit 3\n' > "$state/podman/build/Dockerfile"
	has fails "exit status 3" p build --network none "$state/podman/build"
}

row_podman_network() {
	p run -d --name server -p 7010:80 box:1 perl -e "$server" 80 inside > /dev/null || { not_ok start "$(p run --rm box:1 true 2>&1)"; return; }
	until_is server "up" p logs server
	until_is published "inside question" bash -c "$ask" ask 127.0.0.1 7010
	is address "inside question" bash -c "$ask" ask "$(p inspect -f '{{.NetworkSettings.IPAddress}}' server)" 80
	p rm -ft 0 server > /dev/null
}

row_podman_kube() {
	mkdir -p "$state/podman/shared"
	cat > "$state/podman/pod.yaml" <<-Y
		apiVersion: v1
		kind: Pod
		metadata: {name: two}
		spec:
		  restartPolicy: Never
		  volumes: [{name: shared, hostPath: {path: $state/podman/shared}}]
		  containers:
		    - name: second
		      image: localhost/box:1
		      imagePullPolicy: Never
		      command: [sh, -c, 'echo \$given; exec sleep 100000']
		      env: [{name: given, value: kube}]
		      volumeMounts: [{name: shared, mountPath: /v}]
		    - name: first
		      volumeMounts: [{name: shared, mountPath: /v}]
		      image: localhost/box:1
		      imagePullPolicy: Never
		      command:
		        - perl
		        - -e
		        - |
		$(sed 's/^/            /' <<< "$server")
		        - '81'
		        - pod
	Y
	has play "Pod:" p kube play --network none "$state/podman/pod.yaml"
	until_is second "kube" script 'p logs two-second 2> /dev/null'
	until_is first "up" script 'p logs two-first 2> /dev/null'
	is between "pod question" p exec two-second bash -c "$ask" ask 127.0.0.1 81
	p exec -d two-first perl -e "$unix_server" /v/socket kube > /dev/null
	until_true test -S "$state/podman/shared/socket"
	LIMIT=10 is socket "kube question" p exec two-second perl -e "$unix_client" /v/socket
	has containers "two-first two-second" script 'echo $(p ps --format "{{.Names}}" | sort)'
	has down "two" script 'p pod inspect two --format "{{.Name}}"; p kube down "$state/podman/pod.yaml"'
	is gone "0" script 'p ps -aq --filter pod=two | wc -l'
}

start_rootless() {
	command -v podman > /dev/null && command -v newuidmap > /dev/null || { why="podman or newuidmap is not installed"; return 1; }
	account=ke${mark%%-*}
	useradd -m -d "$state/home" "$account" || { account=; why="no user could be made"; return 1; }
	grep -q "^$account:" /etc/subuid || usermod --add-subuids 300000-365535 --add-subgids 300000-365535 "$account"
	mkdir -p "$state/podman" && mkdir -m 700 "$state/run" && chown "$account:" "$state/run"
	chmod 755 "$state/dist" "$state/dist/bin" 2> /dev/null
	rootless=(setpriv --reuid="$account" --regid="$account" --init-groups env -C "$state/home" HOME="$state/home" USER="$account"
		XDG_RUNTIME_DIR="$state/run" podman --storage-driver vfs --cgroup-manager cgroupfs --events-backend none)
	[ -f "$state/podman/box.tar" ] || make_archive "$state/podman/box.tar" localhost/box:1 "$state/image.tar"
	why=$("${rootless[@]}" load -q -i "$state/podman/box.tar" 2>&1) || return 1
	why=$("${rootless[@]}" --runtime runc run --rm --network none --ulimit host box:1 true 2>&1) ||
		{ why="podman cannot run a container with runc either: $(tail -n 1 <<< "$why")"; return 1; }
	rootless+=(--runtime "$runtime")
}

r() { timeout -k 5 "${LIMIT:-60}" "${rootless[@]}" "$@"; }

row_rootless_run() {
	is output "out" r run --rm --network none --ulimit host box:1 echo out
	is status "[7]" r run --rm --network none --ulimit host box:1 sh -c 'exit 7'
	mkdir "$state/home/v" && echo host > "$state/home/v/file" && chown -R "$account:" "$state/home/v"
	is flags "host 1 /tmp 0" r run --rm --network none --ulimit host -v "$state/home/v:/v" -e a=1 -w /tmp box:1 \
		sh -c 'echo $(cat /v/file) $a $PWD $(id -u); echo guest > /v/new'
	is volume "guest $account" script 'echo $(cat "$state/home/v/new") $(stat -c %U "$state/home/v/new")'
	is user "5 5 refused" r run --rm --network none --ulimit host -u 5:5 box:1 sh -c 'echo $(id -u) $(id -g) $(touch /x 2> /dev/null || echo refused)'
	is owners "7:8" r run --rm --network none --ulimit host box:1 sh -c 'touch /x && chown 7:8 /x && stat -c %u:%g /x'
	r run -d --name long --network none --ulimit host box:1 sh -c 'echo up; exec sleep 100000' > /dev/null
	until_is logs "up" r logs long
	is exec "42" r exec long echo 42
	is stop "exited" script 'r stop -t 0 long > /dev/null 2>&1; r inspect -f "{{.State.Status}}" long'
	r rm -f long > /dev/null
}

# Root of an ordinary user's namespace, with the mount namespaces of that.
row_rootless_pod() {
	mkdir "$state/home/pod" && chown "$account:" "$state/home/pod"
	# In place of podman's own, which it is known by here: an ordinary user's pod may have no control group.
	r run --name seed --network none --ulimit host box:1 sh -c 'printf "#!/bin/sh\nexec sleep 100000\n" > /catatonit; chmod 755 /catatonit'
	r commit -q seed localhost/infra:1 > /dev/null 2>&1
	r rm seed > /dev/null
	why=$(r pod create --name both --network none --infra-image localhost/infra:1 --infra-command "/catatonit -P" 2>&1) && ok create || { not_ok create "$why"; return; }
	r run -d --pod both --name server --ulimit host -v "$state/home/pod:/v" box:1 perl -e "$unix_server" /v/socket pod > /dev/null
	until_true script 'r logs server | grep -q up' && ok up || not_ok up "$(r logs server 2>&1; r ps -a)"
	LIMIT=20 is socket "pod question" r run --rm --pod both --ulimit host -v "$state/home/pod:/v" box:1 perl -e "$unix_client" /v/socket
	is owner "0 $account" script 'echo $(r exec server stat -c %u /v/socket) $(stat -c %U "$state/home/pod/socket")'
	is kill "137" script 'r kill server > /dev/null; r wait server'
	r pod rm -ft 0 both > /dev/null 2>&1
	is gone "0" script 'r ps -aq --filter pod=both | wc -l' # another row's go on
}
