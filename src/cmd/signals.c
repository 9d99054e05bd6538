/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const int heard[] = {SIGTERM, SIGINT, SIGHUP};

static volatile sig_atomic_t writing_end = -1;

static void hear(int number)
{
    const char letter = number == SIGHUP ? 'h' : 't';
    int saved = errno;

    /* Full: then it is known that something came. */
    ssize_t ignored = write(writing_end, &letter, 1);
    (void)ignored;
    errno = saved;
}

static void set_all(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
        sigaction(heard[i], &action, NULL);
}

bool signals_open(int *fd, struct err *e)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_os(e, ERR_OS, "cannot make a pipe");
    writing_end = ends[1];
    *fd = ends[0];
    set_all(hear);
    return true;
}

bool signals_take(int fd, bool *end, bool *reload)
{
    char letter;

    *end = *reload = false;
    while (read(fd, &letter, 1) == 1) {
        *end = *end || letter == 't';
        *reload = *reload || letter == 'h';
    }
    return *end || *reload;
}

void signals_leave(int fd)
{
    set_all(SIG_IGN);
    close(fd);
    close(writing_end);
    writing_end = -1;
}
