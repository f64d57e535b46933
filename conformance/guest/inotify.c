/* inotify(7). */
#include "check.h"
#include <sys/inotify.h>
#include <sys/ioctl.h>

static char events[8192] __attribute__((aligned(8)));
static int watch_fd;

static int watch(const char *path, uint32_t mask) {
    if (watch_fd == 0)
        watch_fd = (int) CHECK_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    return (int) CHECK_OK(inotify_add_watch(watch_fd, path, mask));
}

/* All events that are there now as text: "CREATE:name|DELETE:name|..." */
static const char *drain(void) {
    static const char *names[] = { "ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "MOVED_FROM",
        "MOVED_TO", "CREATE", "DELETE", "DELETE_SELF", "MOVE_SELF", NULL, "UNMOUNT", "OVERFLOW", "IGNORED" };
    static char text[4000];
    text[0] = 0;
    ssize_t length;
    while ((length = read(watch_fd, events, sizeof events)) > 0)
        for (ssize_t at = 0; at < length; ) {
            struct inotify_event *e = (void *) (events + at);
            for (int bit = 0; bit < 16; bit++)
                if (e->mask & 1u << bit && names[bit])
                    sprintf(text + strlen(text), "%s%s%s%s%s", *text ? "|" : "", names[bit], e->mask & IN_ISDIR ? "(dir)" : "",
                            e->len ? ":" : "", e->len ? e->name : "");
            CHECK(e->len % 16 == 0 || e->len % 4 == 0);
            at += (ssize_t) (sizeof *e + e->len);
        }
    CHECK(length == -1 && errno == EAGAIN);
    return text;
}

TEST(create_and_delete) {
    watch(".", IN_CREATE | IN_DELETE);
    write_file("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("x", "l"));
    CHECK_OK(link("f", "h"));
    CHECK_OK(mkfifo("p", 0600));
    CHECK_STR(drain(), "CREATE:f|CREATE(dir):d|CREATE:l|CREATE:h|CREATE:p");
    CHECK_OK(unlink("f"));
    CHECK_OK(rmdir("d"));
    CHECK_STR(drain(), "DELETE:f|DELETE(dir):d");
}

TEST(file_life) {
    write_file("f", "abc");
    watch("f", IN_ALL_EVENTS);
    int fd = CHECK_OK(open("f", O_RDWR));
    char c;
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(close(fd));
    CHECK_STR(drain(), "OPEN|ACCESS|MODIFY|CLOSE_WRITE");
    fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(close(fd));
    CHECK_STR(drain(), "OPEN|CLOSE_NOWRITE");
}

TEST(modifications_seen_from_the_directory) {
    write_file("f", "abc");
    watch(".", IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB);
    CHECK_OK(truncate("f", 1));
    CHECK_STR(drain(), "MODIFY:f");
    CHECK_OK(chmod("f", 0600));
    CHECK_STR(drain(), "ATTRIB:f");
    write_file("f", "more");
    CHECK_STR(drain(), "MODIFY:f|CLOSE_WRITE:f");
}

TEST(equal_events_merge) {
    write_file("f", "");
    watch("f", IN_MODIFY);
    int fd = CHECK_OK(open("f", O_WRONLY));
    for (int i = 0; i < 5; i++)
        CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_STR(drain(), "MODIFY");
}

TEST(moves_carry_a_cookie) {
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("b", 0755));
    write_file("a/f", "");
    int a = watch("a", IN_MOVE), b = watch("b", IN_MOVE);
    CHECK_OK(rename("a/f", "b/g"));
    ssize_t length = CHECK_OK(read(watch_fd, events, sizeof events));
    struct inotify_event *from = (void *) events, *to = (void *) (events + sizeof *from + from->len);
    CHECK_EQ(length, 2 * sizeof *from + from->len + to->len);
    CHECK_EQ(from->wd, a);
    CHECK_EQ(to->wd, b);
    CHECK_EQ(from->mask, IN_MOVED_FROM);
    CHECK_EQ(to->mask, IN_MOVED_TO);
    CHECK(from->cookie != 0);
    CHECK_EQ(from->cookie, to->cookie);
    CHECK_STR(from->name, "f");
    CHECK_STR(to->name, "g");
}

