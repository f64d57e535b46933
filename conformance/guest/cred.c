// User and group identities, capabilities, no_new_privs, set-user-id programs.
#include "help.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define ME 1234
#define OTHER 4321

static void ids(uid_t *r, uid_t *e, uid_t *s) { CHECK_OK(getresuid(r, e, s)); }
#define CHECK_UIDS(wr, we, ws) do { uid_t r_, e_, s_; ids(&r_, &e_, &s_); CHECK_EQ(r_, wr); CHECK_EQ(e_, we); CHECK_EQ(s_, ws); } while (0)
#define CHECK_GIDS(wr, we, ws) do { gid_t r_, e_, s_; CHECK_OK(getresgid(&r_, &e_, &s_)); \
    CHECK_EQ(r_, wr); CHECK_EQ(e_, we); CHECK_EQ(s_, ws); } while (0)

static struct __user_cap_data_struct data[2];
static long capget_(void) {
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    return syscall(SYS_capget, &h, data);
}
static long capset_(void) {
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    return syscall(SYS_capset, &h, data);
}

// Raw calls: glibc would tell all threads.
static long raw_setuid(uid_t u) { return syscall(SYS_setuid, u); }
static long raw_setresuid(uid_t r, uid_t e, uid_t s) { return syscall(SYS_setresuid, r, e, s); }

static void plain_user(void) {
    need_root();
    gid_t g = ME;
    if (syscall(SYS_setgroups, 1, &g) || setresgid(ME, ME, ME) || setresuid(ME, ME, ME)) SKIP("cannot change identity");
}

TEST(all_ids_agree) {
    uid_t r, e, s;
    CHECK_OK(getresuid(&r, &e, &s));
    CHECK_EQ(r, getuid());
    CHECK_EQ(e, geteuid());
    CHECK_OK(getresgid(&r, &e, &s));
    CHECK_EQ(r, getgid());
    CHECK_EQ(e, getegid());
    CHECK_ERR(syscall(SYS_getresuid, BAD, &e, &s), EFAULT);
    CHECK_ERR(syscall(SYS_getresuid, &r, BAD, &s), EFAULT);
    CHECK_ERR(syscall(SYS_getresgid, &r, &e, BAD), EFAULT);
}

TEST(root_setuid_sets_all) {
    need_root();
    CHECK_OK(raw_setuid(ME));
    CHECK_UIDS(ME, ME, ME);
    CHECK_ERR(raw_setuid(0), EPERM);
    CHECK_OK(raw_setuid(ME));
}

TEST(root_setresuid_any) {
    need_root();
    CHECK_OK(raw_setresuid(1, 2, 3));
    CHECK_UIDS(1, 2, 3);
    // Now an ordinary user: only among the three.
    CHECK_OK(raw_setresuid(3, 1, 2));
    CHECK_OK(raw_setresuid(-1, 2, -1));
    CHECK_UIDS(3, 2, 2);
    CHECK_ERR(raw_setresuid(-1, 1, -1), EPERM);
    CHECK_OK(raw_setresuid(-1, -1, -1));
    CHECK_UIDS(3, 2, 2);
}

TEST(saved_id_lets_one_come_back) {
    need_root();
    CHECK_OK(seteuid(ME));
    CHECK_UIDS(0, ME, 0);
    CHECK_OK(raw_setuid(0));
    CHECK_UIDS(0, 0, 0);
    CHECK_OK(raw_setresuid(ME, ME, 0));
    CHECK_OK(seteuid(0));
    CHECK_UIDS(ME, 0, 0);
}

TEST(setuid_of_ordinary_user_changes_effective_only) {
    need_root();
    CHECK_OK(raw_setresuid(1, 2, 3));
    CHECK_OK(raw_setuid(3));
    CHECK_UIDS(1, 3, 3);
    CHECK_OK(raw_setuid(1));
    CHECK_UIDS(1, 1, 3);
    CHECK_ERR(raw_setuid(2), EPERM);
}

