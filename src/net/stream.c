/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/compat.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"

/* Input that may wait to be taken: the answers to a full window of commands. A peer that sends more
 * without being asked waits for us, and we do not wait for it. */
#define IN_MAX ((size_t)1024 * 1024)
#define IN_FIRST ((size_t)16 * 1024)
#define OUT_MAX ((size_t)8 * 1024 * 1024)
/* TLS records that leave in one write. */
#define GATHERED_MAX (256 * 1024)

/* What one attempt to read or write came to. */
enum io {
    IO_DONE,                 /* some octets moved */
    IO_WANT_READ,            /* nothing moves until the descriptor is readable */
    IO_WANT_WRITE,
    IO_CLOSED,               /* the peer has ended its side */
    IO_FAILED                /* errno, or OpenSSL's queue, has the reason */
};

void stream_init(struct stream *s, int fd, struct deadline overall)
{
    *s = (struct stream){.fd = fd, .overall = overall, .drained = true};
    buf_init(&s->out, OUT_MAX);
}

void stream_close(struct stream *s)
{
    if (s->fd < 0)
        return;
    if (s->ssl) {
        /* One attempt: a peer that is not there to hear it is no fault of ours. */
        if (SSL_is_init_finished(s->ssl))
            SSL_shutdown(s->ssl);
        SSL_free(s->ssl);
        ERR_clear_error();
    }
    close(s->fd);
    secret_wipe_memory(s->in, s->in_capacity);
    free(s->in);
    buf_wipe(&s->out);
    *s = (struct stream){.fd = -1};
}

static enum io ssl_io(SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return IO_CLOSED;
    case SSL_ERROR_SSL:
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            ERR_clear_error();
            return IO_CLOSED;
        }
        return IO_FAILED;
    default:
        return errno ? IO_FAILED : IO_CLOSED;
    }
}

static enum io plain_io(enum io want)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return want;
    return errno == EINTR ? IO_DONE : IO_FAILED;
}

static enum io read_some(struct stream *s, char *to, size_t room, size_t *got)
{
    *got = 0;
    errno = 0;
    if (s->ssl) {
        ERR_clear_error();
        int result = SSL_read_ex(s->ssl, to, room, got);
        return result == 1 ? IO_DONE : ssl_io(s->ssl, result);
    }
    ssize_t n = recv(s->fd, to, room, 0);
    if (n < 0)
        return plain_io(IO_WANT_READ);
    *got = (size_t)n;
    return n == 0 ? IO_CLOSED : IO_DONE;
}

static enum io write_some(struct stream *s, struct slice bytes, size_t *done)
{
    *done = 0;
    errno = 0;
    if (s->ssl) {
        ERR_clear_error();
        int result = SSL_write_ex(s->ssl, bytes.data, bytes.len, done);
        return result == 1 ? IO_DONE : ssl_io(s->ssl, result);
    }
    ssize_t n = send(s->fd, bytes.data, bytes.len, COMPAT_MSG_NOSIGNAL);
    if (n < 0)
        return plain_io(IO_WANT_WRITE);
    *done = (size_t)n;
    return IO_DONE;
}

/* The first fault is the cause: who only looks whether there is input leaves it to be told later.
 * An alert says more than a pipe that broke behind it. */
static void keep_fault(struct stream *s)
{
    if (!s->fault)
        s->fault = errno;
    if (!s->tls_fault && s->ssl)
        s->tls_fault = ERR_peek_error();
}

static bool io_failed(struct stream *s, struct err *e)
{
    keep_fault(s);
    unsigned long code = s->tls_fault;
    ERR_clear_error();
    errno = s->fault;
    if (code && tls_session_blames_us(s->ssl, code, e))
        return false;
    if (code)
        return err_set(e, ERR_CONNECT, "connection broken: TLS: %s", ERR_reason_error_string(code));
    return err_os(e, ERR_CONNECT, "connection broken");
}