TEST(self_events) {
    CHECK_OK(mkdir("d", 0755));
    watch("d", IN_DELETE_SELF | IN_MOVE_SELF);
    CHECK_OK(rename("d", "e"));
    CHECK_STR(drain(), "MOVE_SELF");
    CHECK_OK(rmdir("e"));
    CHECK_STR(drain(), "DELETE_SELF|IGNORED");
}

TEST(unlink_of_a_watched_file) {
    write_file("f", "");
    watch("f", IN_ATTRIB | IN_DELETE_SELF);
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(unlink("f"));
    CHECK_STR(drain(), "ATTRIB");
    CHECK_OK(close(fd));
    CHECK_STR(drain(), "DELETE_SELF|IGNORED");
}

TEST(replaced_by_rename) {
    write_file("f", "");
    write_file("g", "");
    watch("f", IN_DELETE_SELF | IN_ATTRIB);
    CHECK_OK(rename("g", "f"));
    CHECK_STR(drain(), "ATTRIB|DELETE_SELF|IGNORED");
}

TEST(remove_watch) {
    int wd = watch(".", IN_CREATE);
    CHECK_OK(inotify_rm_watch(watch_fd, wd));
    CHECK_STR(drain(), "IGNORED");
    write_file("f", "");
    CHECK_STR(drain(), "");
    CHECK_ERR(inotify_rm_watch(watch_fd, wd), EINVAL);
    CHECK_ERR(inotify_rm_watch(0, wd), EINVAL);
    CHECK_ERR(inotify_rm_watch(99, wd), EBADF);
}

TEST(watch_numbers) {
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("b", 0755));
    CHECK_EQ(watch("a", IN_CREATE), 1);
    CHECK_EQ(watch("b", IN_CREATE), 2);
    CHECK_EQ(watch("a", IN_DELETE), 1);
    write_file("a/f", "");
    CHECK_STR(drain(), "");
    CHECK_OK(unlink("a/f"));
    CHECK_STR(drain(), "DELETE:f");
}

TEST(mask_add_and_create) {
    watch(".", IN_CREATE);
    CHECK_OK(inotify_add_watch(watch_fd, ".", IN_DELETE | IN_MASK_ADD));
    write_file("f", "");
    CHECK_OK(unlink("f"));
    CHECK_STR(drain(), "CREATE:f|DELETE:f");
    CHECK_ERR(inotify_add_watch(watch_fd, ".", IN_DELETE | IN_MASK_CREATE), EEXIST);
    CHECK_ERR(inotify_add_watch(watch_fd, ".", IN_DELETE | IN_MASK_CREATE | IN_MASK_ADD), EINVAL);
}

TEST(oneshot) {
    watch(".", IN_CREATE | IN_ONESHOT);
    write_file("f", "");
    write_file("g", "");
    CHECK_STR(drain(), "CREATE:f|IGNORED");
}

TEST(onlydir_and_dont_follow) {
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    watch(".", IN_CREATE);
    CHECK_ERR(inotify_add_watch(watch_fd, "f", IN_MODIFY | IN_ONLYDIR), ENOTDIR);
    int file = watch("f", IN_MODIFY), same = watch("l", IN_MODIFY), link = watch("l", IN_MODIFY | IN_DONT_FOLLOW);
    CHECK_EQ(file, same);
    CHECK(link != file);
}

