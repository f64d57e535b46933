/* What touching an address does: mmap.c, mmfile.c. */
#ifndef FAULT_H
#define FAULT_H
#include "check.h"
#include <setjmp.h>

#define PAGE CHECK_PAGE
#define RW (PROT_READ | PROT_WRITE)

static volatile int fault_signal, fault_code;
static void *volatile fault_address;
static jmp_buf fault_jump;

static void on_fault(int sig, siginfo_t *info, void *context) {
    fault_signal = sig;
    fault_code = info->si_code;
    fault_address = info->si_addr;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    longjmp(fault_jump, 1);
}

/* Whether it raises a signal; then the three above say which. */
static bool faults(char *at, bool writing) {
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    fault_signal = fault_code = 0;
    if (setjmp(fault_jump) == 0) {
        if (writing)
            *(volatile char *) at = 1;
        else
            (void) *(volatile char *) at;
        return false;
    }
    return true;
}

#endif
