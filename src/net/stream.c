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
/* Records of TLS that are sent together, and room for one more and what else OpenSSL has to say. */
#define RECORDS_FULL ((size_t)256 * 1024)
#define RECORDS_MAX (RECORDS_FULL + (size_t)64 * 1024)

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

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* One attempt. Who reads will find out what is wrong with the connection. */
static void send_some(struct stream *s)
{
    struct slice next = tls_records_unsent(&s->records);
    ssize_t sent = next.len ? send(s->fd, next.data, next.len, COMPAT_MSG_NOSIGNAL) : 0;

    if (sent > 0)
        tls_records_took(&s->records, (size_t)sent);
    else if (sent < 0 && !would_block() && errno != EINTR)
        tls_records_drop(&s->records);
}

/* close_notify, or the alert that OpenSSL has for a fault. A peer that is not there to hear it is
 * no fault of ours. */
static void end_tls(struct stream *s)
{
    if (!s->is_broken && !s->fault && !s->tls_fault)
        SSL_shutdown(s->ssl);
    send_some(s);
    SSL_free(s->ssl);
    tls_records_clear(&s->records);
    ERR_clear_error();
}

void stream_close(struct stream *s)
{
    if (s->fd < 0)
        return;
    if (s->ssl)
        end_tls(s);
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
        return would_block() ? IO_WANT_READ : errno == EINTR ? IO_DONE : IO_FAILED;
    *got = (size_t)n;
    return n == 0 ? IO_CLOSED : IO_DONE;
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

/* Says what was kept. */
static bool io_failed(struct stream *s, struct err *e)
{
    unsigned long code = s->tls_fault;
    ERR_clear_error();
    errno = s->fault;
    if (s->records.octets.overflow)
        return err_set(e, ERR_PROTOCOL, "the server asks for more than it takes");
    if (code && tls_session_blames_us(s->ssl, code, e))
        return false;
    if (code)
        return err_set(e, ERR_CONNECT, "connection broken: TLS: %s", ERR_reason_error_string(code));
    return s->fault ? err_os(e, ERR_CONNECT, "connection broken")
                    : err_set(e, ERR_CONNECT, "the server closed the connection");
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
    /* There may be an alert about that. */
    if (result == IO_CLOSED || result == IO_FAILED)
        send_some(s);
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
    tls_session_describe(c, ssl, &s->tls);
    return stream_set_tls(s, ssl, e);
}

bool stream_set_tls(struct stream *s, SSL *ssl, struct err *e)
{
    if (!tls_records_begin(&s->records, ssl, RECORDS_MAX, e)) {
        SSL_free(ssl);
        return false;
    }
    s->ssl = ssl;
    /* With the last of the handshake OpenSSL may have read what came behind it. */
    s->drained = false;
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

size_t stream_pending(const struct stream *s)
{
    return s->out.len + tls_records_unsent(&s->records).len;
}

/* Nothing can be sent now: wait until that changes, and take what comes in meanwhile. */
static bool wait_to_send(struct stream *s, struct deadline deadline, struct err *e)
{
    bool listens = !s->closed && s->in_end - s->in_start < IN_MAX;

    if (!wait_for(s, listens ? POLLOUT | POLLIN : POLLOUT, deadline, e))
        return false;
    return !listens || take_input(s) != IO_FAILED || io_failed(s, e);
}

/* Who closes on us may have said why: an alert is read, an answer stays in the buffer. */
static bool write_failed(struct stream *s, struct err *e)
{
    keep_fault(s);
    if (s->ssl && !s->closed)
        take_input(s);
    return io_failed(s, e);
}

/* Input that keeps coming is no progress. */
static bool may_wait(const struct stream *s, struct deadline deadline, struct err *e)
{
    return !(deadline_is_past(deadline) || deadline_is_past(s->overall)) ||
           err_set(e, ERR_TIMEOUT, "no answer in time");
}

/* What is to leave: records, or without TLS what is left of `clear`. */
static bool send_all(struct stream *s, struct slice clear, int64_t idle, struct err *e)
{
    struct deadline deadline = deadline_in(idle);
    struct slice next = s->ssl ? tls_records_unsent(&s->records) : clear;
    bool ok = true;

    if (s->ssl)
        ERR_clear_error();
    while (ok && next.len) {
        ssize_t sent = send(s->fd, next.data, next.len, COMPAT_MSG_NOSIGNAL);
        if (sent < 0 && would_block())
            ok = may_wait(s, deadline, e) && wait_to_send(s, deadline, e);
        else if (sent < 0 && errno != EINTR)
            ok = write_failed(s, e);
        else if (deadline_is_past(s->overall))
            ok = err_set(e, ERR_TIMEOUT, "the conversation takes too long");
        size_t count = sent > 0 ? (size_t)sent : 0;
        if (count)
            deadline = deadline_in(idle);
        if (s->ssl)
            tls_records_took(&s->records, count);
        /* Input that was taken meanwhile may have made more records, at another place. */
        next = s->ssl ? tls_records_unsent(&s->records) : slice_from(next, count);
    }
    return ok;
}

static bool make_records(struct stream *s, struct slice bytes, int64_t idle, struct err *e)
{
    struct deadline deadline = deadline_in(idle);
    bool ok = true;

    while (ok && bytes.len) {
        size_t done = 0;
        errno = 0;
        ERR_clear_error();
        int result = SSL_write_ex(s->ssl, bytes.data, bytes.len, &done);
        enum io io = result == 1 ? IO_DONE : ssl_io(s->ssl, result);
        bytes = slice_from(bytes, done);
        /* OpenSSL goes on when it has more of a message of its own. */
        if (io == IO_WANT_READ)
            ok = send_all(s, SLICE(""), idle, e) && may_wait(s, deadline, e) &&
                 wait_for(s, POLLIN, deadline, e);
        else if (io != IO_DONE)
            ok = write_failed(s, e);
        else if (tls_records_unsent(&s->records).len >= RECORDS_FULL)
            ok = send_all(s, SLICE(""), idle, e);
        if (done)
            deadline = deadline_in(idle);
    }
    return ok;
}

/* `sends`: nothing is to stay in this process. */
static bool write_all(struct stream *s, struct slice bytes, bool sends, int64_t idle, struct err *e)
{
    bool ok = !s->ssl || make_records(s, bytes, idle, e);

    if (ok && (sends || !s->ssl))
        ok = send_all(s, bytes, idle, e);
    if (ok)
        return true;
    s->is_broken = true;
    tls_records_drop(&s->records);
    return false;
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
    return write_queued(s, false, idle, e) && write_all(s, bytes, false, idle, e);
}

bool stream_has_input(struct stream *s)
{
    if (s->in_start == s->in_end && !s->closed)
        take_input(s);
    return s->in_start != s->in_end;
}

/* OpenSSL may have something to say by itself, an alert or an answer, and the peer wait for it. */
static bool wait_for_input(struct stream *s, struct deadline deadline, struct err *e)
{
    send_some(s);
    short events = tls_records_unsent(&s->records).len ? POLLIN | POLLOUT : POLLIN;
    return wait_for(s, events, deadline, e);
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
            return io_failed(s, e);
        if (s->drained && !wait_for_input(s, deadline, e))
            return false;
        if (take_input(s) == IO_FAILED)
            return io_failed(s, e);
        if (deadline_is_past(deadline) || deadline_is_past(s->overall))
            return err_set(e, ERR_TIMEOUT, "no answer in time");
    }
}
