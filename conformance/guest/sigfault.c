// Faults as signals (code and address), the machine state a handler sees and may change.
#include "help.h"
#include <immintrin.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <ucontext.h>

static sigjmp_buf jump;
static volatile int fault_code, fault_sig;
static void *volatile fault_addr;
static volatile unsigned long fault_rip, fault_trapno, fault_err, fault_cr2;

static void on_fault(int sig, siginfo_t *si, void *context) {
    // The alignment check flag is not cleared for a handler.
    __asm__ volatile("pushfq\n andq $~0x40000,(%%rsp)\n popfq" ::: "cc", "memory");
    ucontext_t *uc = context;
    fault_sig = sig;
    fault_code = si->si_code;
    fault_addr = si->si_addr;
    fault_rip = uc->uc_mcontext.gregs[REG_RIP];
    fault_trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
    fault_err = uc->uc_mcontext.gregs[REG_ERR];
    fault_cr2 = uc->uc_mcontext.gregs[REG_CR2];
    siglongjmp(jump, 1);
}
static void catch_faults(void) {
    static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    for (int i = 0; i < 5; i++) handle_info(sigs[i], on_fault, 0);
}
#define FAULTS(...) do { fault_sig = 0; if (sigsetjmp(jump, 1) == 0) { __VA_ARGS__; CHECK(!"fault"); } } while (0)
static void *pages(int prot, int n) { return mmap(NULL, n * 4096L, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

TEST(unmapped_address) {
    catch_faults();
    FAULTS(*(volatile char *)0x10 = 1);
    CHECK_EQ(fault_sig, SIGSEGV);
    CHECK_EQ(fault_code, SEGV_MAPERR);
    CHECK_EQ(fault_addr, 0x10);
    CHECK_EQ(fault_trapno, 14);
    CHECK_EQ(fault_err & 7, 6);
    CHECK_EQ(fault_cr2, 0x10);
    FAULTS((void)*(volatile char *)0x20);
    CHECK_EQ(fault_err & 7, 4);
}

TEST(protected_address) {
    catch_faults();
    char *p = pages(PROT_READ, 1);
    FAULTS(*(volatile char *)(p + 100) = 1);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK_EQ(fault_addr, p + 100);
    CHECK_EQ(mprotect(p, 4096, PROT_NONE), 0);
    FAULTS((void)*(volatile char *)p);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK_EQ(munmap(p, 4096), 0);
    FAULTS((void)*(volatile char *)p);
    CHECK_EQ(fault_code, SEGV_MAPERR);
}

TEST(non_canonical_address) {
    catch_faults();
    FAULTS((void)*(volatile char *)0x8000000000001234UL);
    CHECK_EQ(fault_sig, SIGSEGV);
    CHECK_EQ(fault_code, SI_KERNEL);
    CHECK_EQ(fault_addr, 0);
    CHECK_EQ(fault_trapno, 13);
}

TEST(kernel_address) {
    catch_faults();
    FAULTS((void)*(volatile char *)0xffffffff81000000UL);
    CHECK_EQ(fault_sig, SIGSEGV);
    CHECK_EQ(fault_code, SEGV_MAPERR);
    CHECK_EQ(fault_addr, 0xffffffff81000000UL);
}

TEST(execute_of_data) {
    catch_faults();
    unsigned char *p = pages(PROT_READ | PROT_WRITE, 1);
    p[0] = 0xc3;
    FAULTS(((void (*)(void))p)());
    CHECK_EQ(fault_sig, SIGSEGV);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK_EQ(fault_addr, p);
    CHECK_EQ(fault_rip, p);
}

TEST(bus_error_past_end_of_file) {
    catch_faults();
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_OK(ftruncate(fd, 100));
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p[99] = 1;
    p[4095] = 1;
    FAULTS(*(volatile char *)(p + 4096) = 1);
    CHECK_EQ(fault_sig, SIGBUS);
    CHECK_EQ(fault_code, BUS_ADRERR);
    CHECK_EQ(fault_addr, p + 4096);
}

TEST(divide_by_zero) {
    catch_faults();
    FAULTS(__asm__ volatile("xor %%edx,%%edx\n mov $1,%%eax\n xor %%ecx,%%ecx\n idiv %%ecx" ::: "eax", "ecx", "edx", "cc"));
    CHECK_EQ(fault_sig, SIGFPE);
    CHECK_EQ(fault_code, FPE_INTDIV);
    CHECK_EQ(fault_addr, fault_rip);
    CHECK_EQ(fault_trapno, 0);
}

TEST(sse_division_exception) {
    catch_faults();
    static const double one = 1.0, zero = 0.0;
    FAULTS(_mm_setcsr(_mm_getcsr() & ~_MM_MASK_DIV_ZERO);
        __asm__ volatile("movsd %0,%%xmm0\n divsd %1,%%xmm0" :: "m"(one), "m"(zero) : "xmm0"));
    _mm_setcsr(0x1f80);
    CHECK_EQ(fault_sig, SIGFPE);
    CHECK_EQ(fault_code, FPE_FLTDIV);
}

TEST(illegal_instruction) {
    catch_faults();
    FAULTS(__asm__ volatile("ud2"));
    CHECK_EQ(fault_sig, SIGILL);
    CHECK_EQ(fault_code, ILL_ILLOPN);
    CHECK_EQ(fault_addr, fault_rip);
    CHECK_EQ(*(unsigned short *)fault_rip, 0x0b0f);
}

TEST(privileged_instructions) {
    catch_faults();
    FAULTS(__asm__ volatile("hlt"));
    CHECK_EQ(fault_sig, SIGSEGV);
    CHECK_EQ(fault_code, SI_KERNEL);
    FAULTS(__asm__ volatile("cli"));
    CHECK_EQ(fault_sig, SIGSEGV);
    FAULTS(__asm__ volatile("mov %%cr0, %%rax" ::: "rax"));
    CHECK_EQ(fault_sig, SIGSEGV);
    FAULTS(__asm__ volatile("xor %%ecx,%%ecx\n rdmsr" ::: "eax", "ecx", "edx"));
    CHECK_EQ(fault_sig, SIGSEGV);
    FAULTS(__asm__ volatile("in $0x80,%%al" ::: "eax"));
    CHECK_EQ(fault_sig, SIGSEGV);
}

TEST(breakpoint) {
    catch_faults();
    FAULTS(__asm__ volatile("int3"));
    CHECK_EQ(fault_sig, SIGTRAP);
    CHECK_EQ(fault_code, SI_KERNEL);
    // The instruction pointer is behind the one byte.
    CHECK_EQ(*(unsigned char *)(fault_rip - 1), 0xcc);
}

static volatile int steps;
static void on_step(int sig UNUSED, siginfo_t *si, void *context) {
    ucontext_t *uc = context;
    fault_code = si->si_code;
    if (++steps >= 5) uc->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

TEST(single_step) {
    handle_info(SIGTRAP, on_step, 0);
    __asm__ volatile("pushfq\n orq $0x100,(%%rsp)\n popfq\n nop\n nop\n nop\n nop\n nop\n nop\n nop" ::: "cc", "memory");
    CHECK_EQ(steps, 5);
    CHECK_EQ(fault_code, TRAP_TRACE);
}

TEST(software_interrupts) {
    catch_faults();
    FAULTS(__asm__ volatile("int $0x21"));
    CHECK_EQ(fault_sig, SIGSEGV);
    CHECK_EQ(fault_code, SI_KERNEL);
    FAULTS(__asm__ volatile("int $4"));
    CHECK_EQ(fault_sig, SIGSEGV);
}

TEST(alignment_check) {
    catch_faults();
    static char bytes[16] __attribute__((aligned(16)));
    FAULTS(__asm__ volatile("pushfq\n orq $0x40000,(%%rsp)\n popfq\n mov 1(%0),%%eax\n" :: "r"(bytes) : "eax", "cc", "memory"));
    __asm__ volatile("pushfq\n andq $~0x40000,(%%rsp)\n popfq" ::: "cc", "memory");
    CHECK_EQ(fault_sig, SIGBUS);
    CHECK_EQ(fault_code, BUS_ADRALN);
}

TEST(misaligned_sse_access) {
    catch_faults();
    static char bytes[64] __attribute__((aligned(16)));
    FAULTS(__asm__ volatile("movaps 1(%0),%%xmm0" :: "r"(bytes) : "xmm0"));
    CHECK_EQ(fault_sig, SIGSEGV);
    CHECK_EQ(fault_code, SI_KERNEL);
}

// --- faults that cannot be caught ---

static int end_of(void (*fn)(void)) {
    pid_t pid;
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    FORK(pid) fn();
    return exit_of(pid);
}
static void touch_null(void) { *(volatile int *)8 = 1; }

TEST(fault_default_ignored_blocked) {
    void ignored(void) { signal(SIGSEGV, SIG_IGN); touch_null(); }
    void blocked(void) { catch_faults(); mask(SIG_BLOCK, SIGSEGV); touch_null(); }
    CHECK_EQ(end_of(touch_null), -SIGSEGV);
    // A fault cannot be ignored or blocked away.
    CHECK_EQ(end_of(ignored), -SIGSEGV);
    CHECK_EQ(end_of(blocked), -SIGSEGV);
}

static void fault_again(int sig UNUSED) { touch_null(); }

TEST(fault_in_handler) {
    void nested(void) { handle(SIGSEGV, fault_again, 0); touch_null(); }
    CHECK_EQ(end_of(nested), -SIGSEGV);
}

TEST(bad_stack_pointer_at_delivery) {
    void body(void) {
        handle(SIGSEGV, fault_again, 0);
        __asm__ volatile("mov $16,%%rsp\n mov (%%rsp),%%rax" ::: "rax");
    }
    CHECK_EQ(end_of(body), -SIGSEGV);
    void with_usr1(void) {
        handle(SIGUSR1, fault_again, 0);
        // kill(getpid(), SIGUSR1) with a stack that is not there.
        __asm__ volatile("mov $16,%%rsp\n syscall" :: "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1));
    }
    CHECK_EQ(end_of(with_usr1), -SIGSEGV);
}

TEST(handler_address_unmapped) {
    void body(void) { handle(SIGUSR1, (void (*)(int))8, 0); raise(SIGUSR1); }
    CHECK_EQ(end_of(body), -SIGSEGV);
}

TEST(bad_sigreturn_frame) {
    void body(void) { __asm__ volatile("mov $16,%%rsp\n syscall" :: "a"(SYS_rt_sigreturn)); }
    CHECK_EQ(end_of(body), -SIGSEGV);
}

TEST(missing_restorer) {
    void body(void) {
        struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } k = { (void *)fault_again, 0, NULL, 0 };
        syscall(SYS_rt_sigaction, SIGUSR1, &k, NULL, 8);
        syscall(SYS_kill, getpid(), SIGUSR1);
    }
    CHECK_EQ(end_of(body), -SIGSEGV);
}

// --- state ---

static void clobber(int sig UNUSED) {
    __m256i zero;
    if (__builtin_cpu_supports("avx2")) {
        __asm__ volatile("vpxor %%ymm0,%%ymm0,%%ymm0\n vmovdqa %%ymm0,%%ymm7\n vmovdqa %%ymm0,%%ymm15" ::: "xmm0", "xmm7", "xmm15");
    }
    (void)zero;
    __asm__ volatile("pxor %%xmm1,%%xmm1\n pxor %%xmm2,%%xmm2\n fldz\n fldz\n" ::: "xmm1", "xmm2");
    _mm_setcsr(0x1f80 | 0x8000);
    __asm__ volatile("finit");
    fault_sig++;
}

__attribute__((target("avx2"))) static int avx_over_signal(void) {
    unsigned char in[3][32], out[3][32];
    for (int i = 0; i < 96; i++) in[i / 32][i % 32] = i * 7 + 1;
    long number = SYS_kill;
    long pid = getpid(), sig = SIGUSR1;
    __asm__ volatile("vmovdqu (%[in]),%%ymm0\n vmovdqu 32(%[in]),%%ymm7\n vmovdqu 64(%[in]),%%ymm15\n"
        "syscall\n"
        "vmovdqu %%ymm0,(%[out])\n vmovdqu %%ymm7,32(%[out])\n vmovdqu %%ymm15,64(%[out])\n vzeroupper"
        : "+a"(number) : [in] "r"(in), [out] "r"(out), "D"(pid), "S"(sig)
        : "rcx", "r11", "memory", "xmm0", "xmm7", "xmm15");
    return number == 0 && !memcmp(in, out, sizeof in);
}

TEST(avx_registers_survive_a_handler) {
    if (!__builtin_cpu_supports("avx2")) SKIP("no AVX2");
    handle(SIGUSR1, clobber, 0);
    for (int i = 0; i < 100; i++) CHECK(avx_over_signal());
    CHECK_EQ(fault_sig, 100);
}

TEST(avx_registers_survive_system_calls) {
    if (!__builtin_cpu_supports("avx2")) SKIP("no AVX2");
    signal(SIGUSR1, SIG_IGN);
    for (int i = 0; i < 1000; i++) CHECK(avx_over_signal());
}

TEST(general_registers_survive_system_calls) {
    for (int i = 0; i < 1000; i++) {
        unsigned long out[10];
        __asm__ volatile(
            "mov $0x1111,%%rbx\n mov $0x2222,%%r8\n mov $0x3333,%%r9\n mov $0x4444,%%r10\n mov $0x5555,%%r12\n"
            "mov $0x6666,%%r13\n mov $0x7777,%%r14\n mov $0x8888,%%r15\n mov $0x9999,%%rdx\n mov $0xaaaa,%%rsi\n mov %0,%%rdi\n"
            "push %%rdi\n mov $39,%%eax\n syscall\n pop %%rdi\n"
            "mov %%rbx,(%%rdi)\n mov %%r8,8(%%rdi)\n mov %%r9,16(%%rdi)\n mov %%r10,24(%%rdi)\n mov %%r12,32(%%rdi)\n"
            "mov %%r13,40(%%rdi)\n mov %%r14,48(%%rdi)\n mov %%r15,56(%%rdi)\n mov %%rdx,64(%%rdi)\n mov %%rsi,72(%%rdi)\n"
            :: "m"(*(unsigned long *[]){ out }) : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
            "r14", "r15", "memory");
        static const unsigned long want[10] = { 0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7777, 0x8888, 0x9999, 0xaaaa };
        CHECK_MEM(out, want, sizeof out);
    }
}

TEST(flags_survive_system_calls) {
    unsigned long flags;
    // The direction flag, carry and sign: all kept (r11 and rcx are the only registers lost).
    __asm__ volatile("std\n stc\n mov $39,%%eax\n syscall\n pushfq\n pop %0\n cld" : "=r"(flags) :: "rax", "rcx", "r11", "cc", "memory");
    CHECK_EQ(flags & 0x401, 0x401);
}

TEST(x87_and_mxcsr_survive_a_handler) {
    handle(SIGUSR1, clobber, 0);
    unsigned int csr = 0x1f80 | 0x6000;
    unsigned short cw = 0x0c7f, cw_out;
    long double pi = 3.14159265358979323846L, out;
    _mm_setcsr(csr);
    __asm__ volatile("fldcw %0" :: "m"(cw));
    long number = SYS_kill;
    __asm__ volatile("fldt %2\n syscall\n fstpt %1" : "+a"(number), "=m"(out) : "m"(pi), "D"((long)getpid()), "S"((long)SIGUSR1) : "rcx", "r11", "memory");
    __asm__ volatile("fnstcw %0" : "=m"(cw_out));
    unsigned int csr_out = _mm_getcsr();
    __asm__ volatile("finit");
    _mm_setcsr(0x1f80);
    CHECK(out == pi);
    CHECK_EQ(cw_out, cw);
    CHECK_EQ(csr_out, csr);
}

static volatile unsigned int csr_in_handler;
static volatile unsigned short cw_in_handler;
static volatile unsigned long flags_in_handler;
static void note_state(int sig UNUSED) {
    unsigned short cw;
    unsigned long flags;
    __asm__ volatile("pushfq\n pop %0" : "=r"(flags));
    __asm__ volatile("fnstcw %0" : "=m"(cw));
    csr_in_handler = _mm_getcsr();
    cw_in_handler = cw;
    flags_in_handler = flags;
}

TEST(handler_starts_with_clean_state) {
    handle(SIGUSR1, note_state, 0);
    _mm_setcsr(0x1f80 | 0x6000);
    long number = SYS_kill;
    __asm__ volatile("std\n syscall\n cld" : "+a"(number) : "D"((long)getpid()), "S"((long)SIGUSR1) : "rcx", "r11", "memory", "cc");
    _mm_setcsr(0x1f80);
    CHECK_EQ(csr_in_handler, 0x1f80);
    CHECK_EQ(cw_in_handler, 0x37f);
    CHECK_EQ(flags_in_handler & 0x400, 0);
}

static void change_registers(int sig UNUSED, siginfo_t *si UNUSED, void *context) {
    ucontext_t *uc = context;
    greg_t *r = uc->uc_mcontext.gregs;
    r[REG_RIP] += 2;         // over the ud2
    r[REG_RAX] = 0x1234;
    r[REG_R12] = 0x5678;
    r[REG_RCX] = 0x9abc;
    r[REG_R11] = 0xdef0;
    r[REG_EFL] |= 1;
    uc->uc_mcontext.fpregs->_xmm[3].element[0] = 0xfeedbeef;
}

TEST(handler_changes_registers) {
    unsigned long rax = 0, r12 = 0, rcx = 0, r11 = 0, flags = 0;
    unsigned int xmm = 0;
    handle_info(SIGILL, change_registers, 0);
    __asm__ volatile("clc\n pxor %%xmm3,%%xmm3\n ud2\n mov %%r12,%1\n pushfq\n pop %4\n movd %%xmm3,%5\n"
        : "=a"(rax), "=&r"(r12), "=c"(rcx), "=&d"(r11), "=&r"(flags), "=&r"(xmm) :: "r11", "r12", "xmm3", "cc", "memory");
    CHECK_EQ(rax, 0x1234);
    CHECK_EQ(r12, 0x5678);
    CHECK_EQ(rcx, 0x9abc);
    CHECK_EQ(flags & 1, 1);
    CHECK_EQ(xmm, 0xfeedbeef);
}

static char other_stack[65536] __attribute__((aligned(16)));
static volatile int landed;
static void landing(void) { landed = 1; siglongjmp(jump, 1); }
static void divert(int sig UNUSED, siginfo_t *si UNUSED, void *context) {
    ucontext_t *uc = context;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)landing;
    uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(other_stack + sizeof other_stack - 8);
}

TEST(handler_changes_rip_and_rsp) {
    handle_info(SIGUSR1, divert, 0);
    if (sigsetjmp(jump, 1) == 0) { raise(SIGUSR1); CHECK(0); }
    CHECK_EQ(landed, 1);
}

static void fix_page(int sig UNUSED, siginfo_t *si, void *uc UNUSED) {
    steps++;
    mprotect((void *)((uintptr_t)si->si_addr & ~4095UL), 4096, PROT_READ | PROT_WRITE);
}

TEST(handler_repairs_and_instruction_is_repeated) {
    char *p = pages(PROT_NONE, 64);
    handle_info(SIGSEGV, fix_page, 0);
    for (int i = 0; i < 64; i++) p[i * 4096 + i] = i;
    CHECK_EQ(steps, 64);
    for (int i = 0; i < 64; i++) CHECK_EQ(p[i * 4096 + i], i);
}

static void swap_mask(int sig UNUSED, siginfo_t *si UNUSED, void *context) {
    sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGTERM);
}

TEST(handler_changes_mask_of_return) {
    handle_info(SIGUSR1, swap_mask, 0);
    raise(SIGUSR1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGTERM) && !sigismember(&now, SIGUSR1));
}

