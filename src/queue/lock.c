/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "queue/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

bool lock_try(const struct spool *s, int *fd, struct err *e)
{
    *fd = openat(s->fd, "lock", O_RDWR | O_CREAT | FLAGS, 0600);
    if (*fd < 0)
        return err_os(e, ERR_CREATE, "cannot open %s/lock", s->path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    bool busy = errno == EWOULDBLOCK;
    if (!busy)
        err_os(e, ERR_OS, "cannot lock %s/lock", s->path);
    close(*fd);
    *fd = -1;
    return busy;
}

static int open_bell(const struct spool *s, int how)
{
    struct stat info;
    int fd = openat(s->fd, "wake", how | FLAGS);

    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISFIFO(info.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int lock_bell(const struct spool *s)
{
    /* For reading and writing: it never sees the end of file that the last writer leaves. */
    int fd = open_bell(s, O_RDWR);

    if (fd < 0 && errno == ENOENT && mkfifoat(s->fd, "wake", 0600) == 0)
        fd = open_bell(s, O_RDWR);
    return fd;
}

void lock_hush(int bell)
{
    char heard[256];

    while (read(bell, heard, sizeof heard) > 0)
        ;
}

void lock_ring(const struct spool *s)
{
    int fd = open_bell(s, O_WRONLY);

    if (fd < 0)
        return;
    ssize_t ignored = write(fd, "!", 1);
    (void)ignored;
    close(fd);
}
