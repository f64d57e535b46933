// Program images: built by hand, whole, truncated and hostile; the initial stack and its auxiliary vector.
#include "help.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/resource.h>

// mov $60,%eax; mov $42,%edi; syscall
static const unsigned char exit42[] = { 0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05 };
#define BASE 0x400000UL
#define CODE 0x1000

static struct image {
    union {
        struct {
            Elf64_Ehdr eh;
            Elf64_Phdr ph[8];
        };
        unsigned char bytes[0x3000];
    };
} img;

// A static program of one read-and-execute segment that exits with 42.
static void make(void) {
    memset(&img, 0, sizeof img);
    memcpy(img.eh.e_ident, ELFMAG, SELFMAG);
    img.eh.e_ident[EI_CLASS] = ELFCLASS64;
    img.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    img.eh.e_ident[EI_VERSION] = EV_CURRENT;
    img.eh.e_type = ET_EXEC;
    img.eh.e_machine = EM_X86_64;
    img.eh.e_version = EV_CURRENT;
    img.eh.e_entry = BASE + CODE;
    img.eh.e_phoff = sizeof(Elf64_Ehdr);
    img.eh.e_ehsize = sizeof(Elf64_Ehdr);
    img.eh.e_phentsize = sizeof(Elf64_Phdr);
    img.eh.e_phnum = 1;
    img.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE, .p_paddr = BASE,
        .p_filesz = CODE + sizeof exit42, .p_memsz = CODE + sizeof exit42, .p_align = 0x1000 };
    memcpy(img.bytes + CODE, exit42, sizeof exit42);
}

static void code(const void *text, size_t length) {
    memcpy(img.bytes + CODE, text, length);
    if (img.ph[0].p_filesz < CODE + length) img.ph[0].p_filesz = img.ph[0].p_memsz = CODE + length;
}