/* Wait for the events; false when the deadline passes first. */
static bool wait_for(const struct stream *s, short events, struct deadline deadline, struct err *e)
{
    deadline = deadline_earlier(deadline, s->overall);
    for (;;) {
        struct pollfd ready = {.fd = s->fd, .events = events};
        int n = poll(&ready, 1, deadline_poll(deadline));
        if (n > 0)
            return true;
        if (n == 0)
            return err_set(e, ERR_TIMEOUT, "no answer in time");
        if (errno != EINTR)
            return err_os(e, ERR_OS, "poll");
    }
}

static void make_room(struct stream *s)
{
    if (s->in_start == s->in_end)
        s->in_start = s->in_end = 0;
    if (s->in_start && s->in_end == s->in_capacity) {
        memmove(s->in, s->in + s->in_start, s->in_end - s->in_start);
        s->in_end -= s->in_start;
        s->in_start = 0;
    }
    if (s->in_end == s->in_capacity && s->in_capacity < IN_MAX) {
        s->in_capacity = s->in_capacity ? s->in_capacity * 2 : IN_FIRST;
        s->in = mem_resize(s->in, s->in_capacity, 1);
    }
}

/* One attempt to take input into the buffer. IO_DONE with a full buffer: nothing was done. */
static enum io take_input(struct stream *s)
{
    size_t got;

    make_room(s);
    if (s->in_end == s->in_capacity)
        return IO_DONE;
    enum io result = read_some(s, s->in + s->in_end, s->in_capacity - s->in_end, &got);
    s->in_end += got;
    s->drained = result == IO_WANT_READ;
    if (result == IO_CLOSED)
        s->closed = true;
    if (result == IO_FAILED)
        keep_fault(s);
    return result;
}

bool stream_start_tls(struct stream *s, struct tls_context *c, struct deadline deadline,
                      struct err *e)
{
    SSL *ssl;

    if (s->in_start != s->in_end)
        return err_set(e, ERR_PROTOCOL,
                       "the server sent data in clear behind its answer to STARTTLS");
    if (!tls_session_new(c, s->fd, &ssl, e))
        return false;
    for (;;) {
        errno = 0;
        ERR_clear_error();
        int result = SSL_do_handshake(ssl);
        enum io io = result == 1 ? IO_DONE : ssl_io(ssl, result);
        bool more = io == IO_WANT_READ || io == IO_WANT_WRITE;
        bool ok = io == IO_DONE ? tls_session_check(c, ssl, e)
                  : more        ? wait_for(s, io == IO_WANT_READ ? POLLIN : POLLOUT, deadline, e)
                                : tls_session_explain(c, ssl, e);
        if (!ok) {
            SSL_free(ssl);
            return more && err_wrap(e, "TLS handshake");
        }
        if (io == IO_DONE)
            break;
    }
    s->ssl = ssl;
    tls_session_describe(c, ssl, &s->tls);
    return true;
}

bool stream_is_encrypted(const struct stream *s)
{
    return s->ssl != NULL;
}

void stream_put(struct stream *s, struct slice bytes)
{
    buf_put_slice(&s->out, bytes);
}

void stream_put_secret(struct stream *s, struct slice bytes)
{
    s->out_is_secret = true;
    stream_put(s, bytes);
}

size_t stream_queued(const struct stream *s)
{
    return s->out.len;
}

/* Octets of records that are ready and have not left. */
static size_t gathered(const struct stream *s)
{
    return s->gathered ? (size_t)BIO_wpending(s->gathered) : 0;
}

size_t stream_pending(const struct stream *s)
{
    return s->out.len + gathered(s);
}

/* Nothing can be written now: wait until that changes, and take what comes in meanwhile. */
static bool wait_to_write(struct stream *s, enum io want, struct deadline deadline, struct err *e)
{
    short events = want == IO_WANT_WRITE ? POLLOUT : 0;
    bool room = s->in_end - s->in_start < IN_MAX;

    if (!s->closed && room)
        events |= POLLIN;
    if (!wait_for(s, events, deadline, e))
        return false;
    return s->closed || !room || take_input(s) != IO_FAILED || io_failed(s, e);
}

/* Who closes on us may have said why: an alert is read, an answer stays in the buffer. */
static bool write_failed(struct stream *s, struct err *e)
{
    keep_fault(s);
    if (s->ssl && !s->closed)
        take_input(s);
    return io_failed(s, e);
}

