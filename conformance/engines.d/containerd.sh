# containerd with runc's shim and Kernelet in runc's place: ctr, and the calls of the Kubernetes runtime interface with a runtime
# handler. Sourced by conformance/engines.

start_containerd() {
	local try
	command -v containerd > /dev/null && command -v ctr > /dev/null || { why="containerd is not installed"; return 1; }
	mkdir -p "$state/containerd" "$state/cni"
	local plugins='bin_dir = "/usr/lib/cni"' default
	default=$(containerd config default 2> /dev/null)
	[[ $default != *bin_dirs* ]] || plugins='bin_dirs = ["/usr/lib/cni"]'
	if [[ $default == *"version = 3"* ]]; then
		cat > "$state/containerd/config.toml" <<-C
			version = 3
			root = "$state/containerd/root"
			state = "$state/containerd/run"
			[grpc]
			  address = "$state/containerd/s"
			[plugins.'io.containerd.grpc.v1.cri']
			  stream_server_port = "0"
			[plugins.'io.containerd.cri.v1.images'.pinned_images]
			  sandbox = "docker.io/library/box:1"
			[plugins.'io.containerd.cri.v1.runtime'.cni]
			  $plugins
			  conf_dir = "$state/cni"
			[plugins.'io.containerd.internal.v1.opt']
			  path = "$state/containerd/opt"
		C
	else
		cat > "$state/containerd/config.toml" <<-C
			version = 2
			root = "$state/containerd/root"
			state = "$state/containerd/run"
			[grpc]
			  address = "$state/containerd/s"
			[plugins."io.containerd.grpc.v1.cri"]
			  sandbox_image = "docker.io/library/box:1"
			  stream_server_port = "0"
			  [plugins."io.containerd.grpc.v1.cri".cni]
			    bin_dir = "/usr/lib/cni"
			    conf_dir = "$state/cni"
			[plugins."io.containerd.internal.v1.opt"]
			  path = "$state/containerd/opt"
		C
	fi
	install_runtime --config_file "" --containerd_config "$state/containerd/config.toml" || { why="kernelet install failed"; return 1; }
	cat > "$state/cni/10-pods.conflist" <<-C
		{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true,
		  "ipam": {"type": "host-local", "dataDir": "$state/cni/data", "subnet": "10.88.77.0/24"}}]}
	C
	containerd --config "$state/containerd/config.toml" > "$state/containerd/log" 2>&1 &
	containerd_daemon=$!
	daemons=$((daemons + 1))
	for ((try = 0; try < 300; try++)); do
		c version > /dev/null 2>&1 && break
		kill -0 $containerd_daemon 2> /dev/null || { why="containerd does not start: $(tail -n 1 "$state/containerd/log" | cut -c1-200)"; return 1; }
		sleep 0.1
	done
	make_archive "$state/box.tar" docker.io/library/box:1 "$state/image.tar"
	why=$(c images import "$state/box.tar" 2>&1 && timeout 60 ctr -a "$state/containerd/s" -n k8s.io images import "$state/box.tar" 2>&1) || return 1
	why=$(c run --rm --runtime io.containerd.runc.v2 "$box" probe true 2>&1) ||
		{ why="containerd cannot run a container with runc either: $(tail -n 1 <<< "$why")"; return 1; }
}

stop_containerd() {
	[ -n "${containerd_daemon-}" ] && kill "$containerd_daemon" && wait "$containerd_daemon"
}

box=docker.io/library/box:1
c() { timeout -k 5 "${LIMIT:-60}" ctr -a "$state/containerd/s" -n "kernelet-e-$mark" "$@"; }
crun() { c run --runtime io.containerd.runc.v2 --runc-binary "$runtime" "$@"; }
cri() { timeout -k 5 60 python3 "$here/engines.d/cri.py" "$state/containerd/s" "$@"; }

row_containerd_ctr() {
	local log=$state/containerd/log.
	is output "out" crun --rm "$box" out echo out
	is status "[7]" crun --rm "$box" status sh -c 'exit 7'
	is flags "b /tmp 0 host" crun --rm --env a=b --cwd /tmp --mount "type=bind,src=$state/containerd,dst=/v,options=rbind:ro" \
		"$box" flags sh -c 'echo $a $PWD $(id -u) $(test -e /v/config.toml && ! touch /v/x 2> /dev/null && echo host)'
	has terminal "17 91 terminal" in_terminal '' ctr -a "$state/containerd/s" -n "kernelet-e-$mark" run --rm -t \
		--runtime io.containerd.runc.v2 --runc-binary "$runtime" "$box" terminal sh -c \
		'sleep 0.3; echo $(stty size) $(test -t 0 && echo terminal); echo ready'
	is detached "" crun -d --log-uri "file://$log" --label a=b "$box" long sh -c 'trap "echo term; exit 5" TERM; echo up; while :; do sleep 0.05; done'
	until_is up "up" cat "$log"
	is exec "4" c task exec --exec-id e long sh -c 'echo $((2 + 2))'
	is exec_status "[3]" script 'c task exec --exec-id f long sh -c "exit 3" 2> /dev/null'
	has list "RUNNING" c task ls
	is pause "" c task pause long
	has paused "PAUSED" c task ls
	is resume "" c task resume long
	has processes "PID" c task ps long
	has metrics "memory" c task metrics long
	is kill "" c task kill -s TERM long
	until_true script 'c task ls | grep -q STOPPED' && ok stopped || not_ok stopped "$(c task ls)"
	is delete "" script 'c task delete long > /dev/null 2>&1'
	is delete_container "" c container delete long
	perl -e "$server" 7021 outside > "$state/outside.ctr" &
	local outside=$!
	until_true grep -q up "$state/outside.ctr"
	is host_network "outside question" crun --rm --net-host "$box" net bash -c "$ask" ask 127.0.0.1 7021
	kill $outside
}