static void save(const char *name, size_t length) {
    int fd = CHECK_OK(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    CHECK_EQ(write(fd, img.bytes, length), length);
    CHECK_OK(close(fd));
}

// Result of executing the image: exit code, minus the signal, or 1000 + errno when execve failed.
static int run_with(size_t length, char **argv, char **envp) {
    int *error = shared(4096);
    save("prog", length);
    pid_t pid;
    FORK(pid) {
        execve("./prog", argv, envp);
        error[0] = errno;
    }
    int code = exit_of(pid), e = error[0];
    munmap(error, 4096);
    return e ? 1000 + e : code;
}

static int run(void) { return run_with(sizeof img.bytes, (char *[]){ "prog", NULL }, (char *[]){ NULL }); }
static int run_cut(size_t length) { return run_with(length, (char *[]){ "prog", NULL }, (char *[]){ NULL }); }

TEST(minimal_static_program) {
    make();
    CHECK_EQ(run(), 42);
}

TEST(file_cut_in_header) {
    make();
    CHECK_EQ(run_cut(1), 1000 + ENOEXEC);
    CHECK_EQ(run_cut(4), 1000 + ENOEXEC);
    CHECK_EQ(run_cut(16), 1000 + ENOEXEC);
    CHECK_EQ(run_cut(63), 1000 + ENOEXEC);
}

TEST(file_cut_in_program_headers) {
    make();
    int result = run_cut(64 + 20);
    CHECK(result == 1000 + EIO || result == 1000 + ENOEXEC);
    result = run_cut(64);
    CHECK(result == 1000 + EIO || result == 1000 + ENOEXEC);
}

TEST(file_cut_before_code) {
    // The segment reaches past the end of the file: the page of the code does not exist.
    make();
    CHECK_EQ(run_cut(CODE), -SIGBUS);
}

TEST(wrong_magic_class_and_machine) {
    make();
    img.eh.e_ident[0] = 0;
    CHECK_EQ(run(), 1000 + ENOEXEC);
    make();
    img.eh.e_machine = EM_AARCH64;
    CHECK_EQ(run(), 1000 + ENOEXEC);
    make();
    img.eh.e_machine = 0xffff;
    CHECK_EQ(run(), 1000 + ENOEXEC);
}

TEST(wrong_type) {
    static const int types[] = { ET_NONE, ET_REL, ET_CORE, 0xff00 };
    for (int i = 0; i < 4; i++) {
        make();
        img.eh.e_type = types[i];
        CHECK_EQ(run(), 1000 + ENOEXEC);
    }
}

TEST(program_header_sizes) {
    make();
    img.eh.e_phentsize = 55;
    CHECK_EQ(run(), 1000 + ENOEXEC);
    make();
    img.eh.e_phentsize = 0;
    CHECK_EQ(run(), 1000 + ENOEXEC);
    make();
    img.eh.e_phnum = 0;
    CHECK_EQ(run(), 1000 + ENOEXEC);
    make();
    img.eh.e_phnum = 0xffff;
    CHECK_EQ(run(), 1000 + ENOEXEC);
}

TEST(program_header_offset_outside) {
    make();
    img.eh.e_phoff = 1UL << 40;
    int result = run();
    CHECK(result == 1000 + EIO || result == 1000 + ENOEXEC);
    make();
    img.eh.e_phoff = -1UL;
    result = run();
    CHECK(result == 1000 + EIO || result == 1000 + ENOEXEC || result == 1000 + EINVAL);
}

TEST(no_load_segment) {
    make();
    img.ph[0].p_type = PT_NOTE;
    int result = run();
    CHECK(result == -SIGSEGV || result > 1000);
}

TEST(entry_outside_segments) {
    make();
    img.eh.e_entry = 0x10;
    CHECK_EQ(run(), -SIGSEGV);
    make();
    img.eh.e_entry = 0xffff800000000000UL;
    CHECK_EQ(run(), -SIGSEGV);
    make();
    img.eh.e_entry = BASE + 0x100000;
    CHECK_EQ(run(), -SIGSEGV);
}

TEST(segment_in_kernel_half) {
    make();
    img.ph[0].p_vaddr = 0xffff800000000000UL;
    int result = run();
    CHECK(result == -SIGSEGV || result == -SIGKILL || result > 1000);
    make();
    img.ph[0].p_vaddr = 0x7ffffffff000UL;
    result = run();
    CHECK(result == -SIGSEGV || result == -SIGKILL || result > 1000);
}

TEST(segment_sizes_hostile) {
    static const unsigned long sizes[] = { -1UL, 1UL << 47, 1UL << 62, 0x7ffffffff000UL, 0xfffffffffffff000UL };
    for (int i = 0; i < 5; i++) {
        make();
        img.ph[0].p_memsz = sizes[i];
        int result = run();
        CHECK(result == -SIGSEGV || result == -SIGKILL || result > 1000);
        make();
        img.ph[0].p_filesz = img.ph[0].p_memsz = sizes[i];
        result = run();
        CHECK(result == -SIGSEGV || result == -SIGKILL || result > 1000);
    }
}

TEST(file_size_above_memory_size) {
    make();
    img.ph[0].p_filesz = 0x2000;
    img.ph[0].p_memsz = 0x1000;
    int result = run();
    CHECK(result == -SIGSEGV || result == -SIGKILL || result > 1000);
}

TEST(offset_and_address_disagree) {
    // Not congruent within a page: the mapping cannot be made.
    make();
    img.ph[0].p_vaddr = BASE + 0x123;
    int result = run();
    CHECK(result == -SIGSEGV || result == -SIGKILL || result > 1000);
}

TEST(segment_beyond_end_of_file) {
    make();
    img.ph[0].p_offset = 1UL << 30;
    img.eh.e_entry = BASE + CODE;
    CHECK_EQ(run(), -SIGBUS);
}

TEST(overlapping_segments_later_wins) {
    make();
    img.eh.e_phnum = 2;
    img.ph[1] = img.ph[0];
    CHECK_EQ(run(), 42);
}

TEST(bss_is_zero) {
    // The segment's page holds rubbish behind the file part, which must read as zeros.
    // mov $BASE+0x2800,%ebx ; mov (%rbx),%edi ; add 0x1000(%rbx),%edi ; mov $60,%eax ; syscall
    static const unsigned char text[] = { 0xbb, 0x00, 0x28, 0x50, 0, 0x8b, 0x3b, 0x03, 0xbb, 0, 0x10, 0, 0,
        0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
    make();
    code(text, sizeof text);
    img.eh.e_phnum = 2;
    img.ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x2000, .p_vaddr = 0x502000,
        .p_filesz = 0x100, .p_memsz = 0x3000, .p_align = 0x1000 };
    memset(img.bytes + 0x2100, 0x77, 0xf00);
    CHECK_EQ(run(), 0);
}

TEST(bss_without_file_part) {
    make();
    img.eh.e_phnum = 2;
    img.ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x600000, .p_memsz = 0x2000, .p_align = 0x1000 };
    // mov $0x600ff8,%ebx ; incl (%rbx) ; mov (%rbx),%edi ; mov $60,%eax ; syscall
    static const unsigned char text[] = { 0xbb, 0xf8, 0x0f, 0x60, 0, 0xff, 0x03, 0x8b, 0x3b, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
    code(text, sizeof text);
    CHECK_EQ(run(), 1);
}

TEST(segment_protection) {
    // Writing to the program's own text: mov $BASE,%ebx ; incl (%rbx)
    static const unsigned char text[] = { 0xbb, 0, 0, 0x40, 0, 0xff, 0x03, 0x0f, 0x0b };
    make();
    code(text, sizeof text);
    CHECK_EQ(run(), -SIGSEGV);
    make();
    img.ph[0].p_flags = PF_R | PF_W;
    CHECK_EQ(run(), -SIGSEGV);
    make();
    code(text, sizeof text);
    img.ph[0].p_flags = PF_R | PF_W | PF_X;
    CHECK_EQ(run(), -SIGILL);
}

TEST(executable_stack_by_header) {
    // mov $0x9090050f,%eax... : lea -64(%rsp),%rbx ; movl $0x00003cb8,(%rbx)... is long: jump to a ret on the stack.
    // lea -16(%rsp),%rbx ; movb $0xc3,(%rbx) ; call *%rbx ; mov $60,%eax ; mov $42,%edi ; syscall
    static const unsigned char text[] = { 0x48, 0x8d, 0x5c, 0x24, 0xe0, 0xc6, 0x03, 0xc3, 0xff, 0xd3,
        0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05 };
    make();
    code(text, sizeof text);
    img.eh.e_phnum = 2;
    img.ph[1] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
    CHECK_EQ(run(), -SIGSEGV);
    img.ph[1].p_flags = PF_R | PF_W | PF_X;
    CHECK_EQ(run(), 42);
    // Without that header a 64-bit program's stack is not executable (since 5.8).
    img.eh.e_phnum = 1;
    CHECK_EQ(run(), -SIGSEGV);
}

TEST(position_independent_program) {
    make();
    img.eh.e_type = ET_DYN;
    img.ph[0].p_vaddr = img.ph[0].p_paddr = 0;
    img.eh.e_entry = CODE;
    CHECK_EQ(run(), 42);
}

TEST(interpreter_named_by_program) {
    // The program's own code would exit with 42; its interpreter is another such image, at a free address.
    make();
    img.bytes[CODE + 6] = 43;
    img.eh.e_type = ET_DYN;
    img.ph[0].p_vaddr = 0;
    img.eh.e_entry = CODE;
    save("interp", sizeof img.bytes);
    make();
    img.eh.e_phnum = 2;
    img.ph[1] = img.ph[0];
    img.ph[0] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_flags = PF_R, .p_offset = 0x800, .p_filesz = 9, .p_memsz = 9 };
    strcpy((char *)img.bytes + 0x800, "./interp");
    CHECK_EQ(run(), 43);
}

