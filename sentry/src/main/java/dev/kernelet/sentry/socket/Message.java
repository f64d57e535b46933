package dev.kernelet.sentry.socket;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Sockets;
import dev.kernelet.sentry.wait.WaitQueue;

/** What sendmsg(2) and recvmsg(2) pass to a socket, in the Sentry's memory. One per sandbox, reused. Kernel lock. */
public final class Message {
    /** Data to send, or room for data; may be the window: never parse it in place. */
    public long data;
    public long length;
    /** 128 private bytes: the destination (nameLength 0: none) or room for the source's name. */
    public final long name = Memory.allocate(Sockets.NAME_MAX);
    public int nameLength;
    /** Private memory: control messages to send, or room for them. */
    public long control;
    public int controlLength;
    /** Receiving: how many bytes of control messages there would be room for. */
    public int controlRoom;
    /** Receiving: somebody cares for the source's name. */
    public boolean wantsName;
    /** Receiving: what msg_flags will say. */
    public int flags;
    /** After -EAGAIN: where to wait, when that is not the socket's own queue. */
    public WaitQueue queue;
    /** Received control data ends a read even if there is more data. */
    public boolean isBoundary;

    public void clear() {
        data = length = 0;
        control = 0;
        nameLength = controlLength = controlRoom = flags = 0;
        queue = null;
        isBoundary = wantsName = false;
    }

    /**
     * Appends a control message header, with room for {@code size} bytes of data as far as there is: the address of the data,
     * or 0 (MSG_CTRUNC is set then). The data length noted is {@code size}.
     */
    public long putControl(int level, int type, int size) {
        int room = controlRoom - controlLength;
        if (control == 0 || room < Sockets.CMSG_HEADER + size) {
            flags |= Sockets.MSG_CTRUNC;
            return 0;
        }
        long p = control + controlLength;
        Memory.putLong(p, Sockets.CMSG_HEADER + size);
        Memory.putInt(p + 8, level);
        Memory.putInt(p + 12, type);
        controlLength = Math.min(controlRoom, controlLength + Sockets.align(Sockets.CMSG_HEADER + size));
        return p + Sockets.CMSG_HEADER;
    }
}
