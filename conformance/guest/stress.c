// Many of everything. KERNELET_STRESS=full asks for the whole amounts; else a tenth or less of them, for every run.
#include "help.h"
#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int scale(int full, int quick) {
    const char *s = getenv("KERNELET_STRESS");
    return s && !strcmp(s, "full") ? full : quick;
}

static pthread_barrier_t barrier;
static long rounds;
static volatile long errors;

static void *calls(void *unused) {
    pthread_barrier_wait(&barrier);
    pid_t pid = getpid(), tid = gettid_();
    for (long i = 0; i < rounds; i++) {
        if (syscall(SYS_getppid) < 0) errors++;
        if (i % 16 == 0 && (syscall(SYS_getpid) != pid || syscall(SYS_gettid) != tid)) errors++;
    }
    return unused;
}

TEST_SLOW(million_calls_from_eight_threads, 250) {
    pthread_t t[8];
    rounds = scale(1000000, 50000);
    pthread_barrier_init(&barrier, NULL, 8);
    for (int i = 0; i < 8; i++) CHECK_RC(pthread_create(&t[i], NULL, calls, NULL), 0);
    for (int i = 0; i < 8; i++) CHECK_RC(pthread_join(t[i], NULL), 0);
    CHECK_EQ(errors, 0);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int arrived, go;
static void *arrive(void *unused) {
    pthread_mutex_lock(&lock);
    arrived++;
    while (!go) pthread_cond_wait(&cond, &lock);
    pthread_mutex_unlock(&lock);
    return unused;
}

TEST_SLOW(thousand_threads, 120) {
    int n = scale(1000, 200);
    static pthread_t t[1000];
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 65536);
    for (int i = 0; i < n; i++) CHECK_RC(pthread_create(&t[i], &a, arrive, NULL), 0);
    for (int all = 0; !all; sleep_ms(1)) {
        pthread_mutex_lock(&lock);
        all = arrived == n;
        pthread_mutex_unlock(&lock);
    }
    int tasks = 0;
    DIR *d = opendir("/proc/self/task");
    if (d) {
        while (readdir(d)) tasks++;
        CHECK_EQ(tasks, n + 3);
    }
    pthread_mutex_lock(&lock);
    go = 1;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < n; i++) CHECK_RC(pthread_join(t[i], NULL), 0);
}

TEST_SLOW(short_threads_one_after_another, 120) {
    int n = scale(10000, 1000);
    void *body(void *arg) { return arg; }
    for (long i = 0; i < n; i++) {
        pthread_t t;
        void *got;
        CHECK_RC(pthread_create(&t, NULL, body, (void *)i), 0);
        CHECK_RC(pthread_join(t, &got), 0);
        CHECK_EQ((long)got, i);
    }
}

// Each process makes two, until so many levels are there; the codes add up at the root.
static int tree(int depth) {
    if (depth == 0) return 1;
    pid_t child[2];
    int *sums = shared(4096), total = 1;
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        if (child[i] == 0) { sums[i] = tree(depth - 1); _exit(0); }
        if (child[i] == -1) return -100000;
    }
    for (int i = 0; i < 2; i++) {
        if (reap(child[i]) != 0) return -100000;
        total += sums[i];
    }
    munmap(sums, 4096);
    return total;
}

TEST_SLOW(fork_tree, 250) {
    int depth = scale(10, 7);
    CHECK_EQ(tree(depth), (2 << depth) - 1);
}

TEST_SLOW(two_thousand_processes_alive, 250) {
    int n = scale(2000, 100), fds[2], done[2];
    static pid_t pids[2000];
    CHECK_OK(pipe(fds));
    CHECK_OK(pipe(done));
    for (int i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] == 0) { close(fds[1]); put_byte(done[1]); get_byte(fds[0]); _exit(0); }
        CHECK(pids[i] > 0);
    }
    for (int i = 0; i < n; i++) CHECK_EQ(get_byte(done[0]), 'x');
    close(fds[1]);
    for (int i = 0; i < n; i++) CHECK_EQ(exit_of(pids[i]), 0);
}

TEST_SLOW(hundred_sleeps, 60) {
    pid_t pids[100];
    int n = scale(100, 50);
    long long t0 = now_ns();
    for (int i = 0; i < n; i++) FORK(pids[i]) execv("/bin/sleep", (char *[]){ "sleep", "1", NULL });
    for (int i = 0; i < n; i++) CHECK_EQ(exit_of(pids[i]), 0);
    CHECK(now_ns() - t0 >= 1000 * MS);
    CHECK(now_ns() - t0 < 50000 * MS);
}

