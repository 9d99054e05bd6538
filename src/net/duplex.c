/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/duplex.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/limits.h"

/* What a pipe takes without making us wait, once poll says that it takes anything. */
#define PIECE ((size_t)_POSIX_PIPE_BUF)

void duplex_init(struct duplex *d, int in, int out)
{
    *d = (struct duplex){.in = in, .out = out, .watch = -1, .end = deadline_never()};
    buf_init(&d->input, LIMIT_BLOCK);
    buf_init(&d->output, LIMIT_BLOCK);
}

void duplex_clear(struct duplex *d)
{
    buf_clear(&d->input);
    buf_clear(&d->output);
}

/* Until `fd` is ready, or somebody calls. */
static bool wait_for(struct duplex *d, struct pollfd ready, struct deadline deadline,
                     struct err *e)
{
    struct pollfd fds[] = {ready, {.fd = d->called ? -1 : d->watch, .events = POLLIN}};

    for (;;) {
        /* Who goes on talking would otherwise keep us for ever. */
        bool late = deadline_is_past(d->end);
        int n = late ? 0 : poll(fds, 2, deadline_poll(deadline_earlier(deadline, d->end)));
        if (n > 0 && fds[1].revents) {
            d->called = true;
            d->end = deadline_in(d->grace);
        }
        if (n > 0)
            return true;
        if (n == 0)
            return err_set(e, ERR_TIMEOUT, "the client is silent");
        if (errno != EINTR)
            return err_os(e, ERR_OS, "poll");
    }
}

bool duplex_read(struct duplex *d, struct deadline deadline, struct err *e)
{
    char block[4096];
    size_t room = d->input.max - d->input.len;
    bool was_called = d->called;
    ssize_t got;

    if (room == 0 || d->ended)
        return true;
    do {
        if (!wait_for(d, (struct pollfd){.fd = d->in, .events = POLLIN}, deadline, e))
            return false;
        if (d->called && !was_called)
            return true;
        got = read(d->in, block, room < sizeof block ? room : sizeof block);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    /* A client that is gone has said all that it had to say. */
    if (got < 0 && errno != ECONNRESET)
        return err_os(e, ERR_IO, "cannot read from the client");
    d->ended = got <= 0;
    buf_put(&d->input, block, got > 0 ? (size_t)got : 0);
    return true;
}

struct slice duplex_input(const struct duplex *d)
{
    return buf_slice(&d->input);
}

void duplex_take(struct duplex *d, size_t count)
{
    buf_drop(&d->input, count);
}

void duplex_put(struct duplex *d, struct slice bytes)
{
    buf_put_slice(&d->output, bytes);
}

size_t duplex_pending(const struct duplex *d)
{
    return d->output.len;
}

bool duplex_flush(struct duplex *d, struct deadline deadline, struct err *e)
{
    struct slice left = buf_slice(&d->output);

    while (left.len) {
        if (!wait_for(d, (struct pollfd){.fd = d->out, .events = POLLOUT}, deadline, e))
            return false;
        ssize_t done = write(d->out, left.data, left.len < PIECE ? left.len : PIECE);
        if (done < 0 && errno != EINTR && errno != EAGAIN)
            return err_os(e, ERR_IO, "cannot write to the client");
        left = slice_from(left, done > 0 ? (size_t)done : 0);
    }
    buf_reset(&d->output);
    return true;
}
