"""What reach.c reaches for: listens on the host until its standard input ends, then says who came.

outside.py DIRECTORY ABSTRACT-NAME   (makes DIRECTORY/socket and DIRECTORY/fifo; says "ready")
"""
import os
import select
import socket
import sys

directory, name = sys.argv[1:]
ears = {}
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    ear = socket.socket(socket.AF_UNIX, kind)
    ear.bind("\0" + name)
    ears[ear] = "abstract socket of type %d" % kind
ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
ear.bind(directory + "/socket")
os.chmod(directory + "/socket", 0o777)
ears[ear] = "socket"
for ear in ears:
    if ear.type != socket.SOCK_DGRAM:
        ear.listen(5)
os.mkfifo(directory + "/fifo")
os.chmod(directory + "/fifo", 0o666)
fifo = os.open(directory + "/fifo", os.O_RDWR | os.O_NONBLOCK)
ears[fifo] = "fifo"
print("ready", flush=True)
while True:
    ready = select.select([sys.stdin, *ears], [], [])[0]
    for ear in ready:
        if ear is not sys.stdin:
            print("REACHED:", ears.pop(ear), flush=True)
    if ready == [sys.stdin]:
        break
