"""A few calls of the Kubernetes Container Runtime Interface, by curl alone: HTTP/2 on a unix socket, protocol buffers by hand.

    cri.py SOCKET METHOD JSON    prints the answer's fields; numbers of fields are those of cri-api's api.proto (runtime.v1)
    cri.py SOCKET stream JSON    Exec or Attach, then what kubectl exec does with its answer: standard input is sent, what comes is
                                 printed by channel. "typed" in JSON: a terminal, of 91 columns and 17 rows, gets that once it has
                                 printed "ready"
"""
import json
import os
import socket as sockets
import subprocess
import sys
import tempfile

METADATA = {"name": 1, "uid": 2, "namespace": 3}
POD = {"metadata": (1, METADATA), "hostname": 2, "log_directory": 3, "annotations": (7, "map"), "linux": (8, {"cgroup_parent": 1,
    "security_context": (2, {"namespace_options": (1, {"network": 1})})})}
RESOURCES = {"cpu_period": 1, "cpu_quota": 2, "memory_limit_in_bytes": 4}
CONTAINER = {"metadata": (1, {"name": 1}), "image": (2, {"image": 1}), "command": 3, "args": 4, "working_dir": 5,
    "envs": (6, {"key": 1, "value": 2}), "mounts": (7, {"container_path": 1, "host_path": 2, "readonly": 3}), "log_path": 11,
    "linux": (15, {"resources": (1, RESOURCES)})}
CALLS = {
    "RunPodSandbox": ({"config": (1, POD), "runtime_handler": 2}, {1: "id"}),
    "PodSandboxStatus": ({"id": 1}, {1: ("status", {3: "state", 5: ("network", {1: "ip"})})}),
    "StopPodSandbox": ({"id": 1}, {}),
    "RemovePodSandbox": ({"id": 1}, {}),
    "CreateContainer": ({"pod": 1, "config": (2, CONTAINER), "sandbox_config": (3, POD)}, {1: "id"}),
    "StartContainer": ({"id": 1}, {}),
    "StopContainer": ({"id": 1, "timeout": 2}, {}),
    "RemoveContainer": ({"id": 1}, {}),
    "ContainerStatus": ({"id": 1}, {1: ("status", {3: "state", 7: "exit_code"})}),
    "ContainerStats": ({"id": 1}, {1: ("stats", {3: ("memory", {2: ("working_set", {1: "bytes"})})})}),
    "PodSandboxStats": ({"id": 1}, {1: ("stats", {2: ("linux", {2: ("memory", {2: ("working_set", {1: "bytes"})})})})}),
    "UpdateContainerResources": ({"id": 1, "linux": (2, RESOURCES)}, {}),
    "Exec": ({"id": 1, "cmd": 2, "tty": 3, "stdin": 4, "stdout": 5, "stderr": 6}, {1: "url"}),
    "ExecSync": ({"id": 1, "cmd": 2, "timeout": 3}, {1: "stdout", 2: "stderr", 3: "exit_code"}),
}


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode(value, fields):
    out = b""
    for name, v in value.items():
        number, inner = fields[name] if isinstance(fields[name], tuple) else (fields[name], None)
        if inner == "map":
            v, inner = [{"key": k, "value": x} for k, x in v.items()], {"key": 1, "value": 2}
        for x in v if isinstance(v, list) else [v]:
            if isinstance(x, int):
                out += varint(number << 3) + varint(x)
                continue
            data = encode(x, inner) if inner else x.encode()
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def decode(data, fields):
    at, out = 0, {}

    def number():
        nonlocal at
        n = shift = 0
        while True:
            b = data[at]
            at += 1
            n |= (b & 127) << shift
            shift += 7
            if b < 128:
                return n

    while at < len(data):
        key = number()
        if key & 7 == 0:
            value = number()
        else:
            length = number()
            value = data[at:at + length]
            at += length
        name = fields.get(key >> 3)
        if isinstance(name, tuple):
            out[name[0]] = decode(value, name[1])
        elif name:
            out[name] = value.decode(errors="replace") if isinstance(value, bytes) else value
    return out


def stream(url, typed):
    """A WebSocket of the protocol v4.channel.k8s.io: each message's first byte is its channel."""
    place, path = url.split("//", 1)[1].split("/", 1)
    host, port = place.rsplit(":", 1)
    s = sockets.create_connection((host, int(port)), 60)
    s.sendall((f"GET /{path} HTTP/1.1\r\nHost: {place}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: a2VybmVsZXQga2VybmVsZQ==\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n").encode())
    file = s.makefile("rb")
    line = status = file.readline()
    while line.strip():
        line = file.readline()
    if b" 101 " not in status:
        return {"refused": status.decode().strip()}

    def send(channel, data):
        mask = os.urandom(4)
        data = bytes([channel]) + data
        s.sendall(b"\x82" + bytes([0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    got = {}
    if typed is None:
        send(0, sys.stdin.buffer.read(100))
    else:
        send(4, b'{"Width":91,"Height":17}')
    while True:
        head = file.read(2)
        if len(head) < 2 or head[0] & 15 == 8:
            break
        length = head[1] & 127
        if length > 125:
            length = int.from_bytes(file.read(2 if length == 126 else 8), "big")
        data = file.read(length)
        if head[0] & 15 > 2 or not data:
            continue
        got[data[0]] = got.get(data[0], b"") + data[1:]
        if typed and b"ready" in got.get(1, b""):
            send(0, typed.encode())
            typed = ""
    return {{1: "stdout", 2: "stderr", 3: "status"}[channel]: text.decode() for channel, text in got.items() if text}


socket, method, request = sys.argv[1:]
request = json.loads(request)
typed = request.pop("typed", None)
if method == "stream":
    request.update(stdin=True, stdout=True, tty=typed is not None, stderr=typed is None)
fields, answer = CALLS["Exec" if method == "stream" else method]
message = encode(request, fields)
with tempfile.NamedTemporaryFile() as headers:
    run = subprocess.run(["curl", "-s", "-m", "60", "--http2-prior-knowledge", "--unix-socket", socket, "-D", headers.name,
        "-H", "Content-Type: application/grpc", "-H", "TE: trailers", "--data-binary", "@-",
        "http://localhost/runtime.v1.RuntimeService/" + ("Exec" if method == "stream" else method)],
        input=b"\0" + len(message).to_bytes(4, "big") + message, stdout=subprocess.PIPE)
    lines = dict(l.strip().replace(": ", ":").split(":", 1) for l in headers.read().decode().splitlines() if ":" in l)
if lines.get("grpc-status") != "0":
    print("error", lines.get("grpc-status", run.returncode), lines.get("grpc-message", ""))
    sys.exit(1)
result = decode(run.stdout[5:], answer)
if method == "stream":
    result = stream(result["url"], typed)
while len(result) == 1 and isinstance(list(result.values())[0], dict):
    result = list(result.values())[0]
print(list(result.values())[0] if len(result) == 1 else json.dumps(result, sort_keys=True) if result else "", end="\n" if result else "")
