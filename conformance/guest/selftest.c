/* The harness itself: its children, its bad pages and its temporary directory. */
#include "check.h"

TEST(working_directory_is_empty) {
    int entries = 0;
    DIR *dir = opendir(".");
    CHECK(dir != NULL);
    while (readdir(dir))
        entries++;
    CHECK_EQ(entries, 2);
    CHECK_OK(closedir(dir));
}

TEST(child_status) {
    CHECK_STATUS(CHILD({ _exit(7); }), 7);
    CHECK_KILLED(CHILD({ raise(SIGKILL); }), SIGKILL);
    WAIT(SPAWN({ CHECK(getppid() != getpid()); }));
}

TEST(bad_page_faults) {
    int fd = CHECK_OK(open("/dev/null", O_WRONLY));
    CHECK_ERR(open(BAD, O_RDONLY), EFAULT);
    CHECK_ERR(open(TORN_STR("/dev/null"), O_RDONLY), EFAULT);
    CHECK_OK(open(END_STR("/dev/null"), O_RDONLY));
    CHECK_KILLED(CHILD({ *(volatile char *) BAD = 1; }), SIGSEGV);
    CHECK_OK(close(fd));
}

TEST(files) {
    write_file("f", "hello");
    CHECK_STR(read_file("f"), "hello");
}

TEST(ordinary_user) {
    become_user();
    CHECK(geteuid() != 0);
    write_file("mine", "x");
    CHECK_ERR(open("/etc/shadow-", O_WRONLY | O_CREAT, 0600), EACCES);
}