TEST(setreuid_rules) {
    need_root();
    CHECK_OK(syscall(SYS_setreuid, ME, OTHER));
    // The saved id follows the effective one when the real one was set.
    CHECK_UIDS(ME, OTHER, OTHER);
    CHECK_OK(syscall(SYS_setreuid, OTHER, ME));
    CHECK_UIDS(OTHER, ME, ME);
    CHECK_ERR(syscall(SYS_setreuid, 1, -1), EPERM);
    CHECK_ERR(syscall(SYS_setreuid, -1, 1), EPERM);
    CHECK_OK(syscall(SYS_setreuid, -1, -1));
}

TEST(setgid_family) {
    need_root();
    CHECK_OK(syscall(SYS_setresgid, 5, 6, 7));
    CHECK_GIDS(5, 6, 7);
    CHECK_OK(syscall(SYS_setregid, -1, 8));
    CHECK_GIDS(5, 8, 8);
    CHECK_OK(syscall(SYS_setgid, 9));
    CHECK_GIDS(9, 9, 9);
    CHECK_OK(raw_setuid(ME));
    CHECK_ERR(syscall(SYS_setgid, 0), EPERM);
    CHECK_ERR(syscall(SYS_setresgid, 1, -1, -1), EPERM);
    CHECK_ERR(syscall(SYS_setregid, 1, -1), EPERM);
    CHECK_OK(syscall(SYS_setgid, 9));
}

TEST(minus_one_is_not_an_id) {
    CHECK_ERR(syscall(SYS_setuid, -1), EINVAL);
    CHECK_ERR(syscall(SYS_setgid, -1), EINVAL);
}

TEST(fsuid) {
    need_root();
    CHECK_EQ(setfsuid(ME), 0);
    CHECK_EQ(setfsuid(-1), ME);
    CHECK_EQ(setfsgid(ME), 0);
    CHECK_EQ(setfsgid(-1), ME);
    // The effective id carries the file system id with it.
    CHECK_OK(seteuid(OTHER));
    CHECK_EQ(setfsuid(-1), OTHER);
    CHECK_OK(seteuid(0));
    CHECK_EQ(setfsuid(-1), 0);
}

TEST(fsuid_decides_ownership) {
    need_root();
    CHECK_OK(chmod(".", 0777));
    setfsgid(OTHER);
    setfsuid(ME);
    int fd = CHECK_OK(open("f", O_CREAT | O_WRONLY, 0600));
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_uid, ME);
    CHECK_EQ(st.st_gid, OTHER);
    setfsuid(0);
}

TEST(groups_of_root) {
    need_root();
    gid_t in[3] = { 30, 10, 20 }, out[3];
    CHECK_OK(syscall(SYS_setgroups, 3, in));
    CHECK_EQ(syscall(SYS_getgroups, 0, NULL), 3);
    CHECK_EQ(syscall(SYS_getgroups, 3, out), 3);
    // The kernel keeps them sorted.
    CHECK_EQ(out[0], 10);
    CHECK_EQ(out[2], 30);
    CHECK_ERR(syscall(SYS_getgroups, 2, out), EINVAL);
    CHECK_ERR(syscall(SYS_getgroups, -1, out), EINVAL);
    CHECK_ERR(syscall(SYS_getgroups, 3, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_setgroups, 3, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_setgroups, 65537, in), EINVAL);
    CHECK_OK(syscall(SYS_setgroups, 0, NULL));
    CHECK_EQ(syscall(SYS_getgroups, 0, NULL), 0);
}

TEST(groups_of_ordinary_user) {
    plain_user();
    gid_t g = 5;
    CHECK_ERR(syscall(SYS_setgroups, 1, &g), EPERM);
    CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);
}

TEST(group_gives_access) {
    need_root();
    write_file("f", "x");
    CHECK_OK(chown("f", 0, 77));
    CHECK_OK(chmod("f", 0640));
    gid_t in[2] = { 77, 78 };
    CHECK_OK(syscall(SYS_setgroups, 2, in));
    CHECK_OK(setresgid(ME, ME, ME));
    CHECK_OK(setresuid(ME, ME, ME));
    CHECK_OK(open("f", O_RDONLY));
    CHECK_ERR(open("f", O_RDWR), EACCES);
}

