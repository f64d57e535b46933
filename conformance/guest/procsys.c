/* proc(5): the files of the system, and /proc/sys. */
#include "check.h"
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static long field(const char *path, const char *key) {
    char *at = strstr(read_file(path), key);
    if (!at)
        FAIL_AT("%s has no %s", path, key);
    return strtol(at + strlen(key), NULL, 10);
}

TEST(meminfo) {
    long total = field("/proc/meminfo", "MemTotal:"), available = field("/proc/meminfo", "MemAvailable:");
    CHECK(total > 10000);
    CHECK(available > 0 && available <= total);
    CHECK(field("/proc/meminfo", "MemFree:") <= total);
    CHECK(field("/proc/meminfo", "SwapTotal:") >= 0);
    CHECK(field("/proc/meminfo", "Cached:") >= 0);
    CHECK_EQ(field("/proc/meminfo", "Hugepagesize:"), 2048);
    struct sysinfo info;
    CHECK_OK(sysinfo(&info));
    CHECK_EQ(info.totalram * info.mem_unit / 1024, total);
    CHECK_ERR(syscall(SYS_sysinfo, BAD), EFAULT);
}

TEST(cpuinfo) {
    char *text = read_file("/proc/cpuinfo");
    int n = 0;
    for (char *at = text; (at = strstr(at, "processor\t:")); at++)
        n++;
    CHECK_EQ(n, sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(strstr(text, "flags\t\t:") != NULL);
    CHECK(strstr(text, " sse2 ") != NULL);
    CHECK(strstr(text, "cpu MHz") != NULL);
}

TEST(stat_file) {
    char *text = read_file("/proc/stat");
    long user, nice, system, idle;
    CHECK_EQ(sscanf(text, "cpu %ld %ld %ld %ld", &user, &nice, &system, &idle), 4);
    CHECK(strstr(text, "\ncpu0 ") != NULL);
    long boot = field("/proc/stat", "btime ");
    double up = atof(read_file("/proc/uptime"));
    CHECK(labs(time(NULL) - (long) up - boot) <= 2);
    CHECK(field("/proc/stat", "ctxt ") >= 0);
    CHECK(field("/proc/stat", "processes ") > 0);
    CHECK(field("/proc/stat", "procs_running ") >= 1);
}

TEST(uptime_and_loadavg) {
    double up, idle, one, five, fifteen;
    int running, all, last;
    CHECK_EQ(sscanf(read_file("/proc/uptime"), "%lf %lf", &up, &idle), 2);
    CHECK(up > 0);
    struct timespec boot;
    CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &boot));
    CHECK(boot.tv_sec - (long) up <= 1 && boot.tv_sec >= (long) up);
    CHECK_EQ(sscanf(read_file("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &one, &five, &fifteen, &running, &all, &last), 6);
    CHECK(running >= 1 && all >= running);
    double loads[3];
    CHECK_EQ(getloadavg(loads, 3), 3);
}

TEST(version_and_uname) {
    struct utsname name;
    CHECK_OK(uname(&name));
    CHECK_STR(name.sysname, "Linux");
    CHECK_STR(name.machine, "x86_64");
    char want[200];
    snprintf(want, sizeof want, "Linux version %s ", name.release);
    CHECK(strncmp(read_file("/proc/version"), want, strlen(want)) == 0);
    snprintf(want, sizeof want, "%s\n", name.release);
    CHECK_STR(read_file("/proc/sys/kernel/osrelease"), want);
    snprintf(want, sizeof want, "%s\n", name.nodename);
    CHECK_STR(read_file("/proc/sys/kernel/hostname"), want);
    CHECK_STR(read_file("/proc/sys/kernel/ostype"), "Linux\n");
    snprintf(want, sizeof want, "%s\n", name.version);
    CHECK_STR(read_file("/proc/sys/kernel/version"), want);
    int major = 0, minor = 0;
    CHECK_EQ(sscanf(name.release, "%d.%d", &major, &minor), 2);
    CHECK(major >= 5);
    CHECK_ERR(syscall(SYS_uname, BAD), EFAULT);
}

TEST(filesystems_and_devices) {
    char *text = read_file("/proc/filesystems");
    CHECK(strstr(text, "nodev\tproc\n") != NULL);
    CHECK(strstr(text, "nodev\ttmpfs\n") != NULL);
    text = read_file("/proc/devices");
    CHECK(strstr(text, "Character devices:") != NULL);
    CHECK(strstr(text, "1 mem") != NULL);
}

TEST(kernel_numbers) {
    CHECK(atol(read_file("/proc/sys/kernel/pid_max")) >= 300);
    CHECK(atol(read_file("/proc/sys/kernel/threads-max")) > 0);
    CHECK(atol(read_file("/proc/sys/kernel/ngroups_max")) == 65536);
    CHECK(atol(read_file("/proc/sys/kernel/cap_last_cap")) >= 37);
    CHECK(atol(read_file("/proc/sys/kernel/msgmax")) == 8192);
    CHECK(atol(read_file("/proc/sys/kernel/msgmnb")) == 16384);
    CHECK(atol(read_file("/proc/sys/kernel/shmmni")) == 4096);
    CHECK(strlen(read_file("/proc/sys/kernel/sem")) > 5);
    CHECK(strlen(read_file("/proc/sys/kernel/core_pattern")) >= 1);
    CHECK(atol(read_file("/proc/sys/kernel/randomize_va_space")) >= 0);
    CHECK_STR(read_file("/proc/sys/kernel/overflowuid"), "65534\n");
}

TEST(random_files) {
    char first[60], *text = read_file("/proc/sys/kernel/random/uuid");
    CHECK_EQ(strlen(text), 37);
    CHECK(text[8] == '-' && text[13] == '-' && text[14] == '4');
    snprintf(first, sizeof first, "%s", text);
    CHECK(strcmp(first, read_file("/proc/sys/kernel/random/uuid")) != 0);
    snprintf(first, sizeof first, "%s", read_file("/proc/sys/kernel/random/boot_id"));
    CHECK_STR(read_file("/proc/sys/kernel/random/boot_id"), first);
    CHECK(atol(read_file("/proc/sys/kernel/random/entropy_avail")) > 0);
}

TEST(fs_and_vm_numbers) {
    CHECK(atol(read_file("/proc/sys/fs/file-max")) > 0);
    CHECK(atol(read_file("/proc/sys/fs/nr_open")) > 1000);
    CHECK(atol(read_file("/proc/sys/fs/pipe-max-size")) == 1048576);
    CHECK(atol(read_file("/proc/sys/fs/inotify/max_user_watches")) > 0);
    CHECK(atol(read_file("/proc/sys/fs/mqueue/msg_max")) == 10);
    long a, b, c;
    CHECK_EQ(sscanf(read_file("/proc/sys/fs/file-nr"), "%ld %ld %ld", &a, &b, &c), 3);
    CHECK(atol(read_file("/proc/sys/vm/overcommit_memory")) >= 0);
    CHECK(atol(read_file("/proc/sys/vm/max_map_count")) >= 65530);
    CHECK(atol(read_file("/proc/sys/vm/mmap_min_addr")) >= 4096);
    CHECK(atol(read_file("/proc/sys/vm/swappiness")) >= 0);
}

TEST(net_numbers) {
    CHECK(atol(read_file("/proc/sys/net/core/somaxconn")) >= 128);
    long from, to;
    CHECK_EQ(sscanf(read_file("/proc/sys/net/ipv4/ip_local_port_range"), "%ld %ld", &from, &to), 2);
    CHECK(from < to);
}

TEST(net_files) {
    CHECK(strstr(read_file("/proc/net/dev"), "lo:") != NULL);
    CHECK(strstr(read_file("/proc/net/unix"), "Num") != NULL);
    CHECK(strstr(read_file("/proc/net/tcp"), "local_address") != NULL);
    CHECK(strstr(read_file("/proc/net/route"), "Iface") != NULL);
    char target[40] = "";
    CHECK_OK(readlink("/proc/net", target, sizeof target - 1));
    CHECK_STR(target, "self/net");
    target[0] = 0;
    memset(target, 0, sizeof target);
    CHECK_OK(readlink("/proc/mounts", target, sizeof target - 1));
    CHECK_STR(target, "self/mounts");
}

TEST(permissions_of_sysctls) {
    become_user();
    CHECK_ERR(open("/proc/sys/kernel/hostname", O_WRONLY), EACCES);
    CHECK_ERR(open("/proc/sys/vm/overcommit_memory", O_WRONLY), EACCES);
    CHECK_ERR(open("/proc/sys/kernel/none", O_RDONLY), ENOENT);
    CHECK_ERR2(open("/proc/sys/kernel/new", O_CREAT | O_WRONLY, 0600), ENOENT, EACCES);
}

TEST(read_only_sysctls_of_root) {
    need_root();
    CHECK_ERR(open("/proc/sys/kernel/ostype", O_WRONLY), EACCES);
    CHECK_ERR(open("/proc/sys/fs/file-nr", O_RDWR), EACCES);
}

TEST(types_and_sizes) {
    struct stat st;
    CHECK_OK(stat("/proc/meminfo", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0444);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(st.st_uid, 0);
    CHECK_OK(stat("/proc/sys/kernel", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 0555);
    CHECK_OK(stat("/proc/sys/kernel/osrelease", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0444);
}

TEST(small_and_repeated_reads) {
    int fd = CHECK_OK(open("/proc/sys/kernel/osrelease", O_RDONLY));
    char text[100] = "";
    size_t have = 0;
    while (read(fd, text + have, 1) == 1)
        have++;
    CHECK_STR(text, read_file("/proc/sys/kernel/osrelease"));
    CHECK_EQ(read(fd, text, 10), 0);
    CHECK_EQ(pread(fd, text, 2, 1), 2);
}

TEST(cmdline_of_the_kernel) {
    CHECK(strlen(read_file("/proc/cmdline")) >= 1);
    CHECK(strlen(read_file("/proc/swaps")) >= 8);
    CHECK(strlen(read_file("/proc/vmstat")) > 10);
    read_file("/proc/partitions");
    read_file("/proc/diskstats");
    read_file("/proc/interrupts");
}

TEST(sysconf_values) {
    CHECK(sysconf(_SC_NPROCESSORS_CONF) >= 1);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    CHECK(sysconf(_SC_PHYS_PAGES) > 0);
    CHECK(sysconf(_SC_AVPHYS_PAGES) > 0);
    CHECK_EQ(sysconf(_SC_PAGESIZE), 4096);
    CHECK_EQ(sysconf(_SC_CLK_TCK), 100);
    CHECK(sysconf(_SC_OPEN_MAX) > 0);
    CHECK_EQ(system("nproc > /dev/null"), 0);
}
