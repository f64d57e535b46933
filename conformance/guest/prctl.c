// prctl, arch_prctl, personality, uname and the names of a process.
#include "help.h"
#include <asm/prctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

static long arch_(int code, unsigned long arg) { return syscall(SYS_arch_prctl, code, arg); }

TEST(name_get_and_set) {
    char name[17] = "";
    CHECK_OK(prctl(PR_SET_NAME, "short"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "short");
    CHECK_OK(prctl(PR_SET_NAME, "a name that is too long"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "a name that is ");
    CHECK_STR(read_file("/proc/self/comm"), "a name that is \n");
    CHECK_ERR(prctl(PR_SET_NAME, BAD), EFAULT);
    CHECK_ERR(prctl(PR_GET_NAME, BAD), EFAULT);
}

TEST(name_at_end_of_page) {
    char name[16];
    CHECK_OK(prctl(PR_SET_NAME, END_STR("abc")));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "abc");
    CHECK_ERR(prctl(PR_SET_NAME, TORN_STR("abc")), EFAULT);
}

TEST(name_is_per_thread) {
    char name[16];
    pthread_t t;
    void *body(void *unused) { prctl(PR_SET_NAME, "worker"); return unused; }
    CHECK_OK(prctl(PR_SET_NAME, "main"));
    pthread_create(&t, NULL, body, NULL);
    pthread_join(t, NULL);
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "main");
}

TEST(comm_file_writable) {
    char name[16];
    int fd = CHECK_OK(open("/proc/self/comm", O_WRONLY));
    CHECK_EQ(write(fd, "written", 7), 7);
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "written");
}

TEST(pthread_names_by_proc) {
    char name[16];
    pthread_t t;
    int fds[2];
    CHECK_OK(pipe(fds));
    void *body(void *fd) { get_byte(*(int *)fd); return NULL; }
    pthread_create(&t, NULL, body, &fds[0]);
    CHECK_RC(pthread_setname_np(t, "other"), 0);
    CHECK_RC(pthread_getname_np(t, name, sizeof name), 0);
    CHECK_STR(name, "other");
    put_byte(fds[1]);
    pthread_join(t, NULL);
}

TEST(pdeathsig) {
    int sig = 77;
    CHECK_OK(prctl(PR_GET_PDEATHSIG, &sig));
    CHECK_EQ(sig, 0);
    CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    CHECK_OK(prctl(PR_GET_PDEATHSIG, &sig));
    CHECK_EQ(sig, SIGUSR1);
    CHECK_ERR(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
    CHECK_ERR(prctl(PR_SET_PDEATHSIG, -1), EINVAL);
    CHECK_ERR(prctl(PR_GET_PDEATHSIG, BAD), EFAULT);
    pid_t pid;
    FORK(pid) { CHECK_OK(prctl(PR_GET_PDEATHSIG, &sig)); CHECK_EQ(sig, 0); }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(dumpable) {
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
    CHECK_ERR(prctl(PR_SET_DUMPABLE, 2), EINVAL);
    CHECK_ERR(prctl(PR_SET_DUMPABLE, -1), EINVAL);
    CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
}

TEST(dumpable_decides_owner_of_proc) {
    need_root();
    become_user();
    struct stat st;
    CHECK_OK(stat("/proc/self/status", &st));
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
    CHECK_OK(stat("/proc/self/status", &st));
    CHECK_EQ(st.st_uid, 0);
}

TEST(child_subreaper_flag) {
    int flag = 7;
    CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &flag));
    CHECK_EQ(flag, 0);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 55));
    CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &flag));
    CHECK_EQ(flag, 1);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
    CHECK_ERR(prctl(PR_GET_CHILD_SUBREAPER, BAD), EFAULT);
}

TEST(timer_slack) {
    long slack = prctl(PR_GET_TIMERSLACK);
    CHECK(slack > 0);
    CHECK_OK(prctl(PR_SET_TIMERSLACK, 12345));
    CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
    CHECK_OK(prctl(PR_SET_TIMERSLACK, 0));
    CHECK_EQ(prctl(PR_GET_TIMERSLACK), slack);
}

