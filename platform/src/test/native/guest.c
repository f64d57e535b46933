/* The guest of SystrapCheck: a freestanding program; mode in rdi, argument in rsi at entry. */
typedef unsigned long u64;
typedef unsigned int u32;

__attribute__((noinline)) static long sys(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#define SYS(n, ...) SYS_(n, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_(n, a, b, c, d, e, f, ...) sys(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* In guest-asm.S: makes one call (number in rdi) with every register filled; 0 if all came back. */
extern long check_call(long nr);
extern long check_loop(long turns);
extern long glibc_getppid(void), glibc_read(int, void *, long), glibc_openat(int, const char *, int, int);
extern long glibc_getpid(void), check_call39(void), glibc_stat(const char *, void *);
char single_threaded = 1;
static volatile u64 counter;
static char buffer[8192];

static long thread_count;
static void thread_main(void)
{
	for (int i = 0; i < 20; i++)
		if (SYS(110) != 77)
			SYS(231, 99);
	__atomic_add_fetch(&thread_count, 1, __ATOMIC_SEQ_CST);
	SYS(60, 0);
}

extern long spawn(void *stack, void (*fn)(void));

static int strlen_(const char *s) { int n = 0; while (s[n]) n++; return n; }

static void put(const char *s) { SYS(1, 1, s, strlen_(s)); }

void guest_main(long mode, long n)
{
	long bad = 0;

	switch (mode) {
	case 0: put("hello\n"); break;
	case 1: for (long i = 0; i < n; i++) if (SYS(110) != 77) bad++; break;
	case 2: for (long i = 0; i < n; i++) bad += check_call(110); break;
	case 3: { /* forks: each child returns its number */
		for (long i = 0; i < n; i++) {
			buffer[100] = i;
			long pid = SYS(57);
			if (pid == 0) {
				if (buffer[100] != (char)i) SYS(231, 98);
				buffer[100] = 55;
				SYS(231, i & 63);
			}
			if (buffer[100] != (char)i) bad++;
		}
		break; }
	case 4: { /* threads */
		char *stacks = (char *)SYS(9, 0, n * 4096, 3, 0x22, -1, 0);
		for (long i = 0; i < n; i++)
			if (spawn(stacks + (i + 1) * 4096, thread_main) <= 0) bad++;
		while (__atomic_load_n(&thread_count, __ATOMIC_SEQ_CST) < n)
			SYS(24);
		break; }
	case 5: *(volatile int *)0x1234 = 1; break;
	case 6: bad = check_loop(n); break; /* no calls: registers under interrupts */
	case 7: for (long i = 0; i < n; i++) if (SYS(1, 1, buffer, 512) != 512) bad++; break;
	case 8: for (long i = 0; i < n; i++) if (SYS(4, "/some/path/to/a/file", buffer)) bad++; break;
	case 9: __asm__ volatile("int $0x80" : : "a"(20) : "memory"); break;
	case 10: __asm__ volatile("xor %%ecx, %%ecx; div %%ecx" : : : "eax", "ecx", "edx"); break;
	case 11: __asm__ volatile("ud2"); break;
	case 12: for (;;) counter++;
	case 13: /* a jump to the stub's syscall with a forbidden number */
		for (long nr = 0; nr < 470; nr++) {
			long r = ((long (*)(long))n)(nr);
			(void)r;
		}
		break;
	case 14: for (long i = 0; i < n; i++) if (glibc_getppid() != 77) bad++; break;
	case 15: for (long i = 0; i < n; i++) if (glibc_read(3, buffer, 64) != 64) bad++; break;
	case 16: for (long i = 0; i < n; i++) if (glibc_openat(-100, "/some/path", 0, 0) != 5) bad++; break;
	case 17: for (long i = 0; i < n; i++) if (SYS(39) != 1234) bad++; break;
	case 18: for (long i = 0; i < n; i++) bad += check_call39(); break;
	case 19: for (long i = 0; i < n; i++) if (glibc_getpid() != 1234) bad++; break;
	case 20: for (long i = 0; i < n; i++) if (glibc_stat("/some/path/to/a/file", buffer)) bad++; break;
	}
	SYS(231, bad ? 1 : 42);
	for (;;)
		;
}
