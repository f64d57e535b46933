/**
 * The Linux x86-64 ABI as data: call numbers, error numbers, flags, layouts of structs; and {@link dev.kernelet.abi.Memory},
 * raw native memory, where such structs live. Knows nothing of the host, the Sentry or any object of theirs.
 *
 * <p>A struct is a class of static methods over an address, its offsets taken from the kernel's uapi headers. No locks.
 */
package dev.kernelet.abi;
