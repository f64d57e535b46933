# Pods where systemd makes the slices: podman kube play, root's and an ordinary user's, and containerd's CRI as a kubelet with the
# systemd driver calls it. The containers of a pod are in one sandbox: a FIFO in their volume shows it. Their scopes lie where runc's do.
# After docker.sh and podman.sh, or alone.
id someone > /dev/null 2>&1 || {
	mkdir -p /etc/systemd/system/user@.service.d
	printf '[Service]\nDelegate=cpu cpuset io memory pids\n' > /etc/systemd/system/user@.service.d/delegate.conf
	systemctl daemon-reload
	useradd -m someone
	loginctl enable-linger someone
}
run=/run/user/$(id -u someone)
for ((i = 0; i < 600; i++)); do [ -S $run/bus ] && break; sleep 0.2; done
as_root=(env CONTAINERS_CONF=/root/containers.conf podman)
as_user=(setpriv --reuid=someone --regid=someone --init-groups env -C /home/someone HOME=/home/someone USER=someone
	CONTAINERS_CONF=/home/someone/containers.conf XDG_RUNTIME_DIR=$run DBUS_SESSION_BUS_ADDRESS=unix:path=$run/bus podman)
mkdir -p /root/member/{bin,v}
cp /bin/busybox /root/member/bin/
for name in sh echo cat sleep free mkfifo nc grep; do ln -sf busybox /root/member/bin/$name; done
chmod -R a+rX /root/member
tar -C /root/member -cf /tmp/member.tar .
chmod a+r /tmp/member.tar

until_file() { for ((i = 0; i < 300; i++)); do [ -e "$1" ] && return; sleep 0.1; done; }

# WHO HOME STATE: of the runtime
kube() {
	local who=$1 home=$2 state=$3 second group where="" name limits
	shift 3
	printf '[engine]\ninfra_image = "localhost/member:1"\ninfra_command = "/bin/sleep 100000"\n' > $home/containers.conf
	"$@" import -q -c 'ENV PATH=/bin' -c 'CMD ["sleep", "100000"]' /tmp/member.tar localhost/member:1 > /dev/null 2>&1
	mkdir -p $home/shared && chmod 777 $home/shared
	cat > $home/pod.yaml <<-Y
		apiVersion: v1
		kind: Pod
		metadata: {name: two}
		spec:
		  restartPolicy: Never
		  volumes: [{name: shared, hostPath: {path: $home/shared}}]
		  containers:
		    - name: first
		      image: localhost/member:1
		      imagePullPolicy: Never
		      command: [sh, -c, 'mkfifo /v/f; read x < /v/f; echo got \$x > /v/got; nc -ll -p 81 -e echo from first']
		      volumeMounts: [{name: shared, mountPath: /v}]
		    - name: second
		      image: localhost/member:1
		      imagePullPolicy: Never
		      command: [sh, -c, 'until [ -p /v/f ]; do sleep 0.1; done; echo word > /v/f; exec sleep 100000']
		      volumeMounts: [{name: shared, mountPath: /v}]
		      resources: {limits: {memory: 50Mi, cpu: 500m}}
	Y
	chmod a+r $home/pod.yaml $home/containers.conf
	for runtime in /usr/sbin/runc $K; do
		rm -f $home/shared/*
		"$@" --runtime $runtime kube play --network none $home/pod.yaml > /tmp/error 2>&1 || echo "FAIL $who-play $(tail -n 2 /tmp/error | tr '\n' ' ')"
		for name in first second; do
			group=/sys/fs/cgroup$(cut -d: -f3 "/proc/$("$@" inspect -f '{{.State.Pid}}' two-$name)/cgroup")
			where+="$(sed -E 's/[0-9a-f]{12,}/N/g' <<< "$group") "
		done
		[ $runtime = $K ] || "$@" kube down $home/pod.yaml > /dev/null 2>&1
	done
	read -r -a where <<< "$where"
	check $who-pod-where-runc-has-it "${where[*]:2}" "${where[*]:0:2}"
	check $who-pod-scopes "$(grep -c '/[a-z-]*libpod_pod_N.slice/libpod-N.scope /' <<< "${where[*]:2}")" 1
	echo "# $who: $group"
	until_file $home/shared/got
	check $who-pod-fifo "$(cat $home/shared/got)" "got word"
	check $who-pod-one-sandbox "$(cat $state/*/state.json | grep -o '"sandbox":"[0-9a-f]*"' | sort | uniq -c | awk '{ printf "%s ", $1 }')" "1 2 "
	check $who-pod-localhost "$("$@" exec two-second sh -c 'while ! nc 127.0.0.1 81; do sleep 0.1; done' 2> /dev/null)" "from first"
	# With the room that a Sentry would need beside the container.
	limits="$(((50 + 96) << 20)) 50000 100000"
	check $who-pod-limits "$(cat $group/memory.max $group/cpu.max | xargs)" "$limits"
	check $who-pod-seen "$("$@" exec two-second free | awk '/Mem/ { print $2 }')" 51200
	systemctl daemon-reload
	"$@" --runtime $K run --rm --network none localhost/member:1 echo another > /dev/null 2>&1
	check $who-pod-limits-after-another "$(cat $group/memory.max $group/cpu.max | xargs)" "$limits"
	"$@" kill two-first > /dev/null 2>&1
	check $who-pod-killed "$("$@" wait two-first)" 137
	check $who-pod-others-go-on "$("$@" exec two-second echo 42)" 42
	"$@" kube down $home/pod.yaml > /dev/null 2>&1
	check $who-pod-left "$(ls $state; ls -d $group 2> /dev/null; "$@" ps -aq)" ""
}
kube root /root /run/kernelet "${as_root[@]}"
kube user /home/someone $run/kernelet "${as_user[@]}"
check no-unit-of-pods-left "$(systemctl list-units --all --plain --no-legend 'libpod-*' | grep -vc conmon)" 0