TEST(ids_over_fork_and_exec) {
    need_root();
    pid_t pid;
    CHECK_OK(raw_setresuid(ME, ME, ME));
    FORK(pid) {
        CHECK_UIDS(ME, ME, ME);
        execv("/bin/sh", (char *[]){ "sh", "-c", "test $(id -u) = 1234", NULL });
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(exec_sets_saved_from_effective) {
    need_root();
    CHECK_OK(raw_setresuid(ME, OTHER, 0));
    pid_t pid;
    FORK(pid) execv("/bin/grep", (char *[]){ "grep", "-q", "Uid:\t1234\t4321\t4321\t4321", "/proc/self/status", NULL });
    CHECK_EQ(exit_of(pid), 0);
}

// --- threads have their own identity for the kernel ---

TEST(raw_setuid_is_per_thread) {
    need_root();
    pthread_t t;
    void *result;
    void *body(void *unused UNUSED) { return (void *)(long)(raw_setuid(ME) == 0 ? (long)syscall(SYS_getuid) : -1); }
    pthread_create(&t, NULL, body, NULL);
    pthread_join(t, &result);
    CHECK_EQ((long)result, ME);
    CHECK_EQ(syscall(SYS_getuid), 0);
}

TEST(libc_setuid_changes_all_threads) {
    need_root();
    pthread_t t;
    int fds[2];
    void *result;
    void *body(void *fd) { get_byte(*(int *)fd); return (void *)syscall(SYS_getuid); }
    CHECK_OK(pipe(fds));
    pthread_create(&t, NULL, body, &fds[0]);
    CHECK_OK(setuid(ME));
    put_byte(fds[1]);
    pthread_join(t, &result);
    CHECK_EQ((long)result, ME);
}

// --- capabilities ---

TEST(capget_versions) {
    struct __user_cap_header_struct h = { 0x11111111, 0 };
    CHECK_ERR(syscall(SYS_capget, &h, data), EINVAL);
    CHECK_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
    h.version = 0;
    CHECK_EQ(syscall(SYS_capget, &h, NULL), 0);
    h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 1 << 22 };
    CHECK_ERR(syscall(SYS_capget, &h, data), ESRCH);
    h.pid = -1;
    CHECK_ERR(syscall(SYS_capget, &h, data), EINVAL);
    CHECK_ERR(syscall(SYS_capget, BAD, data), EFAULT);
    h.pid = 0;
    CHECK_ERR(syscall(SYS_capget, &h, BAD), EFAULT);
    h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_1, 0 };
    CHECK_OK(syscall(SYS_capget, &h, data));
    h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, getppid() };
    CHECK_OK(syscall(SYS_capget, &h, data));
}

TEST(capset_of_others_refused) {
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, getppid() };
    CHECK_OK(capget_());
    CHECK_ERR(syscall(SYS_capset, &h, data), EPERM);
    h.pid = getpid();
    CHECK_OK(syscall(SYS_capset, &h, data));
}

TEST(ordinary_user_has_none) {
    if (geteuid() == 0) plain_user();
    CHECK_OK(capget_());
    CHECK_EQ(data[0].effective | data[1].effective | data[0].permitted | data[1].permitted, 0);
    data[0].effective = data[0].permitted = 1;
    CHECK_ERR(capset_(), EPERM);
}

TEST(effective_must_be_permitted) {
    need_root();
    CHECK_OK(capget_());
    data[0].permitted &= ~(1U << CAP_KILL);
    CHECK_ERR(capset_(), EPERM);
    data[0].effective &= ~(1U << CAP_KILL);
    CHECK_OK(capset_());
    // Gone for good.
    data[0].permitted |= 1U << CAP_KILL;
    CHECK_ERR(capset_(), EPERM);
}

