/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_DUPLEX_H
#define NET_DUPLEX_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

/* The bytes of somebody who talks to us: two descriptors, which may be pipes, a terminal, or one
 * socket twice, as standard input and output are. Their modes are not changed, for they may be
 * shared with the caller; every wait has a deadline. Input is buffered up to LIMIT_BLOCK octets.
 *
 * A third descriptor may be watched meanwhile. When it is readable, or its other end is closed,
 * somebody calls us away: the wait ends early, once, and every later one ends after `grace`. */

struct duplex {
    int in, out;             /* borrowed */
    struct buf input;
    struct buf output;
    bool ended;              /* no more input comes */

    int watch;               /* -1: nobody calls */
    int64_t grace;           /* milliseconds that are left when somebody does */
    bool called;
    struct deadline end;     /* after that, every wait is a timeout */
};

/* `watch` is -1; to be set by the caller, with grace. */
void duplex_init(struct duplex *d, int in, int out);
void duplex_clear(struct duplex *d);

/* Wait for more input than there is; false with ERR_TIMEOUT or ERR_IO. At the end of input true,
 * and d->ended. When we are called away: true, perhaps without more. With a full buffer nothing is
 * done. */
bool duplex_read(struct duplex *d, struct deadline deadline, struct err *e);
/* Input that has arrived; the first `count` octets are taken with duplex_take. */
struct slice duplex_input(const struct duplex *d);
void duplex_take(struct duplex *d, size_t count);

/* At most LIMIT_BLOCK octets wait; what has no more room is lost. */
void duplex_put(struct duplex *d, struct slice bytes);
size_t duplex_pending(const struct duplex *d);
bool duplex_flush(struct duplex *d, struct deadline deadline, struct err *e);

#endif
