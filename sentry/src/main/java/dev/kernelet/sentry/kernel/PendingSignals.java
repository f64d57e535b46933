package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;

/** Signals sent to a task or a process and not yet delivered, oldest first (signal(7)). Kernel lock. */
final class PendingSignals {
    /** The signals in the queue, and those whose siginfo had no room. */
    long set;
    private SigInfo head, tail;

    /** Queues {@code info}; null: only the number, as when the queue is full. */
    void add(int signo, SigInfo info) {
        set |= bit(signo);
        if (info == null) return;
        info.next = null;
        info.isQueued = true;
        if (tail == null) head = info; else tail.next = info;
        tail = info;
    }

    boolean has(int signo) { return (set & bit(signo)) != 0; }

    /** The signal of {@code candidates} that is to be delivered next, or 0: synchronous ones first, then by number. */
    int next(long candidates) {
        long s = set & candidates;
        if (s == 0) return 0;
        if ((s & SYNCHRONOUS) != 0) s &= SYNCHRONOUS;
        return Long.numberOfTrailingZeros(s) + 1;
    }

    /** A synchronous signal raised by the task's own instruction goes before all others: its number, or 0. */
    int nextFault(long candidates) {
        if ((set & candidates & SYNCHRONOUS) == 0) return 0;
        for (SigInfo i = head; i != null; i = i.next) {
            if (i.code > 0 && i.code != SI_KERNEL && (bit(i.signo) & SYNCHRONOUS & candidates) != 0) return i.signo;
        }
        return 0;
    }

    /** Takes the oldest of that number off; a bare number becomes an empty siginfo. */
    SigInfo take(Kernel k, int signo) {
        SigInfo before = null, i = head;
        while (i != null && i.signo != signo) {
            before = i;
            i = i.next;
        }
        if (i == null) {
            set &= ~bit(signo);
            return SigInfo.of(signo, SI_USER);
        }
        unlink(k, before, i);
        for (SigInfo j = before == null ? head : before.next; j != null; j = j.next) if (j.signo == signo) return i;
        set &= ~bit(signo);
        return i;
    }

    /** Drops all signals of {@code mask}. */
    void discard(Kernel k, long mask) {
        if ((set & mask) == 0) return;
        set &= ~mask;
        SigInfo before = null, i = head;
        while (i != null) {
            SigInfo next = i.next;
            if ((bit(i.signo) & mask) != 0) {
                unlink(k, before, i);
                i.dequeued();
            } else {
                before = i;
            }
            i = next;
        }
    }

    /** Takes one reusable entry off (a timer that is deleted). */
    void remove(Kernel k, SigInfo entry) {
        SigInfo before = null;
        for (SigInfo i = head; i != null; before = i, i = i.next) {
            if (i != entry) continue;
            unlink(k, before, i);
            boolean isLast = true;
            for (SigInfo j = head; j != null; j = j.next) if (j.signo == entry.signo) isLast = false;
            if (isLast) set &= ~bit(entry.signo);
            return;
        }
    }

    private void unlink(Kernel k, SigInfo before, SigInfo i) {
        if (before == null) head = i.next; else before.next = i.next;
        if (tail == i) tail = before;
        i.next = null;
        i.isQueued = false;
        if (i.chargedUid != -1) {
            k.users.pendingSignals(i.chargedUid, -1);
            i.chargedUid = -1;
        }
    }
}
