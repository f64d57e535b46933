/* 1 when this process has moved to a user namespace of its own, and whoever holds the other end of channel is to map its ids. */
int userns_enter(int channel);
/* Maps the ids of the process that has moved, and tells it so through channel. */
void userns_map(int channel, pid_t pid);