pod() { # NAME: the configuration of one
	printf '{"metadata": {"name": "%s", "uid": "%s-uid", "namespace": "default"}, "hostname": "%s-host", "log_directory": "%s", "linux": {"cgroup_parent": "/kernelet-e-%s"}}' \
		"$1" "$1" "$1" "$state/containerd" "$mark"
}

container() { # POD NAME ID-OF-POD COMMAND...
	local words="" w
	for w in "${@:4}"; do words+="${words:+, }$(python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$w")"; done
	cri CreateContainer "{\"pod\": \"$3\", \"config\": {\"metadata\": {\"name\": \"$2\"}, \"image\": {\"image\": \"$box\"}, \"command\": [$words],
		\"envs\": [{\"key\": \"given\", \"value\": \"yes\"}], \"mounts\": [{\"container_path\": \"/v\", \"host_path\": \"$state/containerd/shared\"}],
		\"log_path\": \"$2.log\"}, \"sandbox_config\": $(pod "$1")}"
}

# The same by a unix socket, for perl -e: a server of one name, which says a word, and a client.
unix_server='use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 9) or die $!; $| = 1; print "up\n";
	while ($c = $s->accept) { $l = <$c>; print $c "$ARGV[1] $l"; close $c }'
unix_client='use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die $!; print $s "question\n"; print <$s>'

