package dev.kernelet.sentry.vfs;

import dev.kernelet.abi.Memory;

/**
 * A name in a directory and the inode it stands for; inode null: known not to exist. Kernel lock. The children of a
 * directory are kept in a hash table over name bytes, so that a path walk allocates nothing.
 */
public final class Dentry {
    public final Filesystem fs;
    public String name;
    public Dentry parent;
    public Inode inode;
    /** Unlinked: no longer reachable by its name. */
    public boolean isDead;
    /** Number of mounts on this dentry in any namespace: walks look for a Mount only when it is not 0. */
    public int mounts;
    /** Working directories, roots and mounts that are this very place. */
    public int holds;

    /** Used since the ring of cached names last came by. */
    boolean isRecent;
    /** Its place in the ring, or -1. */
    int ringIndex = -1;
    private boolean isAttached;
    private Dentry[] children;
    private int childCount;
    private Dentry nextInBucket;
    private int hash;

    public Dentry(Filesystem fs, String name, Dentry parent, Inode inode) {
        this.fs = fs;
        this.name = name;
        this.parent = parent;
        this.inode = inode;
    }

    public static int hash(String name) {
        return Memory.hash(name);
    }

    public static int hash(byte[] path, int from, int length) {
        return Memory.hash(path, from, length);
    }

    /** The cached child of that name (possibly negative), or null when nothing is known. */
    public Dentry child(byte[] path, int from, int length) {
        if (children == null) return null;
        int h = hash(path, from, length);
        for (Dentry d = children[(h >>> 16) & (children.length - 1)]; d != null; d = d.nextInBucket) {
            if (d.hash == h && d.name.length() == length && same(d.name, path, from)) {
                d.isRecent = true;
                return d;
            }
        }
        return null;
    }

    public Dentry child(String name) {
        if (children == null) return null;
        int h = hash(name);
        for (Dentry d = children[(h >>> 16) & (children.length - 1)]; d != null; d = d.nextInBucket) {
            if (d.hash == h && d.name.equals(name)) return d;
        }
        return null;
    }

    private static boolean same(String name, byte[] path, int from) {
        return Memory.isEqual(name, path, from);
    }

    /** Adds a child that is not there yet. */
    public Dentry addChild(String name, Inode inode) {
        var d = new Dentry(fs, name, this, inode);
        attach(d);
        fs.cached.add(d);
        return d;
    }

    /** Puts a detached dentry here under its present name. */
    public void attach(Dentry d) {
        if (children == null) children = new Dentry[8];
        else if (childCount >= children.length && children.length < 1 << 16) grow();
        d.hash = hash(d.name);
        int b = (d.hash >>> 16) & (children.length - 1);
        d.nextInBucket = children[b];
        children[b] = d;
        d.parent = this;
        d.isAttached = true;
        childCount++;
    }

    /** Takes a child out of the table; its parent field stays for those who still hold it. */
    public void detach(Dentry d) {
        int b = (d.hash >>> 16) & (children.length - 1);
        if (children[b] == d) {
            children[b] = d.nextInBucket;
        } else {
            Dentry p = children[b];
            while (p.nextInBucket != d) p = p.nextInBucket;
            p.nextInBucket = d.nextInBucket;
        }
        d.nextInBucket = null;
        d.isAttached = false;
        childCount--;
    }

    /** A child that is gone for good, with all below it; what still refers to one of them keeps that one. */
    public void prune(Dentry d) {
        if (d.children != null) for (Dentry below : d.childArray()) d.prune(below);
        if (d.mounts != 0 || d.childCount != 0) return;
        detach(d);
        d.isDead = true;
        fs.cached.remove(d);
    }

    boolean isAttached() { return isAttached; }

    private void grow() {
        Dentry[] old = children;
        children = new Dentry[old.length * 2];
        for (Dentry d : old) {
            while (d != null) {
                Dentry next = d.nextInBucket;
                int b = (d.hash >>> 16) & (children.length - 1);
                d.nextInBucket = children[b];
                children[b] = d;
                d = next;
            }
        }
    }

    public int childCount() { return childCount; }

    /** All cached children, for pruning and readdir of memory filesystems. */
    public Dentry[] childArray() {
        var out = new Dentry[childCount];
        int n = 0;
        if (children != null) for (Dentry d : children) for (; d != null; d = d.nextInBucket) out[n++] = d;
        return out;
    }
}
