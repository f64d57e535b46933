/* See container.c. */
void container_prepare(char **argv, long *channel, long *hand_end);
void container_hand(const char *home);
int container_command(char **argv);
_Noreturn void container_stand_in(int connection);
int container_is_rest(int count, char **argv);
_Noreturn void container_rest(void);
