/* mmap(2) of files: shared and private, coherence with read and write, msync(2), SIGBUS past the end. */
#include "fault.h"

/* The signal that touching an address raises, or 0. */
static int touch(char *at, bool writing) { return faults(at, writing) ? fault_signal : 0; }

static int file(size_t length) {
    int fd = CHECK_OK(open("f", O_CREAT | O_TRUNC | O_RDWR, 0644));
    char *bytes = malloc(length + 1);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char) ('a' + i / 4096 % 26);
    CHECK_EQ(write(fd, bytes, length), length);
    free(bytes);
    return fd;
}

static char *map(int fd, size_t length, int protection, int flags, off_t offset) {
    char *at = mmap(NULL, length, protection, flags, fd, offset);
    if (at == MAP_FAILED)
        FAIL_AT("mmap: %s", check_errno(errno));
    return at;
}

TEST(private_read) {
    int fd = file(3 * PAGE);
    char *at = map(fd, 3 * PAGE, PROT_READ, MAP_PRIVATE, 0);
    CHECK_EQ(at[0], 'a');
    CHECK_EQ(at[2 * PAGE], 'c');
    CHECK_OK(close(fd));
    CHECK_EQ(at[PAGE], 'b');
}

TEST(offsets) {
    int fd = file(4 * PAGE);
    char *at = map(fd, PAGE, PROT_READ, MAP_SHARED, 2 * PAGE);
    CHECK_EQ(at[0], 'c');
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 100), EINVAL);
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, -PAGE), EOVERFLOW);
}

TEST(shared_write_reaches_the_file) {
    int fd = file(2 * PAGE);
    char *at = map(fd, 2 * PAGE, RW, MAP_SHARED, 0), c[6] = "";
    memcpy(at + 100, "hello", 5);
    CHECK_EQ(pread(fd, c, 5, 100), 5);
    CHECK_STR(c, "hello");
    CHECK_OK(msync(at, 2 * PAGE, MS_SYNC));
    CHECK_EQ(read_file("f")[104], 'o');
}

TEST(file_write_reaches_the_mapping) {
    int fd = file(2 * PAGE);
    char *shared = map(fd, 2 * PAGE, PROT_READ, MAP_SHARED, 0);
    CHECK_EQ(shared[10], 'a');
    CHECK_EQ(pwrite(fd, "XYZ", 3, 10), 3);
    CHECK_MEM(shared + 10, "XYZ", 3);
    int other = CHECK_OK(open("f", O_WRONLY));
    CHECK_EQ(pwrite(other, "UVW", 3, PAGE), 3);
    CHECK_MEM(shared + PAGE, "UVW", 3);
}

TEST(mapping_seen_by_another_process) {
    int fd = file(2 * PAGE);
    volatile char *at = map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    WAIT(SPAWN({
        at[0] = 'P';
        int own = CHECK_OK(open("f", O_RDWR));
        char *again = map(own, PAGE, RW, MAP_SHARED, PAGE);
        again[0] = 'Q';
    }));
    CHECK_EQ(at[0], 'P');
    CHECK_EQ(at[PAGE], 'Q');
}

TEST(two_mappings_of_one_page) {
    int fd = file(PAGE);
    char *a = map(fd, PAGE, RW, MAP_SHARED, 0), *b = map(fd, PAGE, RW, MAP_SHARED, 0);
    for (int i = 0; i < 100; i++) {
        a[i] = (char) i;
        CHECK_EQ(b[i], (char) i);
    }
}

TEST(private_copy_on_write) {
    int fd = file(2 * PAGE);
    char *at = map(fd, 2 * PAGE, RW, MAP_PRIVATE, 0), *other = map(fd, PAGE, RW, MAP_PRIVATE, 0), c;
    at[0] = 'Z';
    CHECK_EQ(pread(fd, &c, 1, 0), 1);
    CHECK_EQ(c, 'a');
    CHECK_EQ(other[0], 'a');
    WAIT(SPAWN({ CHECK_EQ(at[0], 'Z'); at[0] = 'Y'; }));
    CHECK_EQ(at[0], 'Z');
    CHECK_EQ(pwrite(fd, "file", 4, 0), 4);
    CHECK_EQ(at[0], 'Z');
    CHECK_EQ(read_file("f")[0], 'f');
}