TEST(errors) {
    watch(".", IN_CREATE);
    CHECK_ERR(inotify_add_watch(watch_fd, "none", IN_CREATE), ENOENT);
    CHECK_ERR(inotify_add_watch(watch_fd, BAD, IN_CREATE), EFAULT);
    CHECK_ERR(inotify_add_watch(watch_fd, ".", 0), EINVAL);
    CHECK_ERR(inotify_add_watch(99, ".", IN_CREATE), EBADF);
    CHECK_ERR(inotify_add_watch(0, ".", IN_CREATE), EINVAL);
    CHECK_ERR(inotify_init1(0x40), EINVAL);
    write_file("f", "");
    CHECK_ERR(read(watch_fd, events, 8), EINVAL);
    CHECK_ERR(read(watch_fd, BAD, 4096), EFAULT);
    CHECK_ERR(write(watch_fd, "x", 1), EBADF);
}

TEST(no_permission) {
    need_root();
    CHECK_OK(mkdir("d", 0700));
    become_user();
    int fd = CHECK_OK(inotify_init1(0));
    CHECK_ERR(inotify_add_watch(fd, "d", IN_CREATE), EACCES);
}

TEST(poll_and_fionread) {
    watch(".", IN_CREATE);
    struct pollfd p = { watch_fd, POLLIN, 0 };
    int length = -1;
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(ioctl(watch_fd, FIONREAD, &length));
    CHECK_EQ(length, 0);
    write_file("f", "");
    CHECK_EQ(poll(&p, 1, 1000), 1);
    CHECK_OK(ioctl(watch_fd, FIONREAD, &length));
    CHECK_EQ(length, 32);
    CHECK_EQ(read(watch_fd, events, 4096), 32);
}

TEST(blocking_read) {
    int fd = CHECK_OK(inotify_init1(0));
    CHECK_OK(inotify_add_watch(fd, ".", IN_CREATE));
    pid_t child = SPAWN({
        sleep_ms(50);
        write_file("late", "");
    });
    ssize_t length = CHECK_OK(read(fd, events, sizeof events));
    CHECK(length > 16);
    CHECK_STR(((struct inotify_event *) events)->name, "late");
    WAIT(child);
}

TEST(small_reads_take_whole_events) {
    watch(".", IN_CREATE);
    write_file("a", "");
    write_file("b", "");
    CHECK_EQ(read(watch_fd, events, 40), 32);
    CHECK_STR(((struct inotify_event *) events)->name, "a");
    CHECK_EQ(read(watch_fd, events, 40), 32);
    CHECK_STR(((struct inotify_event *) events)->name, "b");
    CHECK_ERR(read(watch_fd, events, 40), EAGAIN);
}

TEST(excl_unlink) {
    write_file("f", "");
    int fd = CHECK_OK(open("f", O_WRONLY));
    watch(".", IN_MODIFY | IN_EXCL_UNLINK);
    CHECK_OK(unlink("f"));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_STR(drain(), "");
}

TEST(directory_reads) {
    CHECK_OK(mkdir("d", 0755));
    watch("d", IN_OPEN | IN_ACCESS | IN_CLOSE);
    DIR *dir = opendir("d");
    while (readdir(dir)) { }
    closedir(dir);
    CHECK_STR(drain(), "OPEN(dir)|ACCESS(dir)|CLOSE_NOWRITE(dir)");
}

TEST(fdinfo_of_watches) {
    watch(".", IN_CREATE);
    char path[60];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", watch_fd);
    CHECK(strstr(read_file(path), "inotify wd:1 ino:") != NULL);
    snprintf(path, sizeof path, "/proc/self/fd/%d", watch_fd);
    char target[50] = "";
    CHECK_OK(readlink(path, target, sizeof target - 1));
    CHECK_STR(target, "anon_inode:inotify");
}

TEST(close_drops_watches) {
    watch(".", IN_CREATE);
    CHECK_OK(close(watch_fd));
    write_file("f", "");
    watch_fd = 0;
    watch(".", IN_CREATE);
    CHECK_STR(drain(), "");
}