TEST_SLOW(fork_and_exec_in_turn, 200) {
    int n = scale(1000, 100);
    for (int i = 0; i < n; i++) {
        pid_t pid = vfork();
        if (pid == 0) { execv("/bin/true", (char *[]){ "true", NULL }); _exit(127); }
        CHECK_EQ(exit_of(pid), 0);
    }
}

// --- bombs, stopped by limits ---

TEST_SLOW(descriptor_bomb, 60) {
    int n = 0;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 512, 512 });
    while (dup(0) >= 0) n++;
    CHECK(errno == EMFILE);
    CHECK(n > 200 && n < 512);
    int s[2];
    CHECK_ERR(pipe(s), EMFILE);
}

TEST_SLOW(descriptors_of_many_processes, 60) {
    // Each process fills its table; the rest of the system goes on.
    pid_t pids[10];
    for (int i = 0; i < 10; i++) FORK(pids[i]) {
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 300, 300 });
        while (open("/dev/null", O_RDONLY) >= 0) { }
        CHECK(errno == EMFILE || errno == ENFILE);
    }
    for (int i = 0; i < 10; i++) CHECK_EQ(exit_of(pids[i]), 0);
    CHECK_OK(open("/dev/null", O_RDONLY));
}

static void lonely(uid_t uid, int limit) {
    need_root();
    CHECK_OK(setresgid(uid, uid, uid));
    CHECK_OK(setresuid(uid, uid, uid));
    CHECK_OK(setrlimit(RLIMIT_NPROC, &(struct rlimit){ limit, limit }));
}

TEST_SLOW(fork_bomb_under_a_limit, 60) {
    need_root();
    pid_t pid;
    FORK(pid) {
        lonely(61111, 60);
        setpgid(0, 0);
        // Every process forks as long as it can.
        int made = 0;
        for (int i = 0; i < 40; i++) if (fork() > 0) made++;
        sleep_ms(300);
        _exit(made ? 0 : 1);
    }
    CHECK_EQ(exit_of(pid), 0);
    kill(-pid, SIGKILL);
    // The system still makes processes.
    pid_t after;
    FORK(after) _exit(5);
    CHECK_EQ(exit_of(after), 5);
}

static void *wait_for_ever(void *unused) { for (;;) pause(); return unused; }