TEST(dropped_effective_capability_has_effect) {
    need_root();
    pid_t victim;
    FORK(victim) { CHECK_OK(raw_setresuid(ME, ME, ME)); for (;;) pause(); }
    sleep_ms(50);
    CHECK_OK(capget_());
    unsigned before = data[0].effective;
    data[0].effective &= ~(1U << CAP_KILL);
    CHECK_OK(capset_());
    CHECK_ERR(kill(victim, 0), EPERM);
    data[0].effective = before;
    CHECK_OK(capset_());
    CHECK_OK(kill(victim, SIGKILL));
    CHECK_EQ(exit_of(victim), -SIGKILL);
    CHECK_OK(capget_());
    data[0].effective &= ~(1U << CAP_SETUID);
    CHECK_OK(capset_());
    CHECK_ERR(raw_setuid(ME), EPERM);
}

TEST(dac_override_is_needed_by_root_too) {
    need_root();
    write_file("f", "x");
    CHECK_OK(chown("f", ME, ME));
    CHECK_OK(chmod("f", 0600));
    CHECK_OK(close(CHECK_OK(open("f", O_RDWR))));
    CHECK_OK(capget_());
    data[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
    CHECK_OK(capset_());
    CHECK_ERR(open("f", O_RDONLY), EACCES);
}

TEST(leaving_root_clears_capabilities) {
    need_root();
    CHECK_OK(capget_());
    unsigned permitted = data[0].permitted;
    // Only the effective id leaves: the permitted set stays for the way back.
    CHECK_OK(raw_setresuid(-1, ME, -1));
    CHECK_OK(capget_());
    CHECK_EQ(data[0].effective, 0);
    CHECK_EQ(data[0].permitted, permitted);
    CHECK_OK(raw_setresuid(-1, 0, -1));
    CHECK_OK(capget_());
    CHECK_EQ(data[0].effective, permitted);
    CHECK_OK(raw_setresuid(ME, ME, ME));
    CHECK_OK(capget_());
    CHECK_EQ(data[0].effective | data[0].permitted, 0);
}

TEST(keepcaps) {
    need_root();
    CHECK_EQ(prctl(PR_GET_KEEPCAPS), 0);
    CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
    CHECK_EQ(prctl(PR_GET_KEEPCAPS), 1);
    CHECK_ERR(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
    CHECK_OK(capget_());
    unsigned permitted = data[0].permitted;
    CHECK_OK(raw_setresuid(ME, ME, ME));
    CHECK_OK(capget_());
    CHECK_EQ(data[0].effective, 0);
    CHECK_EQ(data[0].permitted, permitted);
    data[0].effective = 1U << CAP_SETUID;
    CHECK_OK(capset_());
    CHECK_OK(raw_setuid(OTHER));
}

TEST(bounding_set) {
    CHECK_ERR(prctl(PR_CAPBSET_READ, 1000), EINVAL);
    int in = CHECK_OK(prctl(PR_CAPBSET_READ, CAP_SYS_TIME));
    CHECK(in == 0 || in == 1);
    if (geteuid() != 0) {
        CHECK_ERR(prctl(PR_CAPBSET_DROP, CAP_CHOWN), EPERM);
        return;
    }
    if (!(capget_() == 0 && (data[0].effective & 1U << CAP_SETPCAP))) SKIP("no CAP_SETPCAP");
    CHECK_OK(prctl(PR_CAPBSET_DROP, CAP_KILL));
    CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_KILL), 0);
    CHECK_ERR(prctl(PR_CAPBSET_DROP, 1000), EINVAL);
    pid_t pid;
    FORK(pid) execv("/bin/grep", (char *[]){ "grep", "-qE", "CapBnd:.*[02468ace][0-9a-f]{0}[0-9a-f]$", "/proc/self/status", NULL });
    CHECK(exit_of(pid) <= 1);
}

TEST(ambient_set) {
    need_root();
    CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), 0);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 1000, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, 99, CAP_CHOWN, 0, 0), EINVAL);
    // Needs the capability in the permitted and in the inheritable set.
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), EPERM);
    CHECK_OK(capget_());
    data[0].inheritable |= 1U << CAP_CHOWN;
    CHECK_OK(capset_());
    CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), 1);
    CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), 0);
}

// --- set-user-id programs and no_new_privs ---