static enum io send_gathered(struct stream *s)
{
    errno = 0;
    if (BIO_flush(s->gathered) > 0)
        return IO_DONE;
    return BIO_should_retry(s->gathered) ? IO_WANT_WRITE : IO_FAILED;
}

/* From here on, OpenSSL's records are gathered until there are many of them or they are sent. */
static void gather(struct stream *s)
{
    BIO *bio = s->ssl && !s->gathered ? BIO_new(BIO_f_buffer()) : NULL;
    BIO *socket = bio ? SSL_get_wbio(s->ssl) : NULL;

    if (!bio)
        return;
    if (BIO_set_write_buffer_size(bio, GATHERED_MAX) != 1) {
        BIO_free(bio);
        return;
    }
    BIO_up_ref(socket);
    SSL_set0_wbio(s->ssl, BIO_push(bio, socket));
    s->gathered = bio;
}

/* `sends`: nothing is to stay in this process. */
static bool write_all(struct stream *s, struct slice left, bool sends, int64_t idle, struct err *e)
{
    struct deadline deadline = deadline_in(idle);
    bool ok = true;

    while (ok && (left.len || (sends && gathered(s)))) {
        size_t done = 0;
        size_t waiting = gathered(s);
        enum io result = left.len ? write_some(s, left, &done) : send_gathered(s);
        left = slice_from(left, done);
        if (done || gathered(s) != waiting)
            deadline = deadline_in(idle);
        if (result == IO_WANT_READ || result == IO_WANT_WRITE)
            ok = wait_to_write(s, result, deadline, e);
        else if (result == IO_FAILED || result == IO_CLOSED)
            ok = write_failed(s, e);
        else if (deadline_is_past(s->overall))
            ok = err_set(e, ERR_TIMEOUT, "the conversation takes too long");
    }
    return ok;
}

static bool write_queued(struct stream *s, bool sends, int64_t idle, struct err *e)
{
    bool ok = s->out.overflow ? err_set(e, ERR_OS, "more output than may wait")
                              : write_all(s, buf_slice(&s->out), sends, idle, e);

    if (s->out_is_secret)
        buf_wipe(&s->out);
    s->out_is_secret = false;
    buf_reset(&s->out);
    return ok;
}

bool stream_flush(struct stream *s, int64_t idle, struct err *e)
{
    return write_queued(s, true, idle, e);
}

bool stream_write(struct stream *s, struct slice bytes, int64_t idle, struct err *e)
{
    gather(s);
    return write_queued(s, false, idle, e) && write_all(s, bytes, false, idle, e);
}

bool stream_has_input(struct stream *s)
{
    if (s->in_start == s->in_end && !s->closed)
        take_input(s);
    return s->in_start != s->in_end;
}

bool stream_line(struct stream *s, struct deadline deadline, struct slice *line, struct err *e)
{
    size_t searched = 0;

    for (;;) {
        struct slice have = slice_from(slice_make(s->in, s->in_end), s->in_start);
        size_t lf = have.len ? slice_find(have, '\n', searched) : 0;
        if (lf < have.len) {
            s->in_start += lf + 1;
            *line = slice_make(have.data, lf);
            if (lf && have.data[lf - 1] == '\r')
                line->len--;
            return line->len <= LIMIT_REPLY_LINE ||
                   err_set(e, ERR_PROTOCOL, "the server sent a line of %zu octets", line->len);
        }
        if (have.len > LIMIT_REPLY_LINE)
            return err_set(e, ERR_PROTOCOL, "the server sent a line of more than %d octets",
                           LIMIT_REPLY_LINE);
        searched = have.len;
        if (s->closed)
            return err_set(e, ERR_CONNECT, "the server closed the connection");
        if (s->drained && !wait_for(s, POLLIN, deadline, e))
            return false;
        enum io result = take_input(s);
        if (result == IO_FAILED)
            return io_failed(s, e);
        if (result == IO_WANT_WRITE && !wait_for(s, POLLOUT, deadline, e))
            return false;
        if (deadline_is_past(deadline) || deadline_is_past(s->overall))
            return err_set(e, ERR_TIMEOUT, "no answer in time");
    }
}
