/**
 * A filesystem whose changes stay in memory: a read-only lower tree (the host's) seen through what was changed since.
 *
 * <p>Unlike Linux's overlayfs there is no upper directory tree with whiteout nodes: nobody else sees the upper layer, so
 * changes are kept where they are looked for. An {@link dev.kernelet.sentry.fs.overlay.OverlayDirectory} has a lower
 * directory (or none) and a table of names that differ from it; a name in the table without an inode is a whiteout. A renamed
 * directory takes its lower directory along, so renames never copy, inode numbers never change, and hard links of the lower
 * tree stay hard links. Attributes are changed in the {@link dev.kernelet.sentry.fs.overlay.OverlayInode} itself. Only content
 * needs storage: {@link dev.kernelet.sentry.fs.overlay.OverlayRegular} reads the lower file until the first write, which copies
 * it to an unnamed file of the upper tmpfs.
 *
 * <p>Invariant: an inode that differs from its lower one is in the table of its directory, and so is that directory in its
 * parent's, up to the root ("pinned"); all others are only cached and may be made anew by a lookup. Kernel lock.
 */
package dev.kernelet.sentry.fs.overlay;
