/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/progress.h"

#include <stdio.h>

#include "base/log.h"

enum { WIDTH = 30 };

void progress_begin(struct progress *p, const char *what, uint64_t total, bool is_terminal)
{
    *p = (struct progress){what, total, -1, is_terminal && total > PROGRESS_WORTH};
}

void progress_show(void *argument, uint64_t done)
{
    static const char bar[] = "##############################";
    struct progress *p = argument;
    struct buf size;

    if (!p->is_wanted)
        return;
    int percent = done < p->total ? (int)(done * 100 / p->total) : 100;
    if (percent == p->shown)
        return;
    p->shown = percent;
    buf_init(&size, 32);
    log_size(&size, p->total);
    fprintf(stderr, "\r%-8s [%-*.*s] %3d %% of %s", p->what, WIDTH, WIDTH * percent / 100, bar,
            percent, size.data);
    fflush(stderr);
    buf_clear(&size);
}

void progress_end(struct progress *p)
{
    if (p->is_wanted && p->shown >= 0)
        fputs("\r\033[K", stderr);
    p->is_wanted = false;
}