static volatile unsigned long frame_fp, frame_rsp, uc_flags;
static void note_frame(int sig UNUSED, siginfo_t *si UNUSED, void *context) {
    ucontext_t *uc = context;
    frame_rsp = (unsigned long)uc;
    frame_fp = (unsigned long)uc->uc_mcontext.fpregs;
    uc_flags = uc->uc_flags;
}

TEST(frame_layout) {
    handle_info(SIGUSR1, note_frame, 0);
    raise(SIGUSR1);
    CHECK(frame_fp > frame_rsp);
    CHECK_EQ(frame_fp & 63, 0);
    // The frame begins with the return address; context right behind it, so that the handler has an aligned stack.
    CHECK_EQ(frame_rsp & 15, 0);
    CHECK(uc_flags & 4);
}

TEST(red_zone_survives) {
    handle(SIGUSR1, note_state, 0);
    unsigned long ok = 1;
    long number = SYS_kill;
    __asm__ volatile("movq $0x12345,-8(%%rsp)\n movq $0x54321,-128(%%rsp)\n syscall\n"
        "cmpq $0x12345,-8(%%rsp)\n jne 1f\n cmpq $0x54321,-128(%%rsp)\n je 2f\n 1: mov $0,%1\n 2:"
        : "+a"(number), "+b"(ok) : "D"((long)getpid()), "S"((long)SIGUSR1) : "rcx", "r11", "memory", "cc");
    CHECK_EQ(ok, 1);
}

