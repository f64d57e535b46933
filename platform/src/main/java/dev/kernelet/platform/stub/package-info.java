/**
 * What the Sentry and the native code in an application's address space agree on: addresses, slot offsets,
 * commands.
 *
 * <pre>
 *   0x7ffb00000000  stub text (one read-execute segment, no data)
 *   0x7ffb08000000  the host's vvar and vDSO pages, moved here
 *   0x7ffb0f000000  doorbell page, the Sentry's, read-only
 *   0x7ffb10000000  arena: slot 0 header, slots 1...4095 of 128 KB
 *      slot: control page | extended state | stack | bounce buffer | window 64 KB | prefetch area
 * </pre>
 */
package dev.kernelet.platform.stub;