/* What is queued while the directory d is watched for IN_ATTRIB: two names in turn, so that nothing merges. */
static void attributes(long times) {
    for (long i = 0; i < times; i++)
        CHECK_OK(chmod(i % 2 ? "d/a" : "d/b", 0600));
}

static struct inotify_event *next_event(void) {
    CHECK_EQ(read(watch_fd, events, 32), ((struct inotify_event *) events)->mask == IN_Q_OVERFLOW ? 16 : 32);
    return (void *) events;
}

TEST(overflow) {
    long most = atol(read_file("/proc/sys/fs/inotify/max_queued_events"));
    if (most < 4 || most > 100000)
        SKIP("another limit of queued events");
    CHECK_OK(mkdir("d", 0755));
    write_file("d/a", "");
    write_file("d/b", "");
    watch("d", IN_ATTRIB);
    attributes(most);
    int length;
    CHECK_OK(ioctl(watch_fd, FIONREAD, &length));
    CHECK_EQ(length, most * 32);
    /* One more is an overflow, also when it is equal to the last; there is only one. */
    CHECK_OK(chmod(most % 2 ? "d/b" : "d/a", 0600));
    attributes(3);
    CHECK_OK(ioctl(watch_fd, FIONREAD, &length));
    CHECK_EQ(length, most * 32 + 16);
    /* It counts; what comes when there is room again is behind it, and the next overflow is none as long as it is there. */
    next_event();
    attributes(1);
    CHECK_OK(ioctl(watch_fd, FIONREAD, &length));
    CHECK_EQ(length, most * 32 - 16);
    next_event();
    attributes(2);
    CHECK_OK(ioctl(watch_fd, FIONREAD, &length));
    CHECK_EQ(length, most * 32 - 16);
    for (long i = 2; i < most; i++)
        CHECK_EQ(next_event()->mask, IN_ATTRIB);
    struct inotify_event *e = next_event();
    CHECK_EQ(e->wd, -1);
    CHECK_EQ(e->mask, IN_Q_OVERFLOW);
    CHECK_EQ(e->cookie, 0);
    CHECK_EQ(e->len, 0);
    CHECK_STR(next_event()->name, "b");
    CHECK_ERR(read(watch_fd, events, sizeof events), EAGAIN);
    attributes(2);
    CHECK_STR(drain(), "ATTRIB:b|ATTRIB:a");
}

TEST(ignored_is_lost_in_an_overflow) {
    long most = atol(read_file("/proc/sys/fs/inotify/max_queued_events"));
    if (most < 4 || most > 100000)
        SKIP("another limit of queued events");
    CHECK_OK(mkdir("d", 0755));
    write_file("d/a", "");
    write_file("d/b", "");
    int wd = watch("d", IN_ATTRIB);
    attributes(most);
    CHECK_OK(inotify_rm_watch(watch_fd, wd));
    for (long i = 0; i < most; i++)
        CHECK_EQ(next_event()->mask, IN_ATTRIB);
    CHECK_EQ(next_event()->mask, IN_Q_OVERFLOW);
    CHECK_ERR(read(watch_fd, events, sizeof events), EAGAIN);
    CHECK(watch("d", IN_ATTRIB) != wd);
}

/* Instances until there are no more; the last descriptor. */
static long take_instances(int *last) {
    long n = 0;
    int fd;
    while ((fd = inotify_init1(IN_CLOEXEC)) >= 0)
        *last = fd, n++;
    CHECK_EQ(errno, EMFILE);
    return n;
}

static void become(int real, int effective) {
    CHECK_OK(syscall(SYS_setresuid, -1, 0, -1));
    CHECK_OK(syscall(SYS_setresuid, real, effective, 0));
}

