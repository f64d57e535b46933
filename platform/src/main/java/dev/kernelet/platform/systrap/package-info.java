/**
 * The systrap platform: application code runs in small host processes (stubs); a seccomp filter turns each of
 * its system calls into a SIGSYS whose handler, in the stub, hands it to the Sentry through shared memory.
 *
 * <pre>
 *   SystrapPlatform ── doorbell page (read-only in every stub)
 *     ├ Template thread: spawns the template stub, forks spares from it
 *     ├ Reaper thread:   waitid(process group of the template)
 *     └ SystrapAddressSpace = one stub process = Arena (sealed memfd of slots + control socket)
 *          └ SystrapContext = one application thread = one slot
 *               (SystrapCommands: what its stub does for the Sentry; Batch: much of it in one trip)
 *
 *   application thread                    slot                          Sentry
 *   syscall -> SIGSYS (or patched jump)
 *     registers, number, prefetched   ->  event    turn = SENTRY
 *     doorbell says asleep? futex wake                              ->  poll() == SYSCALL
 *     spin a little, then futex wait                                    handler
 *                                         command  turn = STUB      <-  copyIn, hostCall, ...
 *     does it                         ->  result   turn = SENTRY    ->
 *                                         RESUME   turn = STUB      <-  resumeSyscall(result)
 *     deferred copies, registers back
 * </pre>
 *
 * <p>Every process is a direct child of the JVM (CLONE_PARENT) and dies with the Template thread (PDEATHSIG),
 * so with the JVM. What the Sentry reads from a slot is hostile and read once. A command is answered or its
 * process is killed: ten seconds of waiting at most ({@code kernelet.stub.deadline}).
 *
 * <p>Locks: {@link dev.kernelet.platform.systrap.SystrapPlatform}. The stub itself:
 * platform/src/main/native/stub; the offsets: {@link dev.kernelet.platform.stub.StubLayout}; what a stub may
 * call: filter.c there.
 */
package dev.kernelet.platform.systrap;
