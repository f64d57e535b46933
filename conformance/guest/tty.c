// The line discipline of a terminal: canonical and raw input, echo, editing, output processing, flow control.
#include "help.h"
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static struct termios tio;
static char text[8192];

// A terminal with nothing but canonical input; each test switches on what it is about.
static void open_tty(tcflag_t lflag) {
    CHECK_OK(openpty(&master, &slave, NULL, NULL, NULL));
    CHECK_OK(tcgetattr(slave, &tio));
    tio.c_iflag = tio.c_oflag = 0;
    tio.c_lflag = lflag;
    CHECK_OK(tcsetattr(slave, TCSANOW, &tio));
    CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
    CHECK_OK(fcntl(master, F_SETFL, O_NONBLOCK));
}
static void apply(void) { CHECK_OK(tcsetattr(slave, TCSANOW, &tio)); }
static void type(const char *s) { CHECK_EQ(write(master, s, strlen(s)), strlen(s)); }
static void out(const char *s) { CHECK_EQ(write(slave, s, strlen(s)), strlen(s)); }
// What one read gives now; "" when it would block or at an end.
static const char *take(int fd) {
    poll_one(fd, POLLIN, 60);
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    return text;
}
static const char *input(void) { return take(slave); }
static const char *screen(void) { return take(master); }