TEST(instances_of_a_user) {
    need_root();
    long most = atol(read_file("/proc/sys/fs/inotify/max_user_instances"));
    CHECK_EQ(atol(read_file("/proc/sys/user/max_inotify_instances")), most);
    if (most > 900)
        SKIP("another limit of instances");
    /* A user whom nobody else is. */
    int user = 1000000 + getpid(), fd = -1, other = -1;
    become(user, user);
    CHECK_EQ(take_instances(&fd), most);
    CHECK_OK(close(fd));
    CHECK_OK(inotify_init1(0));
    CHECK_ERR(inotify_init1(0), EMFILE);
    /* The effective id is the one that counts. */
    become(user, user + 1);
    CHECK_OK(inotify_init1(IN_CLOEXEC));
    become(user + 1, user);
    CHECK_ERR(inotify_init1(0), EMFILE);
    /* What an instance is charged to stays when another closes it. */
    become(user + 2, user + 2);
    WAIT(SPAWN({ CHECK_OK(close(fd)); }));
    CHECK_OK(close(fd));
    become(user, user);
    CHECK_OK(inotify_init1(0));
    CHECK_ERR(inotify_init1(0), EMFILE);
    /* The end of a process gives back. */
    become(user + 3, user + 3);
    int waiting[2];
    CHECK_OK(pipe(waiting));
    WAIT(SPAWN({
        close_range(3, 2000, 0);
        CHECK_EQ(take_instances(&other), most);
    }));
    WAIT(SPAWN({
        close_range(3, 2000, 0);
        CHECK_EQ(take_instances(&other), most);
    }));
}

TEST(oneshot_gives_the_watch_back) {
    int wd = watch(".", IN_CREATE | IN_ONESHOT);
    write_file("f", "");
    CHECK_ERR(inotify_rm_watch(watch_fd, wd), EINVAL);
    CHECK_EQ(watch(".", IN_CREATE), wd + 1);
    write_file("g", "");
    CHECK_STR(drain(), "CREATE:f|IGNORED|CREATE:g");
    /* An event that is not asked for is not the one. */
    int file = watch("f", IN_ATTRIB | IN_ONESHOT);
    int fd = CHECK_OK(open("f", O_RDWR));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_STR(drain(), "");
    CHECK_OK(fchmod(fd, 0600));
    CHECK_OK(fchmod(fd, 0640));
    CHECK_STR(drain(), "ATTRIB|IGNORED");
    CHECK_ERR(inotify_rm_watch(watch_fd, file), EINVAL);
}

TEST(excl_unlink_of_one_instance) {
    write_file("f", "");
    write_file("g", "");
    int fd = CHECK_OK(open("f", O_RDWR)), g = CHECK_OK(open("g", O_RDWR)), other = CHECK_OK(inotify_init1(IN_NONBLOCK));
    CHECK_OK(inotify_add_watch(other, ".", IN_MODIFY | IN_CLOSE_WRITE));
    watch(".", IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_EXCL_UNLINK);
    CHECK_OK(unlink("f"));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(write(g, "x", 1), 1);
    CHECK_OK(close(fd));
    CHECK_STR(drain(), "DELETE:f|MODIFY:g");
    watch_fd = other;
    CHECK_STR(drain(), "MODIFY:f|MODIFY:g|CLOSE_WRITE:f");
}

TEST(equal_but_for_the_cookie) {
    write_file("a", "");
    write_file("b", "");
    CHECK_OK(mkdir("d", 0755));
    watch("d", IN_MOVED_TO);
    CHECK_OK(rename("a", "d/f"));
    CHECK_OK(rename("b", "d/f"));
    CHECK_STR(drain(), "MOVED_TO:f");
}

TEST(limits_are_shown) {
    struct stat st;
    CHECK_OK(stat("/proc/sys/fs/inotify/max_user_watches", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    CHECK_EQ(atol(read_file("/proc/sys/fs/inotify/max_user_watches")), atol(read_file("/proc/sys/user/max_inotify_watches")));
    become_user();
    CHECK_ERR(open("/proc/sys/fs/inotify/max_user_watches", O_WRONLY), EACCES);
}
