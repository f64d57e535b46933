/* See jail.c. */
struct jail {
	long namespaces; /* bits of those that are new */
	long error; /* errno of what was refused, with its step in the bits above; 0: nothing */
	long outside, outside_pid; /* the memory of the process outside, or 0; its pid, also if it only guards, or 0 */
	long door; /* where the leader is asked to leave the root, or 0 */
};

void jail_enter(char **argv, struct jail *jail);
/* Puts an empty root over a directory and leaves the old one: 0 or an errno. By the leading thread, when it is asked to. */
int jail_leave(const char *over, int pod);
void jail_door(const char *over);
