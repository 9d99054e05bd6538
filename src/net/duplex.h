/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_DUPLEX_H
#define NET_DUPLEX_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

/* The bytes of somebody who talks to us: two descriptors, which may be pipes, a terminal, or one
 * socket twice, as standard input and output are. Their modes are not changed, for they may be
 * shared with the caller; every wait has a deadline. Input is buffered up to LIMIT_BLOCK octets. */

struct duplex {
    int in, out;             /* borrowed */
    struct buf input;
    struct buf output;
    bool ended;              /* no more input comes */
};

void duplex_init(struct duplex *d, int in, int out);
void duplex_clear(struct duplex *d);

/* Wait for more input than there is; false with ERR_TIMEOUT or ERR_IO. At the end of input true,
 * and d->ended. With a full buffer nothing is done. */
bool duplex_read(struct duplex *d, struct deadline deadline, struct err *e);
/* Input that has arrived; the first `count` octets are taken with duplex_take. */
struct slice duplex_input(const struct duplex *d);
void duplex_take(struct duplex *d, size_t count);

/* At most LIMIT_BLOCK octets wait; what has no more room is lost. */
void duplex_put(struct duplex *d, struct slice bytes);
size_t duplex_pending(const struct duplex *d);
bool duplex_flush(struct duplex *d, struct deadline deadline, struct err *e);

#endif