TEST(tid_address) {
    int *address = NULL;
    static int word;
    syscall(SYS_set_tid_address, &word);
    if (prctl(PR_GET_TID_ADDRESS, &address) == -1 && errno == EINVAL) SKIP("kernel without checkpoint support");
    CHECK(address == &word);
}

TEST(securebits) {
    CHECK_EQ(prctl(PR_GET_SECUREBITS), 0);
    become_user();
    CHECK_ERR(prctl(PR_SET_SECUREBITS, 1), EPERM);
}

TEST(transparent_huge_pages_flag) {
    CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
    CHECK_ERR(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
    CHECK_OK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
    pid_t pid;
    FORK(pid) CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(unknown_options) {
    CHECK_ERR(prctl(9999, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(-1, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_SET_UNALIGN, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_GET_FPEMU, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_SET_MM, 0, 0, 0, 1), EINVAL);
}

TEST(seccomp_mode) {
    CHECK_EQ(prctl(PR_GET_SECCOMP), prctl(PR_GET_SECCOMP));
    CHECK_ERR(prctl(PR_SET_SECCOMP, 77, 0, 0, 0), EINVAL);
}

TEST(seccomp_strict) {
    pid_t pid;
    FORK(pid) {
        if (prctl(PR_SET_SECCOMP, 1, 0, 0, 0) == -1) { syscall(SYS_exit, 55); }
        syscall(SYS_getpid);
        syscall(SYS_exit, 0);
    }
    int code = exit_of(pid);
    if (code == 55) SKIP("a filter is in force already");
    CHECK_EQ(code, -SIGKILL);
    FORK(pid) {
        prctl(PR_SET_SECCOMP, 1, 0, 0, 0);
        write(1, "", 0);
        syscall(SYS_exit, 3);
    }
    CHECK_EQ(exit_of(pid), 3);
}

// --- arch_prctl ---

TEST(fs_base) {
    unsigned long base = 0, self;
    CHECK_OK(arch_(ARCH_GET_FS, (unsigned long)&base));
    __asm__("mov %%fs:0, %0" : "=r"(self));
    CHECK_EQ(base, self);
    // Setting the same value again is harmless.
    CHECK_OK(arch_(ARCH_SET_FS, base));
    CHECK_ERR(arch_(ARCH_SET_FS, 0xffff800000000000UL), EPERM);
    CHECK_ERR(arch_(ARCH_GET_FS, (unsigned long)BAD), EFAULT);
    CHECK_ERR(arch_(0x9999, 0), EINVAL);
}

static unsigned long gs_word(void) {
    unsigned long word;
    __asm__ volatile("mov %%gs:8, %0" : "=r"(word));
    return word;
}

// A program's own %gs base, which a platform may use for itself as long as the program does not.
TEST(gs_base) {
    static unsigned long area[4] = { 0, 0x7777 }, other[4] = { 0, 0x8888 };
    unsigned long base = 1;
    CHECK_OK(arch_(ARCH_GET_GS, (unsigned long)&base));
    CHECK_EQ(base, 0);
    for (int i = 0; i < 300; i++) syscall(SYS_getpid), getppid(), read(-1, NULL, 0);
    CHECK_OK(arch_(ARCH_SET_GS, (unsigned long)area));
    for (int i = 0; i < 300; i++) {
        syscall(SYS_getpid), getppid(), read(-1, NULL, 0);
        CHECK_EQ(gs_word(), 0x7777);
    }
    CHECK_OK(arch_(ARCH_GET_GS, (unsigned long)&base));
    CHECK_EQ(base, area);
    pid_t pid;
    FORK(pid) {
        CHECK_EQ(gs_word(), 0x7777);
        for (int i = 0; i < 300; i++) getppid();
        CHECK_OK(arch_(ARCH_SET_GS, (unsigned long)other));
        CHECK_EQ(gs_word(), 0x8888);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(gs_word(), 0x7777);
    CHECK_ERR(arch_(ARCH_SET_GS, 0xffff800000000000UL), EPERM);
    CHECK_OK(arch_(ARCH_SET_GS, (unsigned long)other));
    CHECK_EQ(gs_word(), 0x8888);
}

static void *gs_of_thread(void *area) {
    if (gs_word() != 0x7777) return "not inherited";
    if (arch_(ARCH_SET_GS, (unsigned long)area)) return "not set";
    for (int i = 0; i < 300; i++) {
        getppid();
        if (gs_word() != 0x8888) return "lost";
    }
    return NULL;
}

TEST(gs_base_of_threads) {
    static unsigned long area[4] = { 0, 0x7777 }, other[4] = { 0, 0x8888 };
    CHECK_OK(arch_(ARCH_SET_GS, (unsigned long)area));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, gs_of_thread, other);
    for (int i = 0; i < 4; i++) {
        void *error;
        pthread_join(threads[i], &error);
        CHECK_STR(error ? error : "", "");
    }
    CHECK_EQ(gs_word(), 0x7777);
}

TEST(fs_base_moves) {
    static unsigned long area[64] __attribute__((aligned(64)));
    unsigned long base, probe;
    CHECK_OK(arch_(ARCH_GET_FS, (unsigned long)&base));
    area[0] = (unsigned long)area;
    area[3] = 0x1234567;
    long r1, r2;
    // No libc code between the two calls: its thread area is elsewhere.
    __asm__ volatile("syscall" : "=a"(r1) : "0"(SYS_arch_prctl), "D"(ARCH_SET_FS), "S"(area) : "rcx", "r11", "memory");
    __asm__ volatile("mov %%fs:24, %0" : "=r"(probe));
    __asm__ volatile("syscall" : "=a"(r2) : "0"(SYS_arch_prctl), "D"(ARCH_SET_FS), "S"(base) : "rcx", "r11", "memory");
    CHECK_EQ(r1, 0);
    CHECK_EQ(r2, 0);
    CHECK_EQ(probe, 0x1234567);
}

TEST(cpuid_always_allowed) {
    CHECK_EQ(arch_(ARCH_GET_CPUID, 0), 1);
    CHECK_OK(arch_(ARCH_SET_CPUID, 1) == -1 && errno == ENODEV ? 0 : 0);
}

// --- personality ---

TEST(personality_get_and_set) {
    CHECK_EQ(personality(0xffffffff), PER_LINUX);
    int old = personality(ADDR_NO_RANDOMIZE);
    if (old == -1 && errno == EPERM) SKIP("personality not permitted here");
    CHECK_EQ(old, PER_LINUX);
    CHECK_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
    pid_t pid;
    FORK(pid) {
        CHECK_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
        execv("/bin/grep", (char *[]){ "grep", "-q", "00040000", "/proc/self/personality", NULL });
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(personality(0), ADDR_NO_RANDOMIZE);
}

TEST(personality_linux32_names_the_machine) {
    struct utsname u;
    if (personality(PER_LINUX32) == -1) SKIP("personality not permitted here");
    CHECK_OK(uname(&u));
    CHECK_STR(u.machine, "i686");
    CHECK_OK(personality(PER_LINUX));
    CHECK_OK(uname(&u));
    CHECK_STR(u.machine, "x86_64");
}

TEST(personality_uname26) {
    struct utsname u;
    if (personality(UNAME26) == -1) SKIP("personality not permitted here");
    CHECK_OK(uname(&u));
    CHECK(!strncmp(u.release, "2.6.", 4));
    personality(0);
}

// --- uname, hostname ---

TEST(uname_fields) {
    struct utsname u;
    CHECK_OK(uname(&u));
    CHECK_STR(u.sysname, "Linux");
    CHECK_STR(u.machine, "x86_64");
    CHECK(atoi(u.release) >= 6);
    CHECK(u.version[0] == '#');
    CHECK_ERR(syscall(SYS_uname, BAD), EFAULT);
}

TEST(uname_agrees_with_proc) {
    struct utsname u;
    char text[70];
    CHECK_OK(uname(&u));
    snprintf(text, sizeof text, "%s\n", u.nodename);
    CHECK_STR(read_file("/proc/sys/kernel/hostname"), text);
    snprintf(text, sizeof text, "%s\n", u.release);
    CHECK_STR(read_file("/proc/sys/kernel/osrelease"), text);
    CHECK_STR(read_file("/proc/sys/kernel/ostype"), "Linux\n");
    CHECK(strncmp(read_file("/proc/version"), "Linux version ", 14) == 0);
}

TEST(hostname_of_ordinary_user) {
    become_user();
    CHECK_ERR(sethostname("x", 1), EPERM);
    CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 0x28121969, 0x89abcdef /* LINUX_REBOOT_CMD_CAD_ON */, 0), EPERM);
    CHECK_ERR(setdomainname("x", 1), EPERM);
}

TEST(hostname_arguments) {
    need_root();
    CHECK_ERR(syscall(SYS_sethostname, "x", -1), EINVAL);
    CHECK_ERR(syscall(SYS_sethostname, "x", 65), EINVAL);
    CHECK_ERR(syscall(SYS_sethostname, BAD, 5), EFAULT);
}

TEST(sysinfo_is_plausible) {
    struct { long uptime; unsigned long loads[3], total, freeram, shared, buffer, totalswap, freeswap;
        unsigned short procs, pad; unsigned long totalhigh, freehigh; unsigned unit; char more[64]; } s;
    CHECK_OK(syscall(SYS_sysinfo, &s));
    CHECK(s.uptime >= 0);
    CHECK(s.total > 0 && s.freeram <= s.total);
    CHECK(s.procs > 0);
    CHECK(s.unit >= 1);
    CHECK_ERR(syscall(SYS_sysinfo, BAD), EFAULT);
}

// ---- PR_SET_MDWE: no memory becomes code that was or is writable
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#define REFUSE 1L
#define NO_INHERIT 2L
#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)

static long mdwe(int option, long bits) { return syscall(SYS_prctl, option, bits, 0L, 0L, 0L); }
static void need_mdwe(void) {
    if (mdwe(PR_GET_MDWE, 0) == -1)
        SKIP("kernel before 6.3");
}
static char *pages(int prot) {
    char *at = mmap(NULL, 3 * CHECK_PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

TEST(mdwe_arguments) {
    need_mdwe();
    CHECK_EQ(mdwe(PR_GET_MDWE, 0), 0);
    CHECK_ERR(mdwe(PR_SET_MDWE, NO_INHERIT), EINVAL);
    CHECK_ERR(mdwe(PR_SET_MDWE, 4), EINVAL);
    CHECK_ERR(mdwe(PR_SET_MDWE, 1L << 40 | REFUSE), EINVAL);
    CHECK_ERR(mdwe(PR_GET_MDWE, 1), EINVAL);
    for (int i = 0; i < 3; i++) {
        CHECK_ERR(syscall(SYS_prctl, PR_SET_MDWE, REFUSE, (long)(i == 0), (long)(i == 1), (long)(i == 2)), EINVAL);
        CHECK_ERR(syscall(SYS_prctl, PR_GET_MDWE, 0L, (long)(i == 0), (long)(i == 1), (long)(i == 2)), EINVAL);
    }
    CHECK_OK(mdwe(PR_SET_MDWE, 0));
    CHECK_OK(mdwe(PR_SET_MDWE, REFUSE));
    CHECK_EQ(mdwe(PR_GET_MDWE, 0), REFUSE);
    CHECK_OK(mdwe(PR_SET_MDWE, REFUSE));
    CHECK_ERR(mdwe(PR_SET_MDWE, 0), EPERM);
    CHECK_ERR(mdwe(PR_SET_MDWE, REFUSE | NO_INHERIT), EPERM);
    CHECK_EQ(mdwe(PR_GET_MDWE, 0), REFUSE);
}

static void check_refusals(void) {
    char *rw = pages(RW), *rx = pages(RX);
    CHECK_ERR(mmap(NULL, CHECK_PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EACCES);
    CHECK_ERR(mmap(NULL, CHECK_PAGE, PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0), EACCES);
    int fd = CHECK_OK(memfd_create("m", 0));
    CHECK_OK(ftruncate(fd, CHECK_PAGE));
    CHECK_ERR(mmap(NULL, CHECK_PAGE, RW | PROT_EXEC, MAP_PRIVATE, fd, 0), EACCES);
    CHECK_ERR(mmap(NULL, CHECK_PAGE, RW | PROT_EXEC, MAP_SHARED, fd, 0), EACCES);
    CHECK(mmap(NULL, CHECK_PAGE, RX, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    CHECK_ERR(mprotect(rw, CHECK_PAGE, RX), EACCES);
    CHECK_ERR(mprotect(rw, CHECK_PAGE, RW | PROT_EXEC), EACCES);
    CHECK_ERR(mprotect(rw, CHECK_PAGE, PROT_EXEC), EACCES);
    CHECK_ERR(mprotect(rx, CHECK_PAGE, RW | PROT_EXEC), EACCES);
    CHECK_ERR(syscall(SYS_pkey_mprotect, rw, CHECK_PAGE, RX, -1), EACCES);
    CHECK_OK(mprotect(rx, CHECK_PAGE, RX));
    // What it is no more it cannot become again.
    CHECK_OK(mprotect(rx, CHECK_PAGE, PROT_READ));
    CHECK_ERR(mprotect(rx, CHECK_PAGE, RX), EACCES);
    // As far as it may: the first is changed, the second refuses.
    CHECK_ERR(mprotect(rx + CHECK_PAGE, 2 * CHECK_PAGE, RW | PROT_EXEC), EACCES);
    char *both = pages(RX);
    CHECK_OK(mprotect(both + CHECK_PAGE, CHECK_PAGE, RW));
    CHECK_ERR(mprotect(both, 3 * CHECK_PAGE, PROT_EXEC), EACCES);
    CHECK_OK(mprotect(rw, CHECK_PAGE, PROT_READ));
    rw[2 * CHECK_PAGE] = 'x';
}

TEST(mdwe_refuses) {
    need_mdwe();
    char *wx = pages(RW | PROT_EXEC);
    wx[0] = (char)0xc3;
    CHECK_OK(mdwe(PR_SET_MDWE, REFUSE));
    check_refusals();
    // What was there before stays, and works, but nobody says so again.
    ((void (*)(void))wx)();
    wx[1] = 1;
    CHECK_ERR(mprotect(wx, CHECK_PAGE, RW | PROT_EXEC), EACCES);
    CHECK_OK(mprotect(wx, CHECK_PAGE, RX));
}

static void *mdwe_thread(void *unused) { return (void *)mdwe(PR_GET_MDWE, 0) + (unused != NULL); }

TEST(mdwe_is_inherited) {
    need_mdwe();
    pthread_t thread;
    void *bits;
    CHECK_OK(mdwe(PR_SET_MDWE, REFUSE));
    CHECK_RC(pthread_create(&thread, NULL, mdwe_thread, NULL), 0);
    pthread_join(thread, &bits);
    CHECK_EQ((long)bits, REFUSE);
    WAIT(SPAWN({
        CHECK_EQ(mdwe(PR_GET_MDWE, 0), REFUSE);
        check_refusals();
        // A new program has it too; it runs, its libraries with it.
        setenv("MDWE_IS_SET", "1", 1);
        dup2((int)CHECK_OK(open("/dev/null", O_WRONLY)), 1);
        execl("/proc/self/exe", "prctl", "--only", "mdwe_of_a_new_program", NULL);
        _exit(3);
    }));
}

// Of use when started by mdwe_is_inherited.
TEST(mdwe_of_a_new_program) {
    if (getenv("MDWE_IS_SET") == NULL)
        return;
    CHECK_EQ(mdwe(PR_GET_MDWE, 0), REFUSE);
    check_refusals();
}

TEST(mdwe_without_heirs) {
    need_mdwe();
    if (mdwe(PR_SET_MDWE, REFUSE | NO_INHERIT) == -1)
        SKIP("kernel before 6.6");
    CHECK_EQ(mdwe(PR_GET_MDWE, 0), REFUSE | NO_INHERIT);
    check_refusals();
    WAIT(SPAWN({
        CHECK_EQ(mdwe(PR_GET_MDWE, 0), 0);
        CHECK_OK(mprotect(pages(RW), CHECK_PAGE, RX));
        CHECK_OK(mdwe(PR_SET_MDWE, REFUSE));
    }));
    pid_t child = vfork();
    if (child == 0)
        _exit(mdwe(PR_GET_MDWE, 0) == (REFUSE | NO_INHERIT) ? 0 : 1);
    WAIT(child);
}
