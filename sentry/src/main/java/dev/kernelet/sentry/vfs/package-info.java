/**
 * The virtual filesystem: {@link dev.kernelet.sentry.vfs.Inode}s (objects of a {@link dev.kernelet.sentry.vfs.Filesystem}),
 * {@link dev.kernelet.sentry.vfs.Dentry}s (names, cached), {@link dev.kernelet.sentry.vfs.Mount}s (where a filesystem is
 * seen), {@link dev.kernelet.sentry.vfs.OpenFile}s (open file descriptions). All under the kernel lock.
 */
package dev.kernelet.sentry.vfs;
