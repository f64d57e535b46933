/*
 * Runs a command under a seccomp filter that lets some calls fail, as a container's would: for tests.
 *
 *   restrict CALL[:ARGUMENT=VALUE]=ERRNO... COMMAND [ARGUMENT...]
 *
 * CALL and ERRNO are numbers; with ARGUMENT (0 to 5) and VALUE only calls with that value there (its low 32 bits) fail.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter program[256];
static unsigned short length;

static void emit(unsigned short code, unsigned k, unsigned char yes, unsigned char no)
{
	program[length++] = (struct sock_filter)BPF_JUMP(code, k, yes, no);
}

static void refuse(unsigned call, int argument, unsigned value, unsigned error)
{
	emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit(BPF_JMP | BPF_JEQ | BPF_K, call, 0, argument < 0 ? 1 : 3);
	if (argument >= 0) {
		emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[argument]), 0, 0);
		emit(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	}
	emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error, 0, 0);
}

int main(int argc, char **argv)
{
	struct sock_fprog whole = { 0, program };
	int i;

	for (i = 1; i < argc && strchr(argv[i], '='); i++) {
		unsigned call, argument, value, error;

		if (sscanf(argv[i], "%u:%u=%u=%u", &call, &argument, &value, &error) == 4)
			refuse(call, argument, value, error);
		else if (sscanf(argv[i], "%u=%u", &call, &error) == 2)
			refuse(call, -1, 0, error);
		else
			return 125;
	}
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	whole.len = length;
	if (i >= argc || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole)) {
		perror("restrict");
		return 125;
	}
	execvp(argv[i], argv + i);
	perror(argv[i]);
	return 127;
}
