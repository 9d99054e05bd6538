/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A line on stderr, for a person who waits at a terminal, that shows how far a thing is. It is
 * drawn over and over, and gone when it is finished. */

struct progress {
    const char *what;        /* "encoding", "sending" */
    uint64_t total;          /* octets */
    int shown;               /* percent; -1: nothing yet */
    bool is_wanted;
};

enum { PROGRESS_WORTH = 1000000 };   /* octets below which nobody has to wait */

void progress_begin(struct progress *p, const char *what, uint64_t total, bool is_terminal);
/* `argument` is the struct progress. */
void progress_show(void *argument, uint64_t done);
void progress_end(struct progress *p);

#endif