json() { python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"; }

row_containerd_cri() {
	local pod first second third ip
	[ -x /usr/lib/cni/bridge ] || { echo "SKIPPED  containerd-cri  the plugins of containernetworking are not installed"; return; }
	mkdir "$state/containerd/shared"
	pod=$(cri RunPodSandbox "{\"config\": $(pod one), \"runtime_handler\": \"kernelet\"}")
	[[ $pod =~ ^[0-9a-f]{64}$ ]] && ok pod || { not_ok pod "$pod"; return; }
	has refused "no runtime" cri RunPodSandbox "{\"config\": $(pod two), \"runtime_handler\": \"nosuch\"}"
	ip=$(cri PodSandboxStatus "{\"id\": \"$pod\"}" | sed 's/.*"ip": "\([^"]*\)".*/\1/')
	first=$(container one first "$pod" perl -e "$server" 80 inside)
	second=$(container one second "$pod" sh -c 'trap "exit 4" TERM; echo $given > /v/file; echo said; while :; do sleep 0.05; done')
	is start "" cri StartContainer "{\"id\": \"$first\"}"
	is start_second "" cri StartContainer "{\"id\": \"$second\"}"
	until_is logs "stdout F said" script 'cut -d" " -f2- "$state/containerd/second.log"'
	until_true grep -q up "$state/containerd/first.log"
	is shared "yes" cat "$state/containerd/shared/file"
	is traffic_in "inside question" bash -c "$ask" ask "$ip" 80
	has traffic_between "inside question" cri ExecSync "{\"id\": \"$second\", \"cmd\": [\"bash\", \"-c\", \"exec 3<> /dev/tcp/127.0.0.1/80; echo question >&3; cat <&3\"]}"
	# Two containers that show one volume share what is in it, as in a pod's emptyDir.
	third=$(container one third "$pod" perl -e "$unix_server" /v/socket third)
	is start_third "" cri StartContainer "{\"id\": \"$third\"}"
	until_true grep -q up "$state/containerd/third.log"
	has unix_socket "third question" cri ExecSync "{\"id\": \"$second\", \"cmd\": $(json perl -e "$unix_client" /v/socket)}"
	has localhost "inside question" cri ExecSync "{\"id\": \"$third\", \"cmd\": $(json bash -c "$ask" ask 127.0.0.1 80)}"
	[ -n "$other" ] || has one_sandbox "\"sandbox\":\"$pod\"" cat /run/containerd/runc/k8s.io/"$third"/state.json
	is stop_third "" cri StopContainer "{\"id\": \"$third\", \"timeout\": 0}"
	has killed '"exit_code": 137, "state": 2' cri ContainerStatus "{\"id\": \"$third\"}"
	is remove_third "" cri RemoveContainer "{\"id\": \"$third\"}"
	has others_go_on '"exit_code": 3, "stdout": "yes' cri ExecSync "{\"id\": \"$first\", \"cmd\": [\"sh\", \"-c\", \"echo \$given; exit 3\"]}"
	has exec '"exit_code": 3, "stdout": "yes' cri ExecSync "{\"id\": \"$first\", \"cmd\": [\"sh\", \"-c\", \"echo \$given; exit 3\"]}"
	has stream 'stderr: to err; stdout: yes through' script "echo through | cri stream '{\"id\": \"$first\", \"cmd\": [\"sh\", \"-c\",
		\"read x; echo to err >&2; echo \$given \$x; exit 3\"]}' | tr -d '\"' | sed 's/.n, /; /; s/.n}//'"
	has stream_status 'ExitCode' script "echo through | cri stream '{\"id\": \"$first\", \"cmd\": [\"sh\", \"-c\", \"exit 3\"]}'"
	has stream_terminal 'got hello' cri stream "{\"id\": \"$first\", \"typed\": \"hello\\r\", \"cmd\": [\"sh\", \"-c\",
		\"sleep 0.3; test -t 0 && stty size; echo ready; read x; echo got \$x\"]}"
	has stream_size '17 91' cri stream "{\"id\": \"$first\", \"typed\": \"\\r\", \"cmd\": [\"sh\", \"-c\", \"sleep 0.3; stty size; echo ready; read x\"]}"
	has stats "1" script "cri ContainerStats '{\"id\": \"$first\"}' | grep -c '^[1-9][0-9]*\$'"
	has stats_of_pod "1" script "cri PodSandboxStats '{\"id\": \"$pod\"}' | grep -c '^[1-9][0-9]*\$'"
	is update "" cri UpdateContainerResources "{\"id\": \"$first\", \"linux\": {\"memory_limit_in_bytes\": $((64 << 20)), \"cpu_period\": 100000, \"cpu_quota\": 50000}}"
	[ -n "$other" ] || has updated '"stdout": "MemTotal: 65536 kB' cri ExecSync "{\"id\": \"$first\", \"cmd\": [\"sh\", \"-c\", \"echo \$(head -n 1 /proc/meminfo); exit 3\"]}"
	is state "1" cri ContainerStatus "{\"id\": \"$second\"}"
	is stop "" cri StopContainer "{\"id\": \"$second\", \"timeout\": 20}"
	has stopped '"exit_code": 4, "state": 2' cri ContainerStatus "{\"id\": \"$second\"}"
	is remove "" cri RemoveContainer "{\"id\": \"$second\"}"
	is stop_pod "" cri StopPodSandbox "{\"id\": \"$pod\"}"
	is remove_pod "" cri RemovePodSandbox "{\"id\": \"$pod\"}"
}

# As an administrator drives it. No Debian release has a package of cri-tools: without crictl only the row above says what holds.
row_containerd_crictl() {
	local pod container tool=(crictl --runtime-endpoint "unix://$state/containerd/s" --image-endpoint "unix://$state/containerd/s" --timeout 60s)
	command -v crictl > /dev/null || { echo "SKIPPED  containerd-crictl          crictl is not installed, and Debian has no package of it"; return; }
	[ -x /usr/lib/cni/bridge ] || { echo "SKIPPED  containerd-crictl          the plugins of containernetworking are not installed"; return; }
	pod three > "$state/containerd/pod.json"
	printf '{"metadata": {"name": "only"}, "image": {"image": "%s"}, "command": ["sh", "-c", "echo said; exec sleep 100000"], "log_path": "only.log"}' \
		"$box" > "$state/containerd/container.json"
	pod=$("${tool[@]}" runp --runtime kernelet "$state/containerd/pod.json" 2>&1)
	[[ $pod =~ ^[0-9a-f]{64}$ ]] && ok runp || { not_ok runp "$pod"; return; }
	container=$("${tool[@]}" create "$pod" "$state/containerd/container.json" "$state/containerd/pod.json" 2>&1)
	has start "$container" "${tool[@]}" start "$container"
	until_is logs "said" "${tool[@]}" logs "$container"
	is exec "42" "${tool[@]}" exec -s "$container" echo 42
	is exec_stream "kernelet" "${tool[@]}" exec "$container" sh -c 'sed "s/.*(\(.*\)).*/\1/" /proc/version'
	has ps "Running" "${tool[@]}" ps --id "$container"
	has inspectp '"runtimeHandler": "kernelet"' "${tool[@]}" inspectp "$pod"
	has stop "$container" "${tool[@]}" stop -t 0 "$container"
	has rm "$container" "${tool[@]}" rm "$container"
	has stopp "$pod" "${tool[@]}" stopp "$pod"
	has rmp "$pod" "${tool[@]}" rmp "$pod"
}