static int run_interp(const char *name, size_t size) {
    make();
    img.eh.e_phnum = 2;
    img.ph[1] = img.ph[0];
    img.ph[0] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 0x800, .p_filesz = size, .p_memsz = size };
    memcpy(img.bytes + 0x800, name, strlen(name) + 1);
    return run();
}

TEST(interpreter_errors) {
    CHECK_EQ(run_interp("./missing", 10), 1000 + ENOENT);
    CHECK_EQ(run_interp("./prog", 6), 1000 + ENOEXEC);      // no end of string
    CHECK_EQ(run_interp("x", 1), 1000 + ENOEXEC);
    CHECK_EQ(run_interp("./x", 5000), 1000 + ENOEXEC);      // longer than PATH_MAX
    write_file("text", "not an image");
    CHECK_OK(chmod("text", 0755));
    int result = run_interp("./text", 7);
    CHECK(result == 1000 + ELIBBAD || result == 1000 + EIO);
    static char zeros[4096];
    int fd = CHECK_OK(open("zeros", O_WRONLY | O_CREAT, 0755));
    CHECK_EQ(write(fd, zeros, sizeof zeros), sizeof zeros);
    close(fd);
    CHECK_EQ(run_interp("./zeros", 8), 1000 + ELIBBAD);
    CHECK_OK(chmod("zeros", 0644));
    CHECK_EQ(run_interp("./zeros", 8), 1000 + EACCES);
    CHECK_EQ(run_interp("/dev", 5), 1000 + EACCES);
}