TEST(defaults) {
    CHECK_OK(openpty(&master, &slave, NULL, NULL, NULL));
    CHECK_OK(tcgetattr(slave, &tio));
    CHECK_EQ(tio.c_iflag, ICRNL | IXON);
    CHECK_EQ(tio.c_oflag, OPOST | ONLCR);
    CHECK_EQ(tio.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
    CHECK_EQ(tio.c_cflag & (CSIZE | CREAD | PARENB), CS8 | CREAD);
    CHECK_EQ(cfgetospeed(&tio), B38400);
    CHECK_EQ(tio.c_cc[VINTR], 3);
    CHECK_EQ(tio.c_cc[VQUIT], 28);
    CHECK_EQ(tio.c_cc[VERASE], 127);
    CHECK_EQ(tio.c_cc[VKILL], 21);
    CHECK_EQ(tio.c_cc[VEOF], 4);
    CHECK_EQ(tio.c_cc[VSUSP], 26);
    CHECK_EQ(tio.c_cc[VMIN], 1);
    CHECK_EQ(tio.c_cc[VWERASE], 23);
    CHECK_EQ(tio.c_cc[VLNEXT], 22);
    CHECK_EQ(tio.c_cc[VSTART], 17);
    CHECK_EQ(tio.c_cc[VSTOP], 19);
}

TEST(canonical_line_by_line) {
    open_tty(ICANON);
    type("hello");
    CHECK_STR(input(), "");
    type(" world\nsecond\n");
    CHECK_STR(input(), "hello world\n");
    CHECK_STR(input(), "second\n");
    CHECK_STR(input(), "");
}

TEST(canonical_short_reads_keep_the_rest) {
    open_tty(ICANON);
    type("abcdef\n");
    CHECK_EQ(poll_one(slave, POLLIN, 1000), POLLIN);
    CHECK_EQ(read(slave, text, 4), 4);
    CHECK_EQ(read(slave, text, 100), 3);
    CHECK_MEM(text, "ef\n", 3);
}

TEST(end_of_file) {
    open_tty(ICANON);
    type("part\4");
    CHECK_STR(input(), "part");
    type("\4");
    CHECK_EQ(poll_one(slave, POLLIN, 1000), POLLIN);
    CHECK_EQ(read(slave, text, 10), 0);
    // It ends one read only.
    type("more\n");
    CHECK_STR(input(), "more\n");
}

TEST(other_line_ends) {
    open_tty(ICANON);
    tio.c_cc[VEOL] = ';';
    tio.c_cc[VEOL2] = '!';
    tio.c_lflag |= IEXTEN;
    apply();
    type("a;b!c\n");
    CHECK_STR(input(), "a;");
    CHECK_STR(input(), "b!");
    CHECK_STR(input(), "c\n");
}

TEST(erase_and_kill) {
    open_tty(ICANON);
    type("abc\177\177x\n");
    CHECK_STR(input(), "ax\n");
    type("\177\177a\n");
    CHECK_STR(input(), "a\n");
    type("wrong\25right\n");
    CHECK_STR(input(), "right\n");
}

TEST(word_erase_and_literal_next) {
    open_tty(ICANON | IEXTEN);
    type("one two\27three\n");
    CHECK_STR(input(), "one three\n");
    type("one two  \27x\n");
    CHECK_STR(input(), "one x\n");
    type("a\26\177b\n");
    CHECK_STR(input(), "a\177b\n");
    type("a\26\nb\n");
    CHECK_STR(input(), "a\nb\n");
    tio.c_lflag &= ~IEXTEN;
    apply();
    type("x\27y\n");
    CHECK_STR(input(), "x\27y\n");
}

TEST(echo_of_characters) {
    open_tty(ICANON | ECHO);
    type("ab\n");
    CHECK_STR(screen(), "ab\n");
    tio.c_lflag = ICANON;
    apply();
    type("cd\n");
    CHECK_STR(screen(), "");
    tio.c_lflag = ICANON | ECHONL;
    apply();
    type("ef\n");
    CHECK_STR(screen(), "\n");
}

TEST(echo_of_control_characters) {
    open_tty(ICANON | ECHO | ECHOCTL);
    type("\1\7");
    CHECK_STR(screen(), "^A^G");
    type("\t");
    CHECK_STR(screen(), "\t");
    tio.c_lflag &= ~ECHOCTL;
    apply();
    type("\1");
    CHECK_STR(screen(), "\1");
}

TEST(echo_of_erasing) {
    open_tty(ICANON | ECHO | ECHOE | ECHOCTL);
    type("ab");
    CHECK_STR(screen(), "ab");
    type("\177");
    CHECK_STR(screen(), "\b \b");
    type("\177\177");
    CHECK_STR(screen(), "\b \b");
    // A control character took two columns.
    type("\1");
    CHECK_STR(screen(), "^A");
    type("\177");
    CHECK_STR(screen(), "\b \b\b \b");
}

TEST(echo_of_killing) {
    open_tty(ICANON | ECHO | ECHOK);
    type("abc");
    CHECK_STR(screen(), "abc");
    type("\25");
    CHECK_STR(screen(), "\25\n");
    tio.c_lflag = ICANON | ECHO | ECHOE | ECHOK | ECHOKE;
    apply();
    type("xy");
    CHECK_STR(screen(), "xy");
    type("\25");
    CHECK_STR(screen(), "\b \b\b \b");
}

TEST(echo_of_end_of_file_not_shown) {
    open_tty(ICANON | ECHO | ECHOCTL);
    type("\4");
    CHECK_STR(screen(), "");
}

TEST(carriage_return_input) {
    open_tty(ICANON);
    tio.c_iflag = ICRNL;
    apply();
    type("a\r");
    CHECK_STR(input(), "a\n");
    tio.c_iflag = IGNCR;
    apply();
    type("a\rb\n");
    CHECK_STR(input(), "ab\n");
    tio.c_iflag = INLCR;
    apply();
    type("a\n");
    CHECK_STR(input(), "");
    type("\4");
    CHECK_STR(input(), "a\r");
}

TEST(strip_and_lower_case) {
    open_tty(ICANON | IEXTEN);
    tio.c_iflag = ISTRIP;
    apply();
    type("\xe1\xe2\n");
    CHECK_STR(input(), "ab\n");
    tio.c_iflag = IUCLC;
    apply();
    type("ABc\n");
    CHECK_STR(input(), "abc\n");
}

TEST(utf8_erase) {
    open_tty(ICANON);
    tio.c_iflag = IUTF8;
    apply();
    type("a\xc3\xa4\177b\n");
    CHECK_STR(input(), "ab\n");
    tio.c_iflag = 0;
    apply();
    type("a\xc3\xa4\177b\n");
    CHECK_STR(input(), "a\xc3" "b\n");
}

TEST(output_processing) {
    open_tty(0);
    out("a\nb");
    CHECK_STR(screen(), "a\nb");
    tio.c_oflag = OPOST | ONLCR;
    apply();
    out("a\nb");
    CHECK_STR(screen(), "a\r\nb");
    tio.c_oflag = OPOST | OCRNL;
    apply();
    out("a\rb");
    CHECK_STR(screen(), "a\nb");
    tio.c_oflag = OPOST | OLCUC;
    apply();
    out("abc");
    CHECK_STR(screen(), "ABC");
    tio.c_oflag = ONLCR;
    apply();
    out("a\n");
    CHECK_STR(screen(), "a\n");
}

TEST(tabs_expanded) {
    open_tty(0);
    tio.c_oflag = OPOST | XTABS;
    apply();
    out("\rab\tc\td");
    CHECK_STR(screen(), "\rab      c       d");
    // No return at column zero.
    out("\r");
    screen();
    tio.c_oflag = OPOST | ONOCR;
    apply();
    out("\ra\r");
    CHECK_STR(screen(), "a\r");
}

TEST(raw_min_and_time) {
    open_tty(0);
    CHECK_OK(fcntl(slave, F_SETFL, 0));
    tio.c_cc[VMIN] = 3;
    tio.c_cc[VTIME] = 0;
    apply();
    pid_t pid;
    FORK(pid) { write(master, "ab", 2); sleep_ms(40); write(master, "cde", 3); }
    CHECK_EQ(read(slave, text, 100) >= 3, 1);
    reap(pid);
    screen();
    tcflush(slave, TCIFLUSH);
    tio.c_cc[VMIN] = 0;
    tio.c_cc[VTIME] = 1;
    apply();
    long long t0 = now_ns();
    CHECK_EQ(read(slave, text, 100), 0);
    CHECK(now_ns() - t0 >= 80 * MS);
    tio.c_cc[VTIME] = 0;
    apply();
    CHECK_EQ(read(slave, text, 100), 0);
    type("q");
    CHECK_EQ(poll_one(slave, POLLIN, 1000), POLLIN);
    CHECK_EQ(read(slave, text, 100), 1);
}

TEST(raw_interbyte_timer) {
    open_tty(0);
    CHECK_OK(fcntl(slave, F_SETFL, 0));
    tio.c_cc[VMIN] = 10;
    tio.c_cc[VTIME] = 1;
    apply();
    // The clock starts with the first byte.
    pid_t pid;
    FORK(pid) { sleep_ms(200); write(master, "abc", 3); }
    CHECK_EQ(read(slave, text, 100), 3);
    reap(pid);
}

TEST(raw_passes_everything) {
    open_tty(0);
    char all[255];
    for (int i = 0; i < 255; i++) all[i] = i + 1;
    CHECK_EQ(write(master, all, 255), 255);
    int n = 0;
    while (n < 255 && poll_one(slave, POLLIN, 1000)) { ssize_t r = read(slave, text + n, 300); CHECK(r > 0); n += r; }
    CHECK_MEM(text, all, 255);
    CHECK_EQ(write(slave, all, 255), 255);
    for (n = 0; n < 255 && poll_one(master, POLLIN, 1000); ) { ssize_t r = read(master, text + n, 300); CHECK(r > 0); n += r; }
    CHECK_MEM(text, all, 255);
}

TEST(cfmakeraw_and_back) {
    open_tty(ICANON | ECHO | ISIG);
    type("abc");
    CHECK_STR(input(), "");
    struct termios raw = tio;
    cfmakeraw(&raw);
    CHECK_OK(tcsetattr(slave, TCSANOW, &raw));
    // What was typed of an unfinished line becomes readable.
    CHECK_STR(input(), "abc");
    CHECK_OK(tcgetattr(slave, &raw));
    CHECK_EQ(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
    CHECK_EQ(raw.c_oflag & OPOST, 0);
}

TEST(set_with_flush) {
    open_tty(ICANON);
    type("line\n");
    CHECK_EQ(poll_one(slave, POLLIN, 1000), POLLIN);
    CHECK_OK(tcsetattr(slave, TCSAFLUSH, &tio));
    CHECK_STR(input(), "");
    type("line\n");
    CHECK_EQ(poll_one(slave, POLLIN, 1000), POLLIN);
    CHECK_OK(tcsetattr(slave, TCSADRAIN, &tio));
    CHECK_STR(input(), "line\n");
}

TEST(flush_and_counts) {
    open_tty(0);
    int n = -1;
    type("12345");
    CHECK_EQ(poll_one(slave, POLLIN, 1000), POLLIN);
    CHECK_OK(ioctl(slave, FIONREAD, &n));
    CHECK_EQ(n, 5);
    CHECK_OK(tcflush(slave, TCIFLUSH));
    CHECK_OK(ioctl(slave, FIONREAD, &n));
    CHECK_EQ(n, 0);
    out("xyz");
    CHECK_EQ(poll_one(master, POLLIN, 1000), POLLIN);
    CHECK_OK(ioctl(master, FIONREAD, &n));
    CHECK_EQ(n, 3);
    CHECK_OK(ioctl(slave, TIOCOUTQ, &n));
    CHECK_ERR(tcflush(slave, 77), EINVAL);
    CHECK_STR(screen(), "xyz");
    open_tty(ICANON);
    type("unfinished");
    sleep_ms(20);
    CHECK_OK(ioctl(slave, FIONREAD, &n));
    CHECK_EQ(n, 0);
}

TEST(flow_control_characters) {
    open_tty(ICANON);
    tio.c_iflag = IXON;
    apply();
    CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
    type("\23");
    sleep_ms(30);
    // Output is held back until ^Q; neither character is input.
    CHECK_ERR(write(slave, "held", 4), EAGAIN);
    type("\21");
    sleep_ms(30);
    out("free");
    CHECK_STR(screen(), "free");
    type("ab\n");
    CHECK_STR(input(), "ab\n");
    CHECK_OK(tcflow(slave, TCOOFF));
    CHECK_ERR(write(slave, "held", 4), EAGAIN);
    CHECK_OK(tcflow(slave, TCOON));
    out("again");
    CHECK_STR(screen(), "again");
}

TEST(blocking_read_woken_by_line) {
    open_tty(ICANON);
    CHECK_OK(fcntl(slave, F_SETFL, 0));
    pid_t pid;
    FORK(pid) { write(master, "wait", 4); sleep_ms(40); write(master, "ed\n", 3); }
    CHECK_EQ(read(slave, text, 100), 7);
    reap(pid);
}

TEST(poll_states) {
    open_tty(ICANON);
    CHECK_EQ(poll_one(slave, POLLIN | POLLOUT, 0), POLLOUT);
    type("part");
    CHECK_EQ(poll_one(slave, POLLIN, 30), 0);
    type("\n");
    CHECK_EQ(poll_one(slave, POLLIN, 1000), POLLIN);
    input();
    CHECK_EQ(poll_one(master, POLLIN | POLLOUT, 0), POLLOUT);
    out("x");
    CHECK_EQ(poll_one(master, POLLIN, 1000), POLLIN);
}

TEST(long_line_is_bounded) {
    open_tty(ICANON);
    char big[6000];
    memset(big, 'a', sizeof big);
    ssize_t n = write(master, big, sizeof big);
    CHECK(n > 0);
    // A line holds at most 4095 characters and its end; what is too much is lost, the end is not.
    for (int i = 0; i < 50 && write(master, "\n", 1) != 1; i++) sleep_ms(5);
    size_t got = strlen(input());
    CHECK(got <= 4096 && got > 1000);
    CHECK_EQ(text[got - 1], '\n');
}

TEST(ioctl_errors) {
    struct winsize w;
    open_tty(ICANON);
    CHECK_ERR(ioctl(slave, TCGETS, BAD), EFAULT);
    CHECK_ERR(ioctl(slave, TCSETS, BAD), EFAULT);
    CHECK_ERR(ioctl(slave, TIOCGWINSZ, BAD), EFAULT);
    CHECK_ERR(ioctl(slave, TIOCSWINSZ, BAD), EFAULT);
    CHECK_ERR(ioctl(slave, FIONREAD, BAD), EFAULT);
    CHECK_ERR(ioctl(slave, 0x5499, &w), ENOTTY);
    int fds[2];
    CHECK_OK(pipe(fds));
    CHECK_ERR(ioctl(fds[0], TCGETS, &tio), ENOTTY);
    CHECK_ERR(ioctl(CHECK_OK(open("/dev/null", O_RDWR)), TCGETS, &tio), ENOTTY);
    CHECK_ERR(ioctl(fds[0], TIOCGWINSZ, &w), ENOTTY);
    CHECK_ERR(lseek(slave, 0, SEEK_SET), ESPIPE);
}

TEST(not_a_terminal) {
    CHECK_EQ(isatty(CHECK_OK(open("/dev/null", O_RDWR))), 0);
    CHECK(errno == ENOTTY);
    open_tty(0);
    CHECK_EQ(isatty(slave), 1);
    CHECK_EQ(isatty(master), 1);
    CHECK_EQ(isatty(200), 0);
    CHECK(errno == EBADF);
}

TEST(window_size) {
    struct winsize w = { 24, 80, 640, 480 }, got;
    open_tty(0);
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &got));
    CHECK_EQ(got.ws_row | got.ws_col, 0);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &w));
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &got));
    CHECK_MEM(&got, &w, sizeof w);
    w.ws_row = 50;
    CHECK_OK(ioctl(slave, TIOCSWINSZ, &w));
    CHECK_OK(ioctl(master, TIOCGWINSZ, &got));
    CHECK_EQ(got.ws_row, 50);
}

TEST(simulated_input) {
    open_tty(ICANON);
    char c = 'z';
    if (ioctl(slave, TIOCSTI, &c) == -1) { CHECK(errno == EIO || errno == EPERM); return; }
    type("\n");
    CHECK_STR(input(), "z\n");
}

TEST(attributes_through_the_master) {
    open_tty(ICANON | ECHO);
    struct termios t;
    CHECK_OK(tcgetattr(master, &t));
    CHECK_EQ(t.c_lflag, ICANON | ECHO);
    t.c_lflag = 0;
    CHECK_OK(tcsetattr(master, TCSANOW, &t));
    CHECK_OK(tcgetattr(slave, &t));
    CHECK_EQ(t.c_lflag, 0);
}

TEST(speeds_are_kept) {
    open_tty(0);
    cfsetospeed(&tio, B115200);
    cfsetispeed(&tio, B115200);
    apply();
    CHECK_OK(tcgetattr(slave, &tio));
    CHECK_EQ(cfgetospeed(&tio), B115200);
    CHECK_OK(tcsendbreak(slave, 0));
    CHECK_OK(tcdrain(slave));
}
