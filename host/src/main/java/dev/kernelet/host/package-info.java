/**
 * The way to the host kernel: {@link dev.kernelet.host.HostCall}, one native method for every system call, raw results.
 * Implemented by host/src/main/native/bridge.c. Callers own the memory whose addresses they pass. No locks.
 */
package dev.kernelet.host;
