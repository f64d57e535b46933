/* sysvipc(7): shmget(2), shmat(2), semget(2), semop(2), msgget(2), msgsnd(2) and their control calls. */
#include "check.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };

/* Removed by hand at the end of each test; a failed test may leave its objects, as any program may. */
static int shm(size_t size) { return (int) CHECK_OK(shmget(IPC_PRIVATE, size, IPC_CREAT | 0600)); }
static int sem(int n) { return (int) CHECK_OK(semget(IPC_PRIVATE, n, IPC_CREAT | 0600)); }
static int msg(void) { return (int) CHECK_OK(msgget(IPC_PRIVATE, IPC_CREAT | 0600)); }

static int op(int id, int number, int change, int flags) {
    struct sembuf one = { (unsigned short) number, (short) change, (short) flags };
    return semop(id, &one, 1);
}

static key_t some_key(void) {
    return (key_t) (0x4b000000 + getpid());
}

struct message { long type; char text[100]; };

static void nothing(int sig) { }

static void alarm_soon(void) {
    struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
    setitimer(ITIMER_REAL, &soon, NULL);
}

TEST(shm_shared_between_processes) {
    int id = shm(8192);
    volatile int *at = shmat(id, NULL, 0);
    CHECK(at != (void *) -1);
    CHECK_EQ(at[0], 0);
    WAIT(SPAWN({
        at[0] = 42;
        volatile int *again = shmat(id, NULL, 0);
        CHECK_EQ(again[0], 42);
        again[1000] = 43;
    }));
    CHECK_EQ(at[0], 42);
    CHECK_EQ(at[1000], 43);
    CHECK_OK(shmdt((void *) at));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(shm_keys) {
    key_t key = some_key();
    int id = CHECK_OK(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600));
    CHECK_EQ(shmget(key, 4096, 0), id);
    CHECK_EQ(shmget(key, 100, IPC_CREAT | 0600), id);
    CHECK_ERR(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    CHECK_ERR(shmget(key, 100000, 0), EINVAL);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_ERR(shmget(key, 4096, 0), ENOENT);
}

TEST(shm_stat) {
    int id = shm(5000);
    struct shmid_ds ds;
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_segsz, 5000);
    CHECK_EQ(ds.shm_nattch, 0);
    CHECK_EQ(ds.shm_cpid, getpid());
    CHECK_EQ(ds.shm_perm.mode & 0777, 0600);
    CHECK_EQ(ds.shm_perm.uid, geteuid());
    void *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);
    CHECK(a != b);
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_nattch, 2);
    CHECK_EQ(ds.shm_lpid, getpid());
    CHECK(ds.shm_atime != 0);
    WAIT(SPAWN({
        struct shmid_ds inside;
        CHECK_OK(shmctl(id, IPC_STAT, &inside));
        CHECK_EQ(inside.shm_nattch, 4);
    }));
    CHECK_OK(shmdt(a));
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_nattch, 1);
    ds.shm_perm.mode = 0640;
    CHECK_OK(shmctl(id, IPC_SET, &ds));
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_perm.mode & 0777, 0640);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(shm_removed_at_the_last_detach) {
    int id = shm(4096);
    char *at = shmat(id, NULL, 0);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    at[0] = 1;
    struct shmid_ds ds;
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK(ds.shm_perm.mode & SHM_DEST);
    CHECK_OK(shmdt(at));
    CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
    CHECK_KILLED(CHILD({ *(volatile char *) at = 1; }), SIGSEGV);
}