TEST(program_32_bit_is_clear) {
    // A kernel with 32-bit support runs it, another says ENOEXEC; never anything else.
    struct { Elf32_Ehdr eh; Elf32_Phdr ph; unsigned char text[64]; } small;
    memset(&small, 0, sizeof small);
    memcpy(small.eh.e_ident, ELFMAG, SELFMAG);
    small.eh.e_ident[EI_CLASS] = ELFCLASS32;
    small.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    small.eh.e_ident[EI_VERSION] = EV_CURRENT;
    small.eh.e_type = ET_EXEC;
    small.eh.e_machine = EM_386;
    small.eh.e_version = EV_CURRENT;
    small.eh.e_entry = 0x8048000 + offsetof(typeof(small), text);
    small.eh.e_phoff = sizeof small.eh;
    small.eh.e_ehsize = sizeof small.eh;
    small.eh.e_phentsize = sizeof small.ph;
    small.eh.e_phnum = 1;
    small.ph = (Elf32_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0x8048000, .p_filesz = sizeof small, .p_memsz = sizeof small,
        .p_flags = PF_R | PF_X, .p_align = 0x1000 };
    // mov $1,%eax ; mov $42,%ebx ; int $0x80
    memcpy(small.text, "\xb8\1\0\0\0\xbb\x2a\0\0\0\xcd\x80", 12);
    memset(&img, 0, sizeof img);
    memcpy(&img, &small, sizeof small);
    int result = run();
    CHECK(result == 42 || result == 1000 + ENOEXEC);
}

TEST(header_bytes_flipped) {
    // Each byte of the headers in turn, with three values: whatever happens, it is a clean end and the next image runs.
    static const unsigned char values[] = { 0xff, 0x80, 0x01 };
    for (size_t at = 0; at < 64 + 56; at++) {
        make();
        img.bytes[at] ^= values[at % 3];
        int result = run();
        // A changed entry point may run into any byte of the segment, but cannot leave a hanging process.
        CHECK(result >= -64 && result < 1000 + 200);
    }
    make();
    CHECK_EQ(run(), 42);
}

// --- initial stack ---

