/* See container.c. */
void container_prepare(char **argv, long *channel, long *hand_end);
void container_hand(void);
int container_command(char **argv);
_Noreturn void container_stand_in(int connection);