# containerd, with runc's entry as kubeadm wants it: ours is like it.
mkdir -p /root/cri
cat > /root/cri/config.toml <<'C'
version = 2
root = "/root/cri/root"
state = "/run/cri"
[grpc]
  address = "/run/cri.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/member:1"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
C
$K install --config_file "" --containerd_config /root/cri/config.toml > /dev/null
containerd -c /root/cri/config.toml > /root/cri/log 2>&1 &
containerd=$!
until_file /run/cri.sock
[ -e /root/member.image ] || python3 - <<'P'
import hashlib, json, tarfile
layer = "/tmp/member.tar"
config = {"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"], "Cmd": ["sleep", "100000"]},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(open(layer, "rb").read()).hexdigest()]}}
json.dump(config, open("/tmp/config.json", "w"))
json.dump([{"Config": "config.json", "RepoTags": ["localhost/member:1"], "Layers": ["layer.tar"]}], open("/tmp/manifest.json", "w"))
with tarfile.open("/root/member.image", "w") as t:
    for path, name in ("/tmp/manifest.json", "manifest.json"), ("/tmp/config.json", "config.json"), (layer, "layer.tar"):
        t.add(path, name)
P
for ((i = 0; i < 300; i++)); do ctr -a /run/cri.sock version > /dev/null 2>&1 && break; sleep 0.2; done
ctr -a /run/cri.sock -n k8s.io images import /root/member.image > /dev/null 2>&1 || echo "FAIL cri-image $(tail -n 1 /root/cri/log)"
cri() { python3 conformance/engines.d/cri.py /run/cri.sock "$@"; }
slice() { # RUNTIME: a pod with two containers; where their processes lie, and what they say
	local config pod name id=() command
	rm -f /root/shared/*
	config='{"metadata": {"name": "two", "uid": "two-'$1'", "namespace": "default"}, "log_directory": "/root/cri", "linux":
		{"cgroup_parent": "kubepods-burstable-pod1.slice", "security_context": {"namespace_options": {"network": 2}}}}'
	pod=$(cri RunPodSandbox "{\"config\": $config, \"runtime_handler\": \"$1\"}")
	for name in first second; do
		command='mkfifo /v/f; read x < /v/f; echo got $x > /v/got; exec sleep 100000'
		[ $name = first ] || command='until [ -p /v/f ]; do sleep 0.1; done; echo word > /v/f; exec sleep 100000'
		id+=("$(cri CreateContainer "{\"pod\": \"$pod\", \"config\": {\"metadata\": {\"name\": \"$name\"}, \"image\": {\"image\": \"localhost/member:1\"},
			\"command\": [\"sh\", \"-c\", \"$command\"], \"mounts\": [{\"container_path\": \"/v\", \"host_path\": \"/root/shared\"}],
			\"linux\": {\"resources\": {\"cpu_period\": 100000, \"cpu_quota\": 50000, \"memory_limit_in_bytes\": $((50 << 20))}},
			\"log_path\": \"$name.log\"}, \"sandbox_config\": $config}")")
		cri StartContainer "{\"id\": \"${id[-1]}\"}"
	done
	until_file /root/shared/got
	cat /root/shared/got
	for name in $pod ${id[*]}; do
		group=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(ctr -a /run/cri.sock -n k8s.io task ls | awk -v n=$name '$1 == n { print $2 }')/cgroup")
		echo "$(sed -E 's/[0-9a-f]{12,}/N/g' <<< "$group")" $([ $name = $pod ] || cat $group/cpu.max)
	done
	[ $1 = runc ] || echo "$(cri ExecSync "{\"id\": \"${id[1]}\", \"cmd\": [\"free\"]}" | grep -o 'Mem: *[0-9]*' | tr -s ' ')" >&2
	cri StopContainer "{\"id\": \"${id[0]}\", \"timeout\": 0}"
	cri ContainerStatus "{\"id\": \"${id[0]}\"}" | grep -o '"exit_code": [0-9]*'
	cri StopPodSandbox "{\"id\": \"$pod\"}"
	cri RemovePodSandbox "{\"id\": \"$pod\"}"
	ls -d $group 2> /dev/null
}
mkdir -p /root/shared
runc=$(slice runc 2> /dev/null)
ours=$(slice kernelet 2> /tmp/seen)
check cri-as-with-runc "$ours" "$runc"
check cri-slice "$(grep -c '^/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-N.scope' <<< "$ours")" 3
check cri-fifo "$(head -n 1 <<< "$ours")" "got word"
check cri-seen "$(cat /tmp/seen)" "Mem: 51200"
kill $containerd; wait $containerd