TEST(shm_read_only) {
    int id = shm(4096);
    char *at = shmat(id, NULL, SHM_RDONLY);
    CHECK_EQ(at[0], 0);
    CHECK_KILLED(CHILD({ *(volatile char *) at = 1; }), SIGSEGV);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(shm_address) {
    int id = shm(8192);
    char *room = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(munmap(room, 65536));
    CHECK(shmat(id, room, 0) == room);
    CHECK_ERR(shmat(id, room, 0), EINVAL);
    CHECK_ERR(shmat(id, room + 100, 0), EINVAL);
    CHECK(shmat(id, room + 16484, SHM_RND) == room + 16384);
    CHECK(shmat(id, room, SHM_REMAP) == room);
    CHECK_ERR(shmdt(room + 4096), EINVAL);
    CHECK_OK(shmdt(room));
    CHECK_ERR(shmdt(room), EINVAL);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(shm_errors) {
    CHECK_ERR(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
    CHECK_ERR(shmat(123456789, NULL, 0), EINVAL);
    CHECK_ERR(shmat(-1, NULL, 0), EINVAL);
    struct shmid_ds ds;
    CHECK_ERR(shmctl(123456789, IPC_STAT, &ds), EINVAL);
    int id = shm(4096);
    CHECK_ERR(shmctl(id, 999, &ds), EINVAL);
    CHECK_ERR(shmctl(id, IPC_STAT, BAD), EFAULT);
    if (geteuid() == 0)
        WAIT(SPAWN({
            become_user();
            CHECK_ERR(shmat(id, NULL, 0), EACCES);
            CHECK_ERR(shmctl(id, IPC_STAT, &ds), EACCES);
            CHECK_ERR(shmctl(id, IPC_RMID, NULL), EPERM);
        }));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(shm_detached_by_exec_and_exit) {
    int id = shm(4096);
    CHECK_STATUS(CHILD({
        shmat(id, NULL, 0);
        execl("/bin/true", "true", NULL);
    }), 0);
    struct shmid_ds ds;
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_nattch, 0);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(sem_values) {
    int id = sem(3);
    union semun a;
    CHECK_EQ(semctl(id, 0, GETVAL), 0);
    a.val = 5;
    CHECK_OK(semctl(id, 1, SETVAL, a));
    CHECK_EQ(semctl(id, 1, GETVAL), 5);
    CHECK_EQ(semctl(id, 1, GETPID), getpid());
    unsigned short values[3] = { 7, 8, 9 }, back[3];
    a.array = values;
    CHECK_OK(semctl(id, 0, SETALL, a));
    a.array = back;
    CHECK_OK(semctl(id, 0, GETALL, a));
    CHECK_EQ(back[2], 9);
    CHECK_EQ(semctl(id, 0, GETNCNT), 0);
    CHECK_EQ(semctl(id, 0, GETZCNT), 0);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_up_and_down) {
    int id = sem(1);
    CHECK_OK(op(id, 0, 2, 0));
    CHECK_OK(op(id, 0, -1, 0));
    CHECK_EQ(semctl(id, 0, GETVAL), 1);
    CHECK_ERR(op(id, 0, -2, IPC_NOWAIT), EAGAIN);
    CHECK_ERR(op(id, 0, 0, IPC_NOWAIT), EAGAIN);
    CHECK_OK(op(id, 0, -1, IPC_NOWAIT));
    CHECK_OK(op(id, 0, 0, IPC_NOWAIT));
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_all_or_nothing) {
    int id = sem(2);
    CHECK_OK(op(id, 0, 1, 0));
    struct sembuf both[2] = { { 0, -1, 0 }, { 1, -1, IPC_NOWAIT } };
    CHECK_ERR(semop(id, both, 2), EAGAIN);
    CHECK_EQ(semctl(id, 0, GETVAL), 1);
    CHECK_OK(op(id, 1, 1, 0));
    CHECK_OK(semop(id, both, 2));
    CHECK_EQ(semctl(id, 0, GETVAL), 0);
    CHECK_EQ(semctl(id, 1, GETVAL), 0);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_waits) {
    int id = sem(1);
    pid_t child = SPAWN({ CHECK_OK(op(id, 0, -1, 0)); });
    for (int i = 0; i < 200 && semctl(id, 0, GETNCNT) == 0; i++)
        sleep_ms(5);
    CHECK_EQ(semctl(id, 0, GETNCNT), 1);
    CHECK_OK(op(id, 0, 1, 0));
    WAIT(child);
    CHECK_EQ(semctl(id, 0, GETPID), child);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_wait_for_zero) {
    int id = sem(1);
    CHECK_OK(op(id, 0, 1, 0));
    pid_t child = SPAWN({ CHECK_OK(op(id, 0, 0, 0)); });
    for (int i = 0; i < 200 && semctl(id, 0, GETZCNT) == 0; i++)
        sleep_ms(5);
    CHECK_EQ(semctl(id, 0, GETZCNT), 1);
    CHECK_OK(op(id, 0, -1, 0));
    WAIT(child);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_undo) {
    int id = sem(1);
    union semun a = { .val = 5 };
    CHECK_OK(semctl(id, 0, SETVAL, a));
    WAIT(SPAWN({
        CHECK_OK(op(id, 0, -3, SEM_UNDO));
        CHECK_OK(op(id, 0, 1, SEM_UNDO));
        CHECK_EQ(semctl(id, 0, GETVAL), 3);
    }));
    CHECK_EQ(semctl(id, 0, GETVAL), 5);
    CHECK_KILLED(CHILD({ CHECK_OK(op(id, 0, -5, SEM_UNDO)); raise(SIGKILL); }), SIGKILL);
    CHECK_EQ(semctl(id, 0, GETVAL), 5);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_undo_wakes_waiters) {
    int id = sem(1);
    CHECK_OK(op(id, 0, 1, 0));
    pid_t holder = SPAWN({ CHECK_OK(op(id, 0, -1, SEM_UNDO)); sleep_ms(100); });
    sleep_ms(30);
    CHECK_OK(op(id, 0, -1, 0));
    WAIT(holder);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_timed) {
    int id = sem(1);
    struct sembuf down = { 0, -1, 0 };
    struct timespec wait = { 0, 50000000 }, bad = { 0, 2000000000 };
    int64_t from = now_ns();
    CHECK_ERR(semtimedop(id, &down, 1, &wait), EAGAIN);
    CHECK(now_ns() - from >= 45000000);
    CHECK_ERR(semtimedop(id, &down, 1, &bad), EINVAL);
    CHECK_ERR(semtimedop(id, &down, 1, BAD), EFAULT);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_removed_while_waiting) {
    int id = sem(1);
    pid_t child = SPAWN({ CHECK_ERR(op(id, 0, -1, 0), EIDRM); });
    for (int i = 0; i < 200 && semctl(id, 0, GETNCNT) == 0; i++)
        sleep_ms(5);
    CHECK_OK(semctl(id, 0, IPC_RMID));
    WAIT(child);
    CHECK_ERR(op(id, 0, 1, 0), EINVAL);
}

TEST(sem_interrupted_never_restarts) {
    int id = sem(1);
    alarm_soon();
    CHECK_ERR(op(id, 0, -1, 0), EINTR);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_errors) {
    int id = sem(2);
    union semun a = { .val = 40000 };
    CHECK_ERR(semget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
    CHECK_ERR(semget(IPC_PRIVATE, -1, IPC_CREAT | 0600), EINVAL);
    CHECK_ERR(semget(some_key(), 1, 0), ENOENT);
    CHECK_ERR(semctl(id, 2, GETVAL), EINVAL);
    CHECK_ERR(semctl(id, 0, SETVAL, a), ERANGE);
    CHECK_ERR(semctl(id, 0, 999), EINVAL);
    CHECK_ERR(op(id, 2, 1, 0), EFBIG);
    CHECK_OK(op(id, 0, 32767, 0));
    CHECK_ERR(op(id, 0, 1, 0), ERANGE);
    CHECK_ERR(semop(id, BAD, 1), EFAULT);
    struct sembuf one = { 0, 1, 0 };
    CHECK_ERR(semop(id, &one, 0), EINVAL);
    CHECK_ERR(semop(id, &one, 100000), E2BIG);
    CHECK_ERR(semop(-1, &one, 1), EINVAL);
    a.buf = BAD;
    CHECK_ERR(semctl(id, 0, IPC_STAT, a), EFAULT);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(sem_stat_and_keys) {
    key_t key = some_key();
    int id = CHECK_OK(semget(key, 4, IPC_CREAT | IPC_EXCL | 0640));
    CHECK_ERR(semget(key, 4, IPC_CREAT | IPC_EXCL | 0640), EEXIST);
    CHECK_EQ(semget(key, 0, 0), id);
    CHECK_ERR(semget(key, 5, 0), EINVAL);
    struct semid_ds ds;
    union semun a = { .buf = &ds };
    CHECK_OK(semctl(id, 0, IPC_STAT, a));
    CHECK_EQ(ds.sem_nsems, 4);
    CHECK_EQ(ds.sem_otime, 0);
    CHECK_EQ(ds.sem_perm.__key, key);
    CHECK_OK(op(id, 0, 1, 0));
    CHECK_OK(semctl(id, 0, IPC_STAT, a));
    CHECK(ds.sem_otime != 0);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

TEST(msg_send_and_receive) {
    int id = msg();
    struct message m = { 3, "hello" }, r = { 0 };
    CHECK_OK(msgsnd(id, &m, 6, 0));
    CHECK_EQ(msgrcv(id, &r, sizeof r.text, 0, 0), 6);
    CHECK_EQ(r.type, 3);
    CHECK_STR(r.text, "hello");
    CHECK_ERR(msgrcv(id, &r, sizeof r.text, 0, IPC_NOWAIT), ENOMSG);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_types) {
    int id = msg();
    struct message r;
    for (long type = 5; type >= 1; type--) {
        struct message m = { type, { (char) ('0' + type) } };
        CHECK_OK(msgsnd(id, &m, 1, 0));
    }
    CHECK_EQ(msgrcv(id, &r, 1, 3, 0), 1);
    CHECK_EQ(r.type, 3);
    CHECK_EQ(msgrcv(id, &r, 1, -4, 0), 1);
    CHECK_EQ(r.type, 1);
    CHECK_EQ(msgrcv(id, &r, 1, 5, MSG_EXCEPT), 1);
    CHECK_EQ(r.type, 4);
    CHECK_EQ(msgrcv(id, &r, 1, 0, 0), 1);
    CHECK_EQ(r.type, 5);
    CHECK_ERR(msgrcv(id, &r, 1, 9, IPC_NOWAIT), ENOMSG);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_too_long) {
    int id = msg();
    struct message m = { 1, "0123456789" }, r;
    CHECK_OK(msgsnd(id, &m, 10, 0));
    CHECK_ERR(msgrcv(id, &r, 5, 0, 0), E2BIG);
    CHECK_EQ(msgrcv(id, &r, 5, 0, MSG_NOERROR), 5);
    CHECK_ERR(msgrcv(id, &r, 5, 0, IPC_NOWAIT), ENOMSG);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_copy) {
    int id = msg();
    struct message m = { 1, "a" }, r;
    CHECK_OK(msgsnd(id, &m, 2, 0));
    ssize_t got = msgrcv(id, &r, 100, 0, 040000 /* MSG_COPY */ | IPC_NOWAIT);
    if (got == -1 && errno == ENOSYS)
        SKIP("kernel without MSG_COPY");
    CHECK_EQ(got, 2);
    CHECK_ERR(msgrcv(id, &r, 100, 1, 040000 | IPC_NOWAIT), ENOMSG);
    CHECK_EQ(msgrcv(id, &r, 100, 0, 0), 2);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_full_queue) {
    int id = msg();
    static struct { long type; char text[8192]; } m = { 1, "" };
    int sent = 0;
    while (msgsnd(id, &m, 8192, IPC_NOWAIT) == 0)
        sent++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(sent, 2);
    pid_t child = SPAWN({ CHECK_OK(msgsnd(id, &m, 8192, 0)); });
    sleep_ms(50);
    CHECK_EQ(msgrcv(id, &m, 8192, 0, 0), 8192);
    WAIT(child);
    struct msqid_ds ds;
    CHECK_OK(msgctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.msg_qnum, 2);
    CHECK_EQ(ds.msg_lspid, child);
    CHECK_EQ(ds.msg_lrpid, getpid());
    CHECK_EQ(ds.msg_qbytes, 16384);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_blocked_receiver) {
    int id = msg();
    pid_t child = SPAWN({
        struct message r;
        CHECK_EQ(msgrcv(id, &r, 100, 7, 0), 4);
        CHECK_MEM(r.text, "late", 4);
    });
    sleep_ms(50);
    struct message other = { 6, "x" }, m = { 7, "late" };
    CHECK_OK(msgsnd(id, &other, 1, 0));
    CHECK_OK(msgsnd(id, &m, 4, 0));
    WAIT(child);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_removed_and_interrupted) {
    int id = msg();
    struct message r;
    alarm_soon();
    CHECK_ERR(msgrcv(id, &r, 100, 0, 0), EINTR);
    pid_t child = SPAWN({ CHECK_ERR(msgrcv(id, &r, 100, 0, 0), EIDRM); });
    sleep_ms(50);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
    WAIT(child);
}

TEST(msg_errors) {
    int id = msg();
    struct message m = { 0, "x" };
    CHECK_ERR(msgsnd(id, &m, 1, 0), EINVAL);
    m.type = -1;
    CHECK_ERR(msgsnd(id, &m, 1, 0), EINVAL);
    m.type = 1;
    CHECK_ERR(msgsnd(id, &m, 1 << 20, 0), EINVAL);
    CHECK_ERR(msgsnd(id, &m, (size_t) -1, 0), EINVAL);
    CHECK_ERR(msgsnd(id, BAD, 1, 0), EFAULT);
    CHECK_ERR(msgsnd(-1, &m, 1, 0), EINVAL);
    CHECK_ERR(msgrcv(123456789, &m, 1, 0, 0), EINVAL);
    CHECK_OK(msgsnd(id, &m, 1, 0));
    CHECK_ERR(msgrcv(id, BAD, 1, 0, 0), EFAULT);
    CHECK_ERR(msgctl(id, 999, NULL), EINVAL);
    CHECK_ERR(msgctl(id, IPC_STAT, BAD), EFAULT);
    CHECK_ERR(msgget(some_key(), 0), ENOENT);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(proc_tables) {
    int a = shm(4096), b = sem(1), c = msg();
    char want[40];
    snprintf(want, sizeof want, " %d ", a);
    CHECK(strstr(read_file("/proc/sysvipc/shm"), want) != NULL);
    snprintf(want, sizeof want, " %d ", b);
    CHECK(strstr(read_file("/proc/sysvipc/sem"), want) != NULL);
    snprintf(want, sizeof want, " %d ", c);
    CHECK(strstr(read_file("/proc/sysvipc/msg"), want) != NULL);
    CHECK_OK(shmctl(a, IPC_RMID, NULL));
    CHECK_OK(semctl(b, 0, IPC_RMID));
    CHECK_OK(msgctl(c, IPC_RMID, NULL));
}

TEST(ipcs_tool) {
    CHECK_EQ(system("ipcs > ipcs.txt && grep -q Semaphore ipcs.txt"), 0);
    CHECK_EQ(system("id=$(ipcmk -M 4096 | grep -o '[0-9]*$') && ipcrm -m $id"), 0);
}