TEST(private_of_a_read_only_file) {
    CHECK_OK(close(file(PAGE)));
    int fd = CHECK_OK(open("f", O_RDONLY));
    char *at = map(fd, PAGE, RW, MAP_PRIVATE, 0);
    at[0] = 'Z';
    CHECK_EQ(read_file("f")[0], 'a');
}

TEST(permission_errors) {
    CHECK_OK(close(file(PAGE)));
    int ro = CHECK_OK(open("f", O_RDONLY)), wo = CHECK_OK(open("f", O_WRONLY));
    CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0), EACCES);
    CHECK_ERR(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, wo, 0), EACCES);
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, 0, ro, 0), EINVAL);
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x1000000, ro, 0), EOPNOTSUPP);
    char *at = map(ro, PAGE, PROT_READ, MAP_SHARED, 0);
    CHECK_ERR(mprotect(at, PAGE, RW), EACCES);
    CHECK_EQ(touch(at, true), SIGSEGV);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK_OK(mprotect(map(ro, PAGE, PROT_READ, MAP_PRIVATE, 0), PAGE, RW));
}

TEST(bus_error_past_the_end) {
    int fd = file(PAGE + 10);
    char *at = map(fd, 4 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(touch(at + PAGE + 5, false), 0);
    CHECK_EQ(at[2 * PAGE - 1], 0);
    CHECK_EQ(touch(at + 2 * PAGE, false), SIGBUS);
    CHECK_EQ(fault_code, BUS_ADRERR);
    CHECK(fault_address == at + 2 * PAGE);
    CHECK_EQ(touch(at + 3 * PAGE + 7, true), SIGBUS);
    CHECK(fault_address == at + 3 * PAGE + 7);
    CHECK_KILLED(CHILD({ signal(SIGBUS, SIG_DFL); at[2 * PAGE] = 1; }), SIGBUS);
}

TEST(calls_past_the_end_get_efault) {
    int fd = file(PAGE), null = CHECK_OK(open("/dev/null", O_RDWR)), zero = CHECK_OK(open("/dev/zero", O_RDONLY));
    char *at = map(fd, 3 * PAGE, RW, MAP_SHARED, 0);
    CHECK_ERR(read(zero, at + PAGE, 10), EFAULT);
    CHECK_ERR(open(at + 2 * PAGE, O_RDONLY), EFAULT);
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_ERR(write(p[1], at + PAGE, 10), EFAULT);
    CHECK_OK(close(null));
}

TEST(growing_under_the_mapping) {
    int fd = file(PAGE);
    char *at = map(fd, 3 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(touch(at + PAGE, false), SIGBUS);
    CHECK_OK(ftruncate(fd, 3 * PAGE));
    CHECK_EQ(touch(at + PAGE, false), 0);
    CHECK_EQ(at[PAGE], 0);
    at[2 * PAGE] = 'g';
    char c;
    CHECK_EQ(pread(fd, &c, 1, 2 * PAGE), 1);
    CHECK_EQ(c, 'g');
    CHECK_EQ(pwrite(fd, "more", 4, PAGE), 4);
    CHECK_MEM(at + PAGE, "more", 4);
}

TEST(truncating_under_the_mapping) {
    int fd = file(3 * PAGE);
    char *at = map(fd, 3 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(at[2 * PAGE], 'c');
    CHECK_OK(ftruncate(fd, PAGE + 100));
    CHECK_EQ(touch(at + 2 * PAGE, false), SIGBUS);
    CHECK_EQ(at[PAGE + 50], 'b');
    CHECK_EQ(at[PAGE + 100], 0);
    CHECK_OK(ftruncate(fd, 3 * PAGE));
    CHECK_EQ(at[2 * PAGE], 0);
}

TEST(bytes_behind_the_end_are_not_written) {
    int fd = file(10);
    char *at = map(fd, PAGE, RW, MAP_SHARED, 0);
    at[5] = 'K';
    at[20] = 'L';
    CHECK_OK(msync(at, PAGE, MS_SYNC));
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 10);
    CHECK_EQ(read_file("f")[5], 'K');
}

TEST(unlinked_file_stays_mapped) {
    int fd = file(PAGE);
    char *at = map(fd, PAGE, RW, MAP_SHARED, 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
    at[0] = 'u';
    CHECK_EQ(at[0], 'u');
    WAIT(SPAWN({ CHECK_EQ(at[0], 'u'); }));
}

TEST(rename_does_not_move_the_mapping) {
    int fd = file(PAGE);
    char *at = map(fd, PAGE, RW, MAP_SHARED, 0);
    CHECK_OK(rename("f", "g"));
    write_file("f", "new");
    at[0] = 'R';
    CHECK_EQ(read_file("g")[0], 'R');
    CHECK_EQ(read_file("f")[0], 'n');
}

TEST(msync_errors) {
    int fd = file(2 * PAGE);
    char *at = map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    CHECK_OK(msync(at, PAGE, MS_ASYNC));
    CHECK_OK(msync(at, PAGE, MS_SYNC | MS_INVALIDATE));
    CHECK_ERR(msync(at + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_ERR(msync(at, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    CHECK_ERR(msync(at, PAGE, 0x100), EINVAL);
    CHECK_OK(munmap(at + PAGE, PAGE));
    CHECK_ERR(msync(at, 2 * PAGE, MS_SYNC), ENOMEM);
    CHECK_OK(msync(at, 0, MS_SYNC));
}

TEST(mtime_moves_when_written_through_a_mapping) {
    int fd = file(PAGE);
    struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
    CHECK_OK(futimens(fd, old));
    char *at = map(fd, PAGE, RW, MAP_SHARED, 0);
    at[0] = 'm';
    CHECK_OK(msync(at, PAGE, MS_SYNC));
    CHECK_OK(munmap(at, PAGE));
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_mtime > 1000);
}

TEST(mremap_of_a_file) {
    int fd = file(4 * PAGE);
    char *at = map(fd, PAGE, RW, MAP_SHARED, 0);
    at = mremap(at, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    CHECK(at != MAP_FAILED);
    CHECK_EQ(at[3 * PAGE], 'd');
    at[3 * PAGE] = 'D';
    char c;
    CHECK_EQ(pread(fd, &c, 1, 3 * PAGE), 1);
    CHECK_EQ(c, 'D');
    /* mremap(2): an old size of zero duplicates a shared mapping. */
    char *twin = mremap(at, 0, 2 * PAGE, MREMAP_MAYMOVE);
    CHECK(twin != MAP_FAILED);
    twin[0] = 'T';
    CHECK_EQ(at[0], 'T');
}

TEST(partial_unmap_keeps_offsets) {
    int fd = file(6 * PAGE);
    char *at = map(fd, 6 * PAGE, RW, MAP_SHARED, 0);
    CHECK_OK(munmap(at + 2 * PAGE, PAGE));
    CHECK_OK(mprotect(at + 4 * PAGE, PAGE, PROT_READ));
    CHECK_EQ(at[3 * PAGE], 'd');
    CHECK_EQ(at[4 * PAGE], 'e');
    CHECK_EQ(at[5 * PAGE], 'f');
    at[5 * PAGE] = 'F';
    char c;
    CHECK_EQ(pread(fd, &c, 1, 5 * PAGE), 1);
    CHECK_EQ(c, 'F');
}

TEST(map_over_with_fixed) {
    int fd = file(2 * PAGE);
    char *at = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mmap(at + PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, PAGE) == at + PAGE);
    CHECK_EQ(at[PAGE], 'b');
    CHECK_EQ(at[0], 0);
    CHECK_EQ(at[2 * PAGE], 0);
}

TEST(system_file) {
    int fd = CHECK_OK(open("/bin/true", O_RDONLY));
    char *at = map(fd, PAGE, PROT_READ, MAP_PRIVATE, 0), *shared = map(fd, PAGE, PROT_READ, MAP_SHARED, 0);
    CHECK_MEM(at, "\177ELF", 4);
    CHECK_MEM(shared, "\177ELF", 4);
    CHECK_OK(mprotect(at, PAGE, RW));
    at[0] = 0;
    CHECK_MEM(shared, "\177ELF", 4);
}

TEST(reading_into_the_own_mapping) {
    int fd = file(4 * PAGE);
    char *at = map(fd, 4 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(pread(fd, at + 2 * PAGE, PAGE, 0), PAGE);
    CHECK_EQ(at[2 * PAGE], 'a');
    CHECK_EQ(pwrite(fd, at + 3 * PAGE, PAGE, 0), PAGE);
    CHECK_EQ(at[0], 'd');
}

TEST(counter_shared_by_four_processes) {
    int fd = file(PAGE);
    int *counter = (int *) map(fd, PAGE, RW, MAP_SHARED, 0);
    *counter = 0;
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = SPAWN({
            for (int n = 0; n < 10000; n++)
                __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
        });
    for (int i = 0; i < 4; i++)
        WAIT(children[i]);
    CHECK_EQ(*counter, 40000);
    int value;
    CHECK_EQ(pread(fd, &value, 4, 0), 4);
    CHECK_EQ(value, 40000);
}

TEST(posix_shared_memory) {
    char name[40];
    snprintf(name, sizeof name, "/check-%d", getpid());
    int fd = CHECK_OK(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
    CHECK_OK(ftruncate(fd, 2 * PAGE));
    volatile char *at = map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    WAIT(SPAWN({
        int own = CHECK_OK(shm_open(name, O_RDWR, 0));
        char *again = map(own, PAGE, RW, MAP_SHARED, PAGE);
        again[1] = 's';
    }));
    CHECK_EQ(at[PAGE + 1], 's');
    CHECK_OK(shm_unlink(name));
    CHECK_ERR(shm_open(name, O_RDWR, 0), ENOENT);
}

TEST(dev_zero_mapping) {
    int fd = CHECK_OK(open("/dev/zero", O_RDWR));
    char *p = map(fd, PAGE, RW, MAP_PRIVATE, 0);
    volatile char *s = map(fd, PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(p[0], 0);
    WAIT(SPAWN({ s[0] = 9; p[0] = 9; }));
    CHECK_EQ(s[0], 9);
    CHECK_EQ(p[0], 0);
    CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, CHECK_OK(open("/dev/null", O_RDWR)), 0), ENODEV);
}

TEST(executable_file_mapping) {
    int fd = CHECK_OK(open("code", O_CREAT | O_RDWR, 0755));
    CHECK_EQ(write(fd, "\xb8\x07\x00\x00\x00\xc3", 6), 6);
    int (*code)(void) = (void *) map(fd, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0);
    CHECK_EQ(code(), 7);
    CHECK_EQ(pwrite(fd, "\x09", 1, 1), 1);
    int (*again)(void) = (void *) map(fd, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0);
    CHECK_EQ(again(), 9);
}

TEST(big_file) {
    int fd = CHECK_OK(open("big", O_CREAT | O_RDWR, 0600));
    size_t length = 16 << 20;
    CHECK_OK(ftruncate(fd, (off_t) length));
    unsigned *at = (unsigned *) map(fd, length, RW, MAP_SHARED, 0);
    for (size_t i = 0; i < length / 4; i += 1024)
        at[i] = (unsigned) i;
    unsigned value;
    for (size_t i = 0; i < length / 4; i += 131072) {
        CHECK_EQ(pread(fd, &value, 4, (off_t) i * 4), 4);
        CHECK_EQ(value, i);
    }
}

TEST(locked_down_offsets) {
    int fd = file(PAGE);
    /* A mapping may lie behind the end of the file; it faults only when touched. */
    char *at = map(fd, PAGE, RW, MAP_SHARED, 100 * PAGE);
    CHECK_EQ(touch(at, false), SIGBUS);
    CHECK_ERR(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, INT64_MAX - 4095), EOVERFLOW);
}

TEST(fork_keeps_shared_and_private) {
    int fd = file(2 * PAGE);
    char *shared = map(fd, PAGE, RW, MAP_SHARED, 0), *private = map(fd, PAGE, RW, MAP_PRIVATE, PAGE);
    private[0] = 'p';
    WAIT(SPAWN({
        CHECK_EQ(private[0], 'p');
        shared[1] = 'S';
        private[1] = 'P';
        CHECK_OK(munmap(shared, PAGE));
    }));
    CHECK_EQ(shared[1], 'S');
    CHECK_EQ(private[1], 'b');
}