TEST(spinning_thread_is_interrupted) {
    // No system call at all in the loop.
    static volatile int stop;
    void on_alarm(int sig UNUSED) { stop = 1; }
    handle(SIGALRM, on_alarm, 0);
    struct itimerval t = { .it_value = { 0, 20000 } };
    setitimer(ITIMER_REAL, &t, NULL);
    while (!stop) { }
    CHECK_EQ(stop, 1);
}

TEST(registers_whole_after_asynchronous_handlers) {
    static volatile int n;
    void tick(int sig UNUSED) { n++; clobber(0); }
    handle(SIGALRM, tick, 0);
    struct itimerval t = { .it_interval = { 0, 1000 }, .it_value = { 0, 1000 } };
    setitimer(ITIMER_REAL, &t, NULL);
    double sum = 0;
    unsigned long hash = 1;
    long rounds = 0;
    while (n < 50) {
        for (int i = 1; i < 2000; i++) {
            sum += 1.0 / i - 1.0 / i;
            unsigned long a = hash * 6364136223846793005UL + i, b = (hash ^ i) * 31;
            hash = a ^ b;
            CHECK(a - b == (a ^ b) - 2 * (~a & b));
        }
        rounds++;
    }
    t = (struct itimerval){ 0 };
    setitimer(ITIMER_REAL, &t, NULL);
    CHECK(sum == 0 && rounds > 0);
}