// A copy of cat, owned by somebody and with the bit, so that its own status can be read.
static void setuid_cat(uid_t uid, gid_t gid, mode_t mode) {
    pid_t pid;
    FORK(pid) execv("/bin/cp", (char *[]){ "cp", "/bin/grep", "prog", NULL });
    CHECK_EQ(exit_of(pid), 0);
    CHECK_OK(chown("prog", uid, gid));
    CHECK_OK(chmod("prog", mode));
    CHECK_OK(chmod(".", 0755));
}

static int status_matches(const char *pattern) {
    pid_t pid;
    FORK(pid) execv("./prog", (char *[]){ "grep", "-q", (char *)pattern, "/proc/self/status", NULL });
    return exit_of(pid) == 0;
}

TEST(set_user_id_program) {
    need_root();
    setuid_cat(OTHER, 0, 04755);
    if (!status_matches("Uid:\t0\t4321\t4321\t4321")) SKIP("the directory does not allow set-user-id programs");
    CHECK_OK(raw_setresuid(ME, ME, ME));
    CHECK(status_matches("Uid:\t1234\t4321\t4321\t4321"));
}

TEST(set_user_id_root) {
    need_root();
    setuid_cat(0, 0, 04755);
    CHECK_OK(raw_setresuid(ME, ME, ME));
    if (!status_matches("Uid:\t1234\t0\t0\t0")) SKIP("the directory does not allow set-user-id programs");
    CHECK(!status_matches("CapEff:\t0000000000000000"));
}

TEST(set_group_id_program) {
    need_root();
    setuid_cat(0, OTHER, 02755);
    CHECK_OK(setresgid(ME, ME, ME));
    CHECK_OK(raw_setresuid(ME, ME, ME));
    if (!status_matches("Gid:\t1234\t4321\t4321\t4321")) SKIP("the directory does not allow set-user-id programs");
    CHECK(status_matches("Uid:\t1234\t1234\t1234\t1234"));
}

TEST(set_group_id_without_group_execute_is_locking_not_identity) {
    need_root();
    setuid_cat(0, OTHER, 02745);
    CHECK_OK(setresgid(ME, ME, ME));
    CHECK_OK(raw_setresuid(ME, ME, ME));
    CHECK(status_matches("Gid:\t1234\t1234\t1234\t1234"));
}

TEST(no_new_privs_disables_set_user_id) {
    need_root();
    setuid_cat(0, 0, 04755);
    CHECK_OK(raw_setresuid(ME, ME, ME));
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    CHECK(status_matches("Uid:\t1234\t1234\t1234\t1234"));
    CHECK(status_matches("NoNewPrivs:\t1"));
}

// Root gets its capabilities back by execve(2), but not with no_new_privs (capabilities(7)).
TEST(no_new_privs_keeps_root_without_capabilities) {
    need_root();
    pid_t pid;
    for (int locked = 0; locked < 2; locked++) {
        FORK(pid) {
            if (locked) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            memset(data, 0, sizeof data);
            capset_();
            execv("/bin/grep", (char *[]){ "grep", "-q", "CapEff:\t0000000000000000", "/proc/self/status", NULL });
        }
        CHECK_EQ(exit_of(pid), locked ? 0 : 1);
    }
}

TEST(no_new_privs_arguments) {
    CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
}

TEST(no_new_privs_inherited) {
    pid_t pid;
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    FORK(pid) CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(set_user_id_bit_on_script_ignored) {
    need_root();
    pid_t pid;
    write_file("prog", "#!/bin/sh\nexec grep -q 'Uid:.0.0.0.0' /proc/self/status\n");
    CHECK_OK(chown("prog", OTHER, OTHER));
    CHECK_OK(chmod("prog", 06755));
    FORK(pid) execv("./prog", (char *[]){ "x", NULL });
    CHECK_EQ(exit_of(pid), 0);
}

TEST(write_clears_set_user_id_bits) {
    need_root();
    struct stat st;
    write_file("f", "x");
    CHECK_OK(chown("f", ME, ME));
    CHECK_OK(chmod("f", 06777));
    CHECK_OK(chmod(".", 0777));
    CHECK_OK(raw_setresuid(OTHER, OTHER, OTHER));
    int fd = CHECK_OK(open("f", O_WRONLY));
    CHECK_EQ(write(fd, "y", 1), 1);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode & 07777, 0777);
}
