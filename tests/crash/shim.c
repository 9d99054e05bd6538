/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* Preloaded into the program under test: counts the system calls by which the queue changes or
 * reads the disk, and at the n-th one ends the process (SIGKILL, before or after the call) or lets
 * the call fail. From the environment:
 *
 *     CRASH_AT     n, from 1
 *     CRASH_HOW    before, after, or the number of an errno
 *     CRASH_WHO    parent, or child: the first process that the program forks
 *     CRASH_MARK   a file of one octet, which becomes '!' when it happens; it is mapped, since the
 *                  process may by then have given up opening files
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long left = -1;
static int wanted_error;
static int kill_after;
static int is_ours = 1;
static char *mark;

static void map_mark(const char *path)
{
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR) : -1;
    void *map = fd >= 0 ? mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

    mark = map == MAP_FAILED ? NULL : map;
    syscall(SYS_close, fd);
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("CRASH_AT"), *how = getenv("CRASH_HOW"), *who = getenv("CRASH_WHO");

    left = at ? strtol(at, NULL, 10) : -1;
    kill_after = how && strcmp(how, "after") == 0;
    wanted_error = how ? (int)strtol(how, NULL, 10) : 0;
    is_ours = !who || strcmp(who, "parent") == 0;
    map_mark(getenv("CRASH_MARK"));
}

static void die(void)
{
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

/* -1 with errno when the call is to fail, 1 when the process ends behind it, else 0. */
static int step(int can_fail)
{
    if (!is_ours || left <= 0 || --left > 0)
        return 0;
    if (mark)
        *mark = '!';
    if (wanted_error) {
        if (!can_fail)
            return 0;
        errno = wanted_error;
        return -1;
    }
    if (!kill_after)
        die();
    return kill_after;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(can_fail, call) \
    do { \
        int now = step(can_fail); \
        if (now < 0) \
            return -1; \
        __auto_type result = call; \
        if (now > 0) \
            die(); \
        return result; \
    } while (0)

int openat(int at, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode = 0;

    va_start(args, flags);
    if (flags & (O_CREAT | O_TMPFILE))
        mode = va_arg(args, mode_t);
    va_end(args);
    WRAP(1, (int)syscall(SYS_openat, at, path, flags, mode));
}

int mkdirat(int at, const char *path, mode_t mode)
{
    WRAP(1, NEXT(mkdirat)(at, path, mode));
}

ssize_t write(int fd, const void *data, size_t len)
{
    WRAP(1, NEXT(write)(fd, data, len));
}

ssize_t pread(int fd, void *data, size_t len, off_t at)
{
    WRAP(1, NEXT(pread)(fd, data, len, at));
}

int fsync(int fd)
{
    WRAP(1, NEXT(fsync)(fd));
}

int renameat(int a, const char *from, int b, const char *to)
{
    WRAP(1, NEXT(renameat)(a, from, b, to));
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    WRAP(1, NEXT(linkat)(a, from, b, to, flags));
}

int unlinkat(int at, const char *path, int flags)
{
    WRAP(1, NEXT(unlinkat)(at, path, flags));
}

int flock(int fd, int how)
{
    WRAP(0, NEXT(flock)(fd, how));
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
    WRAP(0, NEXT(recv)(fd, data, len, flags));
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    WRAP(0, NEXT(send)(fd, data, len, flags));
}

ssize_t read(int fd, void *data, size_t len)
{
    WRAP(0, NEXT(read)(fd, data, len));
}

pid_t fork(void)
{
    pid_t pid = NEXT(fork)();
    const char *who = getenv("CRASH_WHO");

    if (pid == 0)
        is_ours = who && strcmp(who, "child") == 0;
    return pid;
}
