/* mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2), brk(2), mincore(2), mlock(2): anonymous memory and faults. */
#include "fault.h"
#include <sys/resource.h>
#include <sys/rseq.h>
#include <ucontext.h>

static char *anon(size_t pages, int protection) {
    char *at = mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

/* What touching an address does: 0 or the si_code, with the address in fault_address. */
static int touch(char *at, bool writing) { return faults(at, writing) ? fault_code : 0; }

TEST(zeroed_and_writable) {
    char *at = anon(4, RW);
    for (int i = 0; i < 4 * PAGE; i++)
        CHECK_EQ(at[i], 0);
    memset(at, 7, 4 * PAGE);
    CHECK_EQ((unsigned long) at % PAGE, 0);
    CHECK_OK(munmap(at, 4 * PAGE));
    CHECK_EQ(touch(at, false), SEGV_MAPERR);
    CHECK(fault_address == at);
}

TEST(mmap_errors) {
    CHECK_ERR(mmap(NULL, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERR(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE, 99, 0), EBADF);
    CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE, 0, 5), EINVAL);
    CHECK_ERR(mmap((void *) 1, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
    CHECK_ERR(mmap((void *) 0x7fffffffffff000, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
    CHECK_ERR(mmap(NULL, (size_t) 1 << 60, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK_ERR(mmap(NULL, (size_t) -1, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0), ENODEV);
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, CHECK_OK(open(".", O_RDONLY)), 0), ENODEV);
}

TEST(low_addresses) {
    become_user();
    CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
    CHECK_EQ(touch(NULL, false), SEGV_MAPERR);
    CHECK(fault_address == NULL);
}

TEST(hint_and_fixed) {
    char *room = anon(16, PROT_NONE);
    CHECK_OK(munmap(room, 16 * PAGE));
    CHECK(mmap(room + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == room + 4 * PAGE);
    char *other = mmap(room + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(other != MAP_FAILED && other != room + 4 * PAGE);
    room[4 * PAGE] = 'x';
    CHECK(mmap(room + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == room + 4 * PAGE);
    CHECK_EQ(room[4 * PAGE], 0);
}

TEST(fixed_noreplace) {
    char *at = anon(3, RW);
    CHECK_OK(munmap(at + PAGE, PAGE));
    CHECK_ERR(mmap(at, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
    CHECK_ERR(mmap(at + PAGE, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
    CHECK(mmap(at + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at + PAGE);
}

TEST(munmap_parts) {
    char *at = anon(5, RW);
    memset(at, 'k', 5 * PAGE);
    CHECK_OK(munmap(at + PAGE, 2 * PAGE));
    CHECK_EQ(at[0], 'k');
    CHECK_EQ(touch(at + PAGE, false), SEGV_MAPERR);
    CHECK_EQ(touch(at + 3 * PAGE - 1, true), SEGV_MAPERR);
    CHECK_EQ(at[3 * PAGE], 'k');
    CHECK_OK(munmap(at, 5 * PAGE));
    CHECK_OK(munmap(at, 5 * PAGE));
    CHECK_ERR(munmap(at + 1, PAGE), EINVAL);
    CHECK_ERR(munmap(at, 0), EINVAL);
    CHECK_ERR(munmap((void *) 0x7fffffffffff000, PAGE), EINVAL);
}

TEST(protection_faults) {
    char *none = anon(1, PROT_NONE), *ro = anon(1, PROT_READ), *rw = anon(1, RW);
    CHECK_EQ(touch(none, false), SEGV_ACCERR);
    CHECK(fault_address == none);
    CHECK_EQ(touch(ro + 100, true), SEGV_ACCERR);
    CHECK(fault_address == ro + 100);
    CHECK_EQ(fault_signal, SIGSEGV);
    CHECK_EQ(touch(ro, false), 0);
    CHECK_EQ(touch(rw, true), 0);
}

TEST(noncanonical_address) {
    CHECK_EQ(touch((char *) 0x8000000000000000UL, false), SI_KERNEL);
    CHECK(fault_address == NULL);
    CHECK_EQ(touch((char *) 0xffff800000001000UL, false), SEGV_MAPERR);
}

TEST(mprotect_changes) {
    char *at = anon(3, RW);
    memset(at, 1, 3 * PAGE);
    CHECK_OK(mprotect(at + PAGE, PAGE, PROT_READ));
    CHECK_EQ(touch(at + PAGE, true), SEGV_ACCERR);
    CHECK_EQ(touch(at, true), 0);
    CHECK_EQ(touch(at + 2 * PAGE, true), 0);
    CHECK_OK(mprotect(at, 3 * PAGE, PROT_NONE));
    CHECK_EQ(touch(at, false), SEGV_ACCERR);
    CHECK_OK(mprotect(at, 3 * PAGE, RW));
    CHECK_EQ(at[PAGE], 1);
}

TEST(mprotect_errors) {
    char *at = anon(3, RW);
    CHECK_ERR(mprotect(at + 1, PAGE, RW), EINVAL);
    CHECK_ERR(mprotect(at, PAGE, 0x40), EINVAL);
    CHECK_OK(mprotect(at, 0, PROT_NONE));
    CHECK_OK(munmap(at + PAGE, PAGE));
    CHECK_ERR(mprotect(at, 3 * PAGE, PROT_READ), ENOMEM);
    /* What lies before the hole is changed. */
    CHECK_EQ(touch(at, true), SEGV_ACCERR);
    CHECK_ERR(mprotect((void *) 0x7fffffff0000000, PAGE, RW), ENOMEM);
}

TEST(executable_memory) {
    unsigned char *code = (unsigned char *) anon(1, RW);
    memcpy(code, "\xb8\x2a\x00\x00\x00\xc3", 6);
    CHECK_OK(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(((int (*)(void)) code)(), 42);
    CHECK_OK(mprotect(code, PAGE, RW));
    CHECK_KILLED(CHILD({ ((int (*)(void)) code)(); }), SIGSEGV);
}

TEST(write_then_run_again) {
    /* What a just-in-time compiler does: the same page rewritten between calls. */
    unsigned char *code = (unsigned char *) anon(1, RW | PROT_EXEC);
    for (int i = 1; i < 50; i++) {
        memcpy(code, "\xb8\x00\x00\x00\x00\xc3", 6);
        code[1] = (unsigned char) i;
        CHECK_EQ(((int (*)(void)) code)(), i);
    }
}

TEST(system_call_in_generated_code) {
    unsigned char *code = (unsigned char *) anon(1, RW | PROT_EXEC);
    memcpy(code, "\xb8\x27\x00\x00\x00\x0f\x05\xc3", 8);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(((int (*)(void)) code)(), getpid());
    /* And once more after the instruction was moved. */
    memcpy(code + 64, "\x90\xb8\x27\x00\x00\x00\x0f\x05\xc3", 9);
    memset(code, 0xcc, 8);
    CHECK_EQ(((int (*)(void)) (code + 64))(), getpid());
}

TEST(mremap_shrink_and_grow) {
    char *at = anon(8, RW);
    at[0] = 'a', at[3 * PAGE] = 'd';
    CHECK(mremap(at, 8 * PAGE, 4 * PAGE, 0) == at);
    CHECK_EQ(touch(at + 4 * PAGE, false), SEGV_MAPERR);
    CHECK(mremap(at, 4 * PAGE, 8 * PAGE, 0) == at);
    CHECK_EQ(at[3 * PAGE], 'd');
    CHECK_EQ(at[7 * PAGE], 0);
    CHECK(mremap(at, 8 * PAGE, 8 * PAGE, 0) == at);
}

TEST(mremap_moves) {
    char *at = anon(3, RW);
    at[0] = 'a';
    CHECK_OK(munmap(at + PAGE, PAGE));
    CHECK(mmap(at + PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at + PAGE);
    CHECK_ERR(mremap(at, PAGE, 2 * PAGE, 0), ENOMEM);
    char *moved = mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != at);
    CHECK_EQ(moved[0], 'a');
    CHECK_EQ(moved[PAGE], 0);
    CHECK_EQ(touch(at, false), SEGV_MAPERR);
}

TEST(mremap_fixed) {
    char *at = anon(2, RW), *room = anon(4, RW);
    strcpy(at, "moved");
    room[PAGE] = 'x';
    CHECK(mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room + PAGE) == room + PAGE);
    CHECK_STR(room + PAGE, "moved");
    CHECK_EQ(touch(at, false), SEGV_MAPERR);
    CHECK_EQ(touch(room, true), 0);
}

TEST(mremap_dontunmap) {
    char *at = anon(1, RW);
    strcpy(at, "text");
    char *moved = (char *) syscall(SYS_mremap, at, PAGE, PAGE, MREMAP_MAYMOVE | 4 /* MREMAP_DONTUNMAP */, 0);
    if (moved == MAP_FAILED && errno == EINVAL)
        SKIP("kernel before 5.7");
    CHECK(moved != at);
    CHECK_STR(moved, "text");
    CHECK_EQ(at[0], 0);
}

#define USER_END 0x7ffffffff000L
#define DONTUNMAP (MREMAP_MAYMOVE | 4)
static char *leave(void *at, size_t length, int flags, void *to) {
    return (char *) CHECK_OK(syscall(SYS_mremap, at, length, length, flags, to));
}

TEST(mremap_dontunmap_of_kinds) {
    /* To a place of one's choice, where something is. */
    char *at = anon(4, RW), *room = anon(8, RW);
    memset(at, 'y', 4 * PAGE);
    memset(room, 't', 8 * PAGE);
    CHECK(leave(at, 2 * PAGE, DONTUNMAP | MREMAP_FIXED, room + 2 * PAGE) == room + 2 * PAGE);
    CHECK_EQ(room[PAGE], 't');
    CHECK_EQ(room[2 * PAGE], 'y');
    CHECK_EQ(room[4 * PAGE], 't');
    CHECK_EQ(at[PAGE], 0);
    CHECK_EQ(at[2 * PAGE], 'y');
    /* Shared memory is then there twice; a private mapping of a file is the file again. */
    char *one = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(one, "shared");
    char *two = leave(one, PAGE, DONTUNMAP, 0);
    CHECK_STR(two, "shared");
    strcpy(two, "both");
    CHECK_STR(one, "both");
    int fd = CHECK_OK(memfd_create("m", 0));
    CHECK_EQ(pwrite(fd, "file", 5, 0), 5);
    one = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    two = leave(one, PAGE, DONTUNMAP, 0);
    strcpy(two, "more");
    CHECK_STR(one, "more");
    one = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
    strcpy(one, "mine");
    two = leave(one, PAGE, DONTUNMAP, 0);
    CHECK_STR(two, "mine");
    CHECK_STR(one, "more");
    /* Rights are those of before, on both sides. */
    one = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    two = leave(one, PAGE, DONTUNMAP, 0);
    CHECK_EQ(touch(one, false), 0);
    CHECK_EQ(touch(one, true), SEGV_ACCERR);
    CHECK_EQ(touch(two, true), SEGV_ACCERR);
}

TEST(mremap_dontunmap_again_and_forked) {
    char *at = anon(1, RW);
    for (int i = 0; i < 5; i++) {
        *at = (char) ('0' + i);
        char *moved = leave(at, PAGE, DONTUNMAP, 0);
        CHECK_EQ(*moved, '0' + i);
        CHECK_EQ(*at, 0);
    }
    WAIT(SPAWN({
        *at = 'c';
        CHECK_EQ(*leave(at, PAGE, DONTUNMAP, 0), 'c');
        CHECK_EQ(*at, 0);
    }));
    CHECK_EQ(*at, 0);
    CHECK_ERR(syscall(SYS_mremap, at, PAGE, 2 * PAGE, DONTUNMAP, 0), EINVAL);
    CHECK_ERR(syscall(SYS_mremap, at, PAGE, PAGE, 4, 0), EINVAL);
    CHECK_ERR(syscall(SYS_mremap, at, 0, 0, DONTUNMAP, 0), EINVAL);
    CHECK_ERR(syscall(SYS_mremap, at, PAGE, PAGE, DONTUNMAP | MREMAP_FIXED, at), EINVAL);
    CHECK_OK(munmap(at, PAGE));
    CHECK_ERR(syscall(SYS_mremap, at, PAGE, PAGE, DONTUNMAP, 0), EFAULT);
}

TEST(mremap_errors) {
    char *at = anon(4, RW);
    CHECK_ERR(mremap(at + 1, PAGE, PAGE, 0), EINVAL);
    CHECK_ERR(mremap(at, PAGE, 0, 0), EINVAL);
    CHECK_ERR(mremap(at, PAGE, PAGE, 0x100), EINVAL);
    CHECK_ERR(mremap(at, PAGE, PAGE, MREMAP_FIXED, at + 8192), EINVAL);
    CHECK_ERR(mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, at + PAGE), EINVAL);
    CHECK_ERR(mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, at + 5), EINVAL);
    CHECK_OK(munmap(at + 2 * PAGE, PAGE));
    CHECK_ERR(mremap(at + 2 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
    CHECK_ERR(mremap(at, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EFAULT);
    CHECK_ERR2(mremap(at, PAGE, (size_t) 1 << 50, MREMAP_MAYMOVE), ENOMEM, EINVAL);
}

TEST(madvise_dontneed) {
    char *at = anon(4, RW);
    memset(at, 'z', 4 * PAGE);
    CHECK_OK(madvise(at + PAGE, 2 * PAGE, MADV_DONTNEED));
    CHECK_EQ(at[0], 'z');
    CHECK_EQ(at[PAGE], 0);
    CHECK_EQ(at[3 * PAGE - 1], 0);
    CHECK_EQ(at[3 * PAGE], 'z');
    CHECK_OK(madvise(at, 4 * PAGE, MADV_FREE));
    CHECK(at[0] == 'z' || at[0] == 0);
    at[0] = 'w';
    CHECK_EQ(at[0], 'w');
}

TEST(madvise_hints_and_errors) {
    char *at = anon(4, RW);
    static const int hints[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTDUMP, MADV_DODUMP };
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        CHECK_OK(madvise(at, 4 * PAGE, hints[i]));
    CHECK_ERR(madvise(at + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERR(madvise(at, PAGE, 12345), EINVAL);
    CHECK_OK(madvise(at, 0, MADV_DONTNEED));
    CHECK_OK(munmap(at + PAGE, PAGE));
    CHECK_ERR(madvise(at, 4 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_OK(madvise(at, PAGE, 22 /* MADV_POPULATE_READ */));
    CHECK_OK(madvise(at, PAGE, 23 /* MADV_POPULATE_WRITE */));
}

TEST(madvise_for_fork) {
    char *gone = anon(1, RW), *wiped = anon(1, RW);
    gone[0] = wiped[0] = 'x';
    CHECK_OK(madvise(gone, PAGE, MADV_DONTFORK));
    CHECK_OK(madvise(wiped, PAGE, MADV_WIPEONFORK));
    WAIT(SPAWN({
        CHECK_EQ(wiped[0], 0);
        CHECK_EQ(touch(gone, false), SEGV_MAPERR);
    }));
    CHECK_EQ(gone[0], 'x');
    CHECK_EQ(wiped[0], 'x');
    CHECK_OK(madvise(gone, PAGE, MADV_DOFORK));
    WAIT(SPAWN({ CHECK_EQ(gone[0], 'x'); }));
}

TEST(brk_moves) {
    char *start = sbrk(0);
    CHECK(sbrk(10000) == start);
    memset(start, 5, 10000);
    CHECK(sbrk(0) == start + 10000);
    CHECK_EQ(brk(start), 0);
    CHECK(sbrk(PAGE * 3) == start);
    /* Pages given back come again as zeros. */
    char *aligned = (char *) (((unsigned long) start + PAGE - 1) & ~(PAGE - 1));
    CHECK_EQ(aligned[0], 0);
    CHECK_EQ((char *) syscall(SYS_brk, 0) - start, PAGE * 3);
    CHECK((char *) syscall(SYS_brk, (unsigned long) 1 << 46) == sbrk(0));
    CHECK((char *) syscall(SYS_brk, 4096) == sbrk(0));
}

TEST(brk_limit) {
    struct rlimit limit = { 1 << 20, 1 << 20 };
    CHECK_OK(setrlimit(RLIMIT_DATA, &limit));
    CHECK_ERR(sbrk(64 << 20), ENOMEM);
}

TEST(address_space_limit) {
    struct rlimit limit = { 1L << 30, 1L << 30 };
    CHECK_OK(setrlimit(RLIMIT_AS, &limit));
    CHECK_ERR(mmap(NULL, 2L << 30, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK(mmap(NULL, 1L << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

TEST(mincore_pages) {
    char *at = anon(4, RW);
    unsigned char in[4];
    at[PAGE] = 1;
    CHECK_OK(mincore(at, 4 * PAGE, in));
    CHECK_EQ(in[1] & 1, 1);
    CHECK_EQ(in[3] & 1, 0);
    CHECK_ERR(mincore(at + 1, PAGE, in), EINVAL);
    CHECK_ERR(mincore(at, PAGE, BAD), EFAULT);
    CHECK_OK(munmap(at + PAGE, PAGE));
    CHECK_ERR(mincore(at, 4 * PAGE, in), ENOMEM);
}

TEST(mlock_family) {
    struct rlimit limit;
    CHECK_OK(getrlimit(RLIMIT_MEMLOCK, &limit));
    char *at = anon(4, RW);
    CHECK_OK(mlock(at, 2 * PAGE));
    CHECK_OK(munlock(at, 2 * PAGE));
    CHECK_OK(mlock2(at, PAGE, 1 /* MLOCK_ONFAULT */));
    CHECK_ERR(mlock2(at, PAGE, 8), EINVAL);
    CHECK_OK(munmap(at + PAGE, PAGE));
    CHECK_ERR(mlock(at, 4 * PAGE), ENOMEM);
    CHECK_ERR(munlock(at + PAGE, PAGE), ENOMEM);
    CHECK_ERR(mlockall(0), EINVAL);
    CHECK_ERR(mlockall(64), EINVAL);
    CHECK_OK(munlockall());
    become_user();
    limit = (struct rlimit) { 0, 0 };
    CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
    CHECK_ERR(mlock(at, PAGE), EPERM);
}

TEST(fork_copies_on_write) {
    int *at = (int *) anon(256, RW);
    for (int i = 0; i < 256; i++)
        at[i * 1024] = i;
    WAIT(SPAWN({
        for (int i = 0; i < 256; i++) {
            CHECK_EQ(at[i * 1024], i);
            at[i * 1024] = -1;
        }
    }));
    for (int i = 0; i < 256; i++)
        CHECK_EQ(at[i * 1024], i);
}

TEST(shared_anonymous_memory) {
    volatile int *at = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    WAIT(SPAWN({
        at[0] = 11;
        WAIT(SPAWN({ at[3000] = 22; }));
    }));
    CHECK_EQ(at[0], 11);
    CHECK_EQ(at[3000], 22);
    char *grown = mremap((void *) at, 4 * PAGE, 2 * PAGE, 0);
    CHECK(grown == (char *) at);
    CHECK_EQ(at[0], 11);
}

TEST(shared_anonymous_survives_partial_unmap_and_protect) {
    char *at = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    at[2 * PAGE] = 'k';
    CHECK_OK(munmap(at, PAGE));
    CHECK_OK(mprotect(at + 2 * PAGE, PAGE, PROT_READ));
    WAIT(SPAWN({ CHECK_EQ(at[2 * PAGE], 'k'); at[3 * PAGE] = 'c'; }));
    CHECK_EQ(at[3 * PAGE], 'c');
}

static int recurse(int depth) {
    volatile char block[8192];
    block[0] = (char) depth;
    return depth == 0 ? 0 : recurse(depth - 1) + (block[0] == (char) depth ? 1 : 1000000);
}

TEST(stack_grows) {
    CHECK_EQ(recurse(500), 500);
}

static int endless(int n) {
    volatile char block[4096];
    block[n % 4096] = 1;
    return endless(n + 1) + block[0];
}

TEST(stack_overflow_is_caught_on_the_alternate_stack) {
    stack_t alternate = { .ss_sp = anon(16, RW), .ss_size = 16 * PAGE };
    CHECK_OK(sigaltstack(&alternate, NULL));
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaction(SIGSEGV, &action, NULL);
    if (setjmp(fault_jump) == 0) {
        endless(0);
        FAIL_AT("expected a fault");
    }
    CHECK_EQ(fault_signal, SIGSEGV);
    CHECK_KILLED(CHILD({ signal(SIGSEGV, SIG_DFL); endless(0); }), SIGSEGV);
}

TEST(stack_limit_of_exec) {
    struct rlimit limit = { 1 << 20, RLIM_INFINITY };
    CHECK_OK(getrlimit(RLIMIT_STACK, &limit));
    limit.rlim_cur = 1 << 20;
    CHECK_OK(setrlimit(RLIMIT_STACK, &limit));
    CHECK_STATUS(CHILD({ execl("/bin/bash", "bash", "-c", "[ $(ulimit -s) = 1024 ]", NULL); }), 0);
}

TEST(grows_down_mapping) {
    char *room = anon(64, PROT_NONE);
    CHECK_OK(munmap(room, 64 * PAGE));
    char *at = mmap(room + 60 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    CHECK(at == room + 60 * PAGE);
    at[0] = 1;
    CHECK_EQ(touch(at - 1, true), 0);
    CHECK_EQ(touch(at - 3 * PAGE, true), 0);
}

TEST(populate_and_noreserve) {
    char *at = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    unsigned char in[8];
    CHECK_OK(mincore(at, 8 * PAGE, in));
    for (int i = 0; i < 8; i++)
        CHECK_EQ(in[i] & 1, 1);
    at = mmap(NULL, 64L << 30, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(at != MAP_FAILED);
    at[63L << 30] = 1;
    CHECK_OK(munmap(at, 64L << 30));
}

// Whether all of a range is there.
static int resident(char *at, size_t length) {
    static unsigned char pages[1 << 15];
    CHECK(length / PAGE <= sizeof pages);
    CHECK_OK(mincore(at, length, pages));
    for (size_t i = 0; i < length / PAGE; i++) if (!(pages[i] & 1)) return 0;
    return 1;
}

// Much at once: every page is there at the end, and what cannot be is told.
TEST(populate_much) {
    size_t size = 40 << 20, hole = 30 << 20;
    char *at = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(at != MAP_FAILED && resident(at, size));
    CHECK_OK(munmap(at, size));
    at = mmap(NULL, size, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(at != MAP_FAILED && resident(at, size));
    CHECK_OK(munmap(at, size));
    at = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED && !resident(at, size));
    CHECK_OK(madvise(at, size, 23 /* MADV_POPULATE_WRITE */));
    CHECK(resident(at, size));
    CHECK_OK(munmap(at + hole, PAGE));
    CHECK_OK(madvise(at, hole, MADV_DONTNEED));
    CHECK_ERR(madvise(at, size, 23), ENOMEM);
    CHECK(resident(at, hole));
    CHECK_OK(madvise(at, hole, MADV_DONTNEED));
    CHECK_OK(mprotect(at + hole / 2, PAGE, PROT_NONE));
    CHECK_ERR(madvise(at, hole, 22 /* MADV_POPULATE_READ */), EINVAL);
    CHECK(resident(at, hole / 2));
}

TEST(lock_much) {
    need_root();
    size_t size = 40 << 20, hole = 30 << 20;
    char *at = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(mlock(at, size));
    CHECK(resident(at, size));
    CHECK_OK(munmap(at, size));
    at = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    CHECK(at != MAP_FAILED && resident(at, size));
    at = mremap(at, size, 2 * size, MREMAP_MAYMOVE);
    CHECK(at != MAP_FAILED && resident(at, 2 * size));
    CHECK_OK(munmap(at, 2 * size));
    at = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(munmap(at + hole, PAGE));
    CHECK_ERR(mlock(at, size), ENOMEM);
    CHECK_OK(munmap(at, size));
    CHECK_OK(mlockall(MCL_FUTURE));
    char *end = sbrk(size);
    CHECK(end != (void *)-1);
    CHECK(resident((char *)(((unsigned long)end + PAGE - 1) & -(unsigned long)PAGE), size - PAGE));
}

TEST(low_32_bits) {
    char *at = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(at != MAP_FAILED);
    CHECK((unsigned long) at < 1UL << 31);
}

TEST_SLOW(many_mappings, 30) {
    static char *at[2000];
    for (int i = 0; i < 2000; i++) {
        at[i] = mmap(NULL, PAGE, i % 2 ? RW : PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(at[i] != MAP_FAILED);
    }
    for (int i = 1; i < 2000; i += 2)
        at[i][0] = (char) i;
    for (int i = 0; i < 2000; i += 3)
        CHECK_OK(munmap(at[i], PAGE));
    for (int i = 1; i < 2000; i += 2)
        if (i % 3)
            CHECK_EQ(at[i][0], (char) i);
}

static void *churn(void *argument) {
    for (int i = 0; i < 300; i++) {
        char *at = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(at != MAP_FAILED);
        memset(at, i, 4 * PAGE);
        CHECK_OK(mprotect(at, PAGE, PROT_READ));
        CHECK_EQ(at[0], (char) i);
        CHECK_OK(munmap(at, 4 * PAGE));
    }
    return argument;
}

TEST(threads_map_at_once) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_RC(pthread_create(&threads[i], NULL, churn, NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_RC(pthread_join(threads[i], NULL), 0);
}

TEST(calls_see_unmapped_memory_as_bad) {
    char *at = anon(2, RW);
    strcpy(at, "x");
    CHECK_OK(munmap(at, PAGE));
    CHECK_ERR(open(at, O_RDONLY), EFAULT);
    CHECK_OK(mprotect(at + PAGE, PAGE, PROT_READ));
    int fd = CHECK_OK(open("/dev/zero", O_RDONLY));
    CHECK_ERR(read(fd, at + PAGE, 10), EFAULT);
    CHECK_OK(mprotect(at + PAGE, PAGE, PROT_NONE));
    CHECK_ERR(write(CHECK_OK(open("f", O_CREAT | O_WRONLY, 0600)), at + PAGE, 10), EFAULT);
}

TEST(signal_context_of_a_fault) {
    CHECK_STATUS(CHILD({
        char *at = anon(1, PROT_NONE);
        CHECK_EQ(touch(at + 8, true), SEGV_ACCERR);
        CHECK(fault_address == at + 8);
        CHECK_OK(mprotect(at, PAGE, RW));
        CHECK_EQ(touch(at + 8, true), 0);
    }), 0);
}

static char *repair_page;
static volatile int repairs;
static void repair(int sig, siginfo_t *info, void *context) {
    repairs++;
    if (mprotect(repair_page, PAGE, RW) != 0)
        _exit(3);
}

TEST(fault_is_retried_after_the_handler) {
    repair_page = anon(1, PROT_NONE);
    struct sigaction action = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, NULL);
    repair_page[5] = 'r';
    CHECK_EQ(repair_page[5], 'r');
    CHECK_EQ(repairs, 1);
}

/* All the memory there is: nothing is left to go on with. */
TEST(munmap_of_everything) {
    CHECK_KILLED(CHILD({ syscall(SYS_munmap, 0, USER_END); }), SIGSEGV);
    CHECK_KILLED(CHILD({ syscall(SYS_munmap, PAGE, USER_END - PAGE); }), SIGSEGV);
    CHECK_KILLED(CHILD({ syscall(SYS_munmap, 1L << 46, USER_END - (1L << 46)); }), SIGSEGV);
    CHECK_ERR(syscall(SYS_munmap, 0, USER_END + PAGE), EINVAL);
    CHECK_ERR(syscall(SYS_munmap, USER_END, PAGE), EINVAL);
    CHECK_ERR(syscall(SYS_munmap, 0, 0), EINVAL);
    CHECK_OK(syscall(SYS_munmap, 0, 0x10000));
    CHECK_OK(syscall(SYS_munmap, USER_END - PAGE, PAGE));
}

/* Linux ends a thread that is interrupted when its rseq area is gone (rseq(2)): gives the area up. */
static void without_rseq(void) {
    syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32, 1 /* RSEQ_FLAG_UNREGISTER */, RSEQ_SIG);
}

/* All but one page of code, which makes the calls: the upper part must be given away by a call that is left. */
TEST(munmap_of_everything_else) {
    static const unsigned char code[] = {
        0x31, 0xff,                                     /* xor %edi, %edi */
        0xbe, 0, 0, 0, 0x10,                            /* mov $0x10000000, %esi */
        0xb8, 11, 0, 0, 0, 0x0f, 0x05,                  /* munmap */
        0x49, 0x89, 0xc0,                               /* mov %rax, %r8 */
        0x48, 0xbf, 0, 0x10, 0, 0x10, 0, 0, 0, 0,       /* mov $0x10001000, %rdi */
        0x48, 0xbe, 0, 0xe0, 0xff, 0xef, 0xff, 0x7f, 0, 0, /* mov $0x7fffeffe000, %rsi */
        0xb8, 11, 0, 0, 0, 0x0f, 0x05,                  /* munmap */
        0x4c, 0x09, 0xc0,                               /* or %r8, %rax */
        0x0f, 0x95, 0xc0, 0x0f, 0xb6, 0xf8,             /* setne %al; movzbl %al, %edi */
        0x83, 0xc7, 7,                                  /* add $7, %edi */
        0xb8, 60, 0, 0, 0, 0x0f, 0x05 };                /* exit */
    CHECK_STATUS(CHILD({
        void *at = mmap((void *) 0x10000000, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        memcpy(at, code, sizeof code);
        without_rseq();
        ((void (*)(void)) at)();
    }), 7);
}
