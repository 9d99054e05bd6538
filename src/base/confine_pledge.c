/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/confine.h"

#include <errno.h>
#include <unistd.h>

/* OpenBSD. What the conversations of a queue run still do: sockets and names, the queue with its
 * locks and its FIFO, log and copies below the places that were unveiled. No program is started and
 * nothing of another process's is touched. */
#define PROMISES "stdio rpath wpath cpath dpath fattr flock inet unix dns getpw"

void confine_memory(void)
{
    /* Nobody but root looks into another's process here, and RLIMIT_CORE forbids the core. */
}

const char *confine_state(void)
{
    return "pledge and unveil";
}

bool confine_writes(const char *const *places, size_t count)
{
    /* The first of these hides everything else; from there on nothing can be taken back. */
    if (unveil("/", "r") != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (unveil(places[i], "rwc") != 0 && errno != ENOENT)
            return false;
    return unveil(NULL, NULL) == 0 && pledge(PROMISES, "") == 0;
}