TEST_SLOW(thread_bomb_under_a_limit, 60) {
    need_root();
    pid_t pid;
    FORK(pid) {
        lonely(61112, 50);
        pthread_t t;
        int n = 0, r;
        while ((r = pthread_create(&t, NULL, wait_for_ever, NULL)) == 0) n++;
        CHECK_EQ(r, EAGAIN);
        CHECK_EQ(n, 49);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST_SLOW(memory_bomb_under_a_limit, 60) {
    pid_t pid;
    FORK(pid) {
        setrlimit(RLIMIT_AS, &(struct rlimit){ 256 << 20, 256 << 20 });
        long total = 0;
        char *p;
        while ((p = malloc(1 << 20))) { memset(p, 1, 1 << 20); total++; }
        CHECK(errno == ENOMEM);
        CHECK(total > 50 && total < 256);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST_SLOW(mapping_bomb, 60) {
    // More areas than a process may have (65530), by protecting every second page.
    pid_t pid;
    FORK(pid) {
        long n = scale(140000, 20000), made = 0;
        char *p = mmap(NULL, n * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(p != MAP_FAILED);
        for (long i = 0; i < n; i += 2, made++)
            if (mprotect(p + i * 4096, 4096, PROT_NONE)) { CHECK(errno == ENOMEM); break; }
        CHECK(made >= 1000);
        CHECK_OK(munmap(p, n * 4096));
        CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    }
    CHECK_EQ(exit_of(pid), 0);
}

// --- traffic ---

TEST_SLOW(pipe_ping_pong, 60) {
    int a[2], b[2], n = scale(100000, 10000);
    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    pid_t pid;
    FORK(pid) for (int i = 0, v; i < n; i++) { CHECK_EQ(read(a[0], &v, 4), 4); v++; CHECK_EQ(write(b[1], &v, 4), 4); }
    for (int i = 0, v = 0; i < n; i++) { CHECK_EQ(write(a[1], &v, 4), 4); CHECK_EQ(read(b[0], &v, 4), 4); CHECK_EQ(v, i + 1); }
    CHECK_EQ(exit_of(pid), 0);
}

TEST_SLOW(many_writers_one_pipe, 60) {
    int fds[2], n = scale(2000, 400);
    CHECK_OK(pipe(fds));
    pid_t pids[8];
    for (int i = 0; i < 8; i++) FORK(pids[i]) {
        char line[100];
        memset(line, 'a' + i, 100);
        // Up to PIPE_BUF bytes are never mixed.
        for (int j = 0; j < n; j++) CHECK_EQ(write(fds[1], line, 100), 100);
    }
    close(fds[1]);
    FILE *in = fdopen(fds[0], "r");
    char block[100];
    long blocks = 0;
    while (fread(block, 100, 1, in) == 1) {
        for (int i = 1; i < 100; i++) CHECK_EQ(block[i], block[0]);
        blocks++;
    }
    CHECK_EQ(blocks, 8 * n);
    for (int i = 0; i < 8; i++) CHECK_EQ(exit_of(pids[i]), 0);
}

TEST_SLOW(files_made_and_removed, 60) {
    int n = scale(20000, 2000);
    char name[32];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "f%d", i);
        int fd = CHECK_OK(open(name, O_CREAT | O_RDWR | O_EXCL, 0600));
        CHECK_EQ(write(fd, name, 8), 8);
        close(fd);
    }
    int seen = 0;
    DIR *d = opendir(".");
    while (readdir(d)) seen++;
    closedir(d);
    CHECK_EQ(seen, n + 2);
    for (int i = 0; i < n; i++) { snprintf(name, sizeof name, "f%d", i); CHECK_OK(unlink(name)); }
}

TEST_SLOW(deep_tree, 60) {
    int n = scale(2000, 300);
    for (int i = 0; i < n; i++) { CHECK_OK(mkdir("d", 0700)); CHECK_OK(chdir("d")); }
    write_file("leaf", "x");
    CHECK_OK(unlink("leaf"));
    for (int i = 0; i < n; i++) { CHECK_OK(chdir("..")); CHECK_OK(rmdir("d")); }
}

TEST_SLOW(map_and_unmap_from_threads, 60) {
    static int n;
    n = scale(20000, 2000);
    void *body(void *unused) {
        for (int i = 0; i < n; i++) {
            char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            CHECK(p != MAP_FAILED);
            p[0] = p[8192] = i;
            CHECK_OK(munmap(p, 16384));
        }
        return unused;
    }
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, body, NULL);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
}

TEST_SLOW(fork_while_threads_run, 60) {
    static volatile int stop;
    void *body(void *unused) {
        while (!stop) { free(malloc(1000)); syscall(SYS_getppid); }
        return unused;
    }
    pthread_t t[3];
    for (int i = 0; i < 3; i++) pthread_create(&t[i], NULL, body, NULL);
    for (int i = 0, n = scale(500, 60); i < n; i++) {
        pid_t pid;
        FORK(pid) _exit(17);
        CHECK_EQ(exit_of(pid), 17);
    }
    stop = 1;
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
}

TEST_SLOW(kill_while_busy, 60) {
    // Processes full of threads in every kind of call, ended by force.
    for (int i = 0, n = scale(100, 15); i < n; i++) {
        pid_t pid;
        int *ready = shared(4096);
        FORK(pid) {
            pthread_t t;
            void *spin(void *unused) { for (;;) syscall(SYS_getppid); return unused; }
            void *map(void *unused) { for (;;) munmap(mmap(NULL, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 8192); return unused; }
            void *nap(void *unused) { for (;;) sleep_ms(1); return unused; }
            pthread_create(&t, NULL, spin, NULL);
            pthread_create(&t, NULL, map, NULL);
            pthread_create(&t, NULL, nap, NULL);
            pthread_create(&t, NULL, wait_for_ever, NULL);
            *ready = 1;
            for (;;) pause();
        }
        while (!*(volatile int *)ready) sleep_ms(1);
        sleep_ms(i % 5);
        kill(pid, SIGKILL);
        CHECK_EQ(exit_of(pid), -SIGKILL);
    }
}
