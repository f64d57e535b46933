// readlink(2) of what is no link, over and over: a platform may answer by itself then, until a name, a mount, a root or a
// right on the way to it is another.
#include "help.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static char here[PATH_MAX], text[PATH_MAX];

// errno, or 0 and the target in text.
static int look(const char *path) {
    ssize_t n = readlink(path, text, sizeof text - 1);
    text[n < 0 ? 0 : n] = 0;
    return n < 0 ? errno : 0;
}

// Makes sure that nobody has to ask any more.
static void know(const char *path) {
    for (int i = 0; i < 40; i++) CHECK_EQ(look(path), EINVAL);
}

// here: the directory of the test by its one name. Short names, so that they are remembered.
static const char *in(const char *name) {
    static char path[4][PATH_MAX];
    static int turn;
    if (!*here) CHECK(realpath(".", here) != NULL);
    char *to = path[turn++ & 3];
    snprintf(to, PATH_MAX, "%s/%s", here, name);
    return to;
}

static void tree(void) {
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    write_file("d/e/f", "x");
}

TEST(a_link_in_its_place) {
    tree();
    know(in("d/e/f"));
    CHECK_OK(unlink("d/e/f"));
    CHECK_EQ(look(in("d/e/f")), ENOENT);
    CHECK_OK(symlink("there", "d/e/f"));
    CHECK_EQ(look(in("d/e/f")), 0);
    CHECK_STR(text, "there");
    CHECK_OK(unlink("d/e/f"));
    write_file("d/e/f", "again");
    know(in("d/e/f"));
}

TEST(renamed_over_and_exchanged) {
    tree();
    CHECK_OK(symlink("there", "l"));
    know(in("d/e/f"));
    CHECK_OK(rename("l", "d/e/f"));
    CHECK_EQ(look(in("d/e/f")), 0);
    CHECK_OK(symlink("elsewhere", "l"));
    know(in("d/e"));
    CHECK_OK(renameat2(AT_FDCWD, "d/e", AT_FDCWD, "l", RENAME_EXCHANGE));
    CHECK_EQ(look(in("d/e")), 0);
    CHECK_STR(text, "elsewhere");
    know(in("l"));
}

TEST(another_tree_above) {
    tree();
    know(in("d/e/f"));
    CHECK_OK(rename("d", "old"));
    CHECK_EQ(look(in("d/e/f")), ENOENT);
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_OK(symlink("new", "d/e/f"));
    CHECK_EQ(look(in("d/e/f")), 0);
    CHECK_EQ(look(in("old/e/f")), EINVAL);
}

TEST(by_readlinkat_too) {
    tree();
    know(in("d/e/f"));
    for (int i = 0; i < 8; i++) CHECK_ERR(readlinkat(99, in("d/e/f"), text, sizeof text), EINVAL);
    CHECK_ERR(readlink(in("d/e/f"), text, 0), EINVAL);
    CHECK_OK(unlink("d/e/f"));
    CHECK_ERR(readlinkat(99, in("d/e/f"), text, sizeof text), ENOENT);
    CHECK_ERR(readlink("", text, sizeof text), ENOENT);
}

TEST(other_names_of_the_same) {
    tree();
    CHECK_OK(symlink("d", "l"));
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(look(in("l/e/f")), EINVAL);
        CHECK_EQ(look(in("d/../d/e/f")), EINVAL);
        CHECK_EQ(look(in("d//e/./f")), EINVAL);
    }
    CHECK_OK(unlink("l"));
    CHECK_EQ(look(in("l/e/f")), ENOENT);
    CHECK_OK(rename("d", "g"));
    CHECK_EQ(look(in("d/../d/e/f")), ENOENT);
    CHECK_EQ(look(in("d//e/./f")), ENOENT);
}

TEST(by_somebody_else) {
    tree();
    know(in("d/e/f"));
    WAIT(SPAWN({
        know(in("d/e/f"));
        CHECK_OK(unlink("d/e/f"));
        CHECK_OK(symlink("child", "d/e/f"));
    }));
    CHECK_EQ(look(in("d/e/f")), 0);
    CHECK_STR(text, "child");
}

static void *swap(void *unused) {
    (void) unused;
    CHECK_OK(rename("l", "d/e/f"));
    return NULL;
}

TEST(by_a_thread) {
    tree();
    CHECK_OK(symlink("thread", "l"));
    know(in("d/e/f"));
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, swap, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(look(in("d/e/f")), 0);
    CHECK_STR(text, "thread");
}