TEST(initial_registers_and_stack) {
    // Stack pointer is a multiple of 16 and points at argc; rdx is zero (no function to register at exit).
    // mov (%rsp),%edi ; mov %rsp,%rax ; and $15,%eax ; add %eax,%edi ; add %edx,%edi ; mov $60,%eax ; syscall
    static const unsigned char text[] = { 0x8b, 0x3c, 0x24, 0x48, 0x89, 0xe0, 0x83, 0xe0, 15, 0x01, 0xc7, 0x01, 0xd7,
        0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
    make();
    code(text, sizeof text);
    for (int n = 1; n < 6; n++) {
        char *argv[8] = { "a", "bb", "ccc", "d", "e", "f" };
        argv[n] = NULL;
        CHECK_EQ(run_with(sizeof img.bytes, argv, (char *[]){ "X=1", NULL }), n);
    }
}

TEST(auxv_values) {
    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
    CHECK_EQ(getauxval(AT_CLKTCK), 100);
    CHECK_EQ(getauxval(AT_UID), getuid());
    CHECK_EQ(getauxval(AT_EUID), geteuid());
    CHECK_EQ(getauxval(AT_GID), getgid());
    CHECK_EQ(getauxval(AT_EGID), getegid());
    CHECK_EQ(getauxval(AT_SECURE), 0);
    CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
    CHECK(getauxval(AT_PHNUM) > 3);
    CHECK(getauxval(AT_HWCAP) != 0);
    CHECK_STR((char *)getauxval(AT_PLATFORM), "x86_64");
    CHECK(getauxval(AT_MINSIGSTKSZ) >= 1024);
}

TEST(auxv_phdr_and_entry) {
    const Elf64_Phdr *ph = (void *)getauxval(AT_PHDR);
    unsigned long phnum = getauxval(AT_PHNUM), base = 0, ok = 0;
    for (unsigned long i = 0; i < phnum; i++)
        if (ph[i].p_type == PT_PHDR) base = (unsigned long)ph - ph[i].p_vaddr;
    const Elf64_Ehdr *eh = (void *)base;
    CHECK(!memcmp(eh->e_ident, ELFMAG, SELFMAG));
    CHECK_EQ(getauxval(AT_ENTRY), base + eh->e_entry);
    for (unsigned long i = 0; i < phnum; i++) ok |= ph[i].p_type == PT_INTERP;
    CHECK(ok);
    const Elf64_Ehdr *ld = (void *)getauxval(AT_BASE);
    CHECK(!memcmp(ld->e_ident, ELFMAG, SELFMAG));
}

TEST(auxv_vdso_is_an_image) {
    unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
    if (!vdso) SKIP("no vdso");
    CHECK(!memcmp((void *)vdso, ELFMAG, SELFMAG));
    CHECK_EQ(vdso & 4095, 0);
}

TEST(auxv_execfn_and_random) {
    char link[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", link, sizeof link - 1);
    CHECK(n > 0);
    link[n] = 0;
    const char *fn = (char *)getauxval(AT_EXECFN);
    CHECK(fn && !strcmp(strrchr(link, '/') + 1, strrchr(fn, '/') ? strrchr(fn, '/') + 1 : fn));
    const unsigned char *r = (void *)getauxval(AT_RANDOM);
    int bits = 0;
    for (int i = 0; i < 16; i++) bits |= r[i];
    CHECK(bits != 0);
}

TEST(auxv_in_proc_is_the_same) {
    unsigned long pair[2];
    int fd = CHECK_OK(open("/proc/self/auxv", O_RDONLY)), seen = 0;
    while (read(fd, pair, sizeof pair) == sizeof pair && pair[0]) {
        if (pair[0] == AT_IGNORE || pair[0] == AT_HWCAP) continue;  // glibc answers its own AT_HWCAP
        CHECK_EQ(getauxval(pair[0]), pair[1]);
        seen++;
    }
    CHECK(seen >= 15);
}

TEST(addresses_differ_between_runs) {
    // exit(bits 12..17 of the stack pointer): randomized, unless the personality says otherwise.
    // mov %rsp,%rdi ; shr $12,%rdi ; and $0x3f,%edi ; mov $60,%eax ; syscall
    static const unsigned char text[] = { 0x48, 0x89, 0xe7, 0x48, 0xc1, 0xef, 12, 0x81, 0xe7, 0x3f, 0, 0, 0,
        0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
    make();
    code(text, sizeof text);
    int first = run(), different = 0;
    for (int i = 0; i < 12; i++) different += run() != first;
    CHECK(different > 0);
    if (personality(ADDR_NO_RANDOMIZE) == -1) SKIP("personality not permitted");
    first = run();
    for (int i = 0; i < 6; i++) CHECK_EQ(run(), first);
}

TEST(stack_limit_bounds_growth) {
    // Touch 4 MB below the stack pointer: inside the usual 8 MB, outside a limit of 1 MB.
    // lea -0x400000(%rsp),%rbx ; incl (%rbx) ; mov $60,%eax ; mov $42,%edi ; syscall
    static const unsigned char text[] = { 0x48, 0x8d, 0x9c, 0x24, 0, 0, 0xc0, 0xff, 0xff, 0x03,
        0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05 };
    struct rlimit limit;
    make();
    code(text, sizeof text);
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 8 << 20;
    CHECK_OK(setrlimit(RLIMIT_STACK, &limit));
    CHECK_EQ(run(), 42);
    limit.rlim_cur = 1 << 20;
    CHECK_OK(setrlimit(RLIMIT_STACK, &limit));
    CHECK_EQ(run(), -SIGSEGV);
}

TEST(brk_starts_after_image) {
    // exit((brk(0) >= BASE + 0x2000) + (brk(0) < BASE + 0x6000000)): near the image's end, maybe at a random distance.
    static const unsigned char text[] = { 0xb8, 12, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05,  // brk(0)
        0x31, 0xff, 0x48, 0x3d, 0x00, 0x20, 0x40, 0x00, 0x40, 0x0f, 0x93, 0xc7,      // cmp $0x402000,%rax ; setae %dil
        0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
    make();
    code(text, sizeof text);
    CHECK_EQ(run(), 1);
}
