/**
 * The ptrace platform: application code runs in host processes that are traced; PTRACE_SYSEMU makes each of
 * their system calls a stop instead of a call. It needs neither seccomp nor shared memory, and is the
 * reference to compare systrap with.
 *
 * <pre>
 *   PtracePlatform ── requests (ring, one command) ──> Tracer thread ── ptrace, wait4(-1, __WALL)
 *     └ PtraceAddressSpace = one traced process
 *          └ PtraceContext = one traced thread
 *
 *   application thread          tracer                                   Sentry
 *   syscall: stops       ->  wait4, PTRACE_GETREGS, publishes      ->  poll() == SYSCALL
 *                                                                      handler; memory by process_vm_readv
 *   mmap; int3 in Hand   &lt;-  SETREGS, CONT, wait4            &lt;-  hostCall (waits)
 *   goes on              &lt;-  rax, PTRACE_SYSEMU                 &lt;-  resumeSyscall
 * </pre>
 *
 * <p>The rule all rests on: a thread that may execute an application's instruction is always let go by
 * PTRACE_SYSEMU; PTRACE_CONT is for a thread whose registers point into
 * {@link dev.kernelet.platform.ptrace.Hand}, where it makes one call of the tracer's choice and traps. New
 * threads and processes are traced from before their first instruction (PTRACE_O_TRACECLONE), and none
 * outlives the tracer (PTRACE_O_EXITKILL). The one thing the kernel does for a tracee unasked are the three
 * calls of the vsyscall page (time, gettimeofday, getcpu), which give away no more than the vDSO does.
 *
 * <p>{@link dev.kernelet.platform.ptrace.Pinning} keeps tracer and tracee on one processor while they talk.
 *
 * <p>Locks: {@link dev.kernelet.platform.ptrace.PtracePlatform}.
 */
package dev.kernelet.platform.ptrace;