static void *in_a_root(void *unused) {
    (void) unused;
    CHECK_OK(unshare(CLONE_FS));
    CHECK_OK(chroot("root"));
    know("/usr");
    know("/only");
    return NULL;
}

static void *in_the_old_root(void *unused) {
    (void) unused;
    CHECK_EQ(look("/only"), ENOENT);
    return NULL;
}

TEST(another_root) {
    need_root();
    CHECK_OK(mkdir("root", 0755));
    CHECK_OK(mkdir("root/usr", 0755));
    CHECK_OK(mkdir("root/only", 0755));
    for (int i = 0; i < 3; i++) { // one after the other: the second may get what the first has left
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, in_a_root, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(pthread_create(&thread, NULL, in_the_old_root, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    know("/usr");
    CHECK_OK(rmdir("root/usr"));
    CHECK_OK(symlink("inside", "root/usr"));
    know("/usr");
    CHECK_OK(chroot("root"));
    CHECK_EQ(look("/usr"), 0);
    CHECK_STR(text, "inside");
}

TEST(mounted_over) {
    need_root();
    tree();
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    know(in("d/e/f"));
    CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
    CHECK_EQ(look(in("d/e/f")), ENOENT);
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_OK(symlink("covered", "d/e/f"));
    CHECK_EQ(look(in("d/e/f")), 0);
    CHECK_OK(umount2("d", MNT_DETACH));
    know(in("d/e/f"));
    WAIT(SPAWN({ // a namespace of its own, in which others see nothing
        CHECK_OK(unshare(CLONE_NEWNS));
        know(in("d/e/f"));
        CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
        CHECK_EQ(look(in("d/e/f")), ENOENT);
    }));
    know(in("d/e/f"));
}

TEST(rights) {
    need_root();
    tree();
    WAIT(SPAWN({
        know(in("d/e/f"));
        CHECK_OK(chmod("d", 0700));
        know(in("d/e/f"));
        CHECK_OK(setresuid(CHECK_USER, CHECK_USER, CHECK_USER));
        CHECK_EQ(look(in("d/e/f")), EACCES);
    }));
    CHECK_OK(chmod("d", 0755));
    int ready[2];
    CHECK_OK(pipe(ready));
    int gone[2];
    CHECK_OK(pipe(gone));
    pid_t child = SPAWN({
        char c;
        CHECK_OK(setresuid(CHECK_USER, CHECK_USER, CHECK_USER));
        know(in("d/e/f"));
        CHECK_EQ(write(ready[1], "x", 1), 1);
        CHECK_EQ(read(gone[0], &c, 1), 1);
        CHECK_EQ(look(in("d/e/f")), EACCES);
        CHECK_EQ(write(ready[1], "x", 1), 1);
        CHECK_EQ(read(gone[0], &c, 1), 1);
        CHECK_EQ(look(in("d/e/f")), EACCES);
    });
    char c;
    CHECK_EQ(read(ready[0], &c, 1), 1);
    CHECK_OK(chmod("d/e", 0700));
    CHECK_EQ(write(gone[1], "x", 1), 1);
    CHECK_EQ(read(ready[0], &c, 1), 1);
    CHECK_OK(chmod("d/e", 0705));
    CHECK_OK(chown("d", CHECK_USER, CHECK_USER));
    CHECK_EQ(write(gone[1], "x", 1), 1);
    WAIT(child);
}

TEST(filtered) {
    tree();
    know(in("d/e/f"));
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readlink, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
    for (int i = 0; i < 8; i++) CHECK_EQ(look(in("d/e/f")), 77);
}

// A path whose end cannot be read is none, known or not.
TEST(bad_addresses) {
    tree();
    const char *path = in("d/e/f");
    know(path);
    for (int i = 0; i < 8; i++) {
        CHECK_ERR(readlink(TORN_STR(path), text, sizeof text), EFAULT);
        CHECK_ERR(readlink(END_STR(path), text, sizeof text), EINVAL);
        CHECK_ERR(readlink(path, BAD, 10), EINVAL);
    }
}

// Names of processes go by themselves.
TEST(of_processes) {
    int ready[2];
    CHECK_OK(pipe(ready));
    pid_t child = SPAWN({ pause(); });
    char path[40];
    snprintf(path, sizeof path, "/proc/%d", child);
    know(path);
    CHECK_OK(kill(child, SIGKILL));
    wait_status(child);
    CHECK_EQ(look(path), ENOENT);
}
