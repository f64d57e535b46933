/**
 * A filesystem in memory (tmpfs(5)): the upper layer of overlays, /tmp, /dev/shm, and what memfd_create(2) returns.
 * {@link dev.kernelet.sentry.fs.tmpfs.FileContent} holds a file's bytes: small files in native memory, large and mapped
 * ones in a memfd of their own. All content is charged to {@link dev.kernelet.sentry.fs.tmpfs.Tmpfs#charge one limit}.
 */
package dev.kernelet.sentry.fs.tmpfs;
