/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/tls.h"
#include "net/tls_records.h"

/* A conversation's bytes: one descriptor, plain or under TLS, non-blocking underneath, buffered in
 * both directions. Output is queued and leaves with stream_flush, which listens while it writes, so
 * that two sides that write at the same time cannot block each other. Every wait has a deadline,
 * and `overall` ends them all. */

struct stream {
    int fd;
    SSL *ssl;                /* NULL: plain */
    struct tls_records records;   /* with TLS: what is written and has not left */
    struct tls_info tls;
    struct deadline overall;
    char *in;                /* received, not yet taken: in[in_start .. in_end) */
    size_t in_start, in_end, in_capacity;
    struct buf out;
    bool out_is_secret;      /* wipe `out` once it is written */
    bool closed;             /* the peer sends no more */
    bool drained;            /* all that had come was read: wait before the next attempt */
    unsigned long tls_fault; /* OpenSSL's word for what broke it first; 0: none */
    int fault;               /* errno, the same */
    bool is_broken;          /* something that was written is lost */
};

/* Takes fd over; stream_close closes it. */
void stream_init(struct stream *s, int fd, struct deadline overall);
/* Says close_notify once, without waiting for the peer's, and closes. Idempotent. */
void stream_close(struct stream *s);

/* Handshake. Input that is already buffered was sent in clear by somebody who could not wait
 * (RFC 3207 6): ERR_PROTOCOL. When it returns true, the peer is verified as the context demands. */
bool stream_start_tls(struct stream *s, struct tls_context *c, struct deadline deadline,
                      struct err *e);
/* The same, with a handshake that is over; takes ssl over. */
bool stream_set_tls(struct stream *s, SSL *ssl, struct err *e);
bool stream_is_encrypted(const struct stream *s);

void stream_put(struct stream *s, struct slice bytes);
/* The same for what holds a secret: the buffer is wiped when it was written. */
void stream_put_secret(struct stream *s, struct slice bytes);
/* Queued octets. */
size_t stream_queued(const struct stream *s);
/* Octets that have not left: queued, or written and not sent. 0 once the connection is broken. */
size_t stream_pending(const struct stream *s);
/* Send everything that is queued or was written. Every octet of progress gives `idle` milliseconds
 * more. */
bool stream_flush(struct stream *s, int64_t idle, struct err *e);
/* Write everything that is queued, and `bytes` behind it without queueing them; more is to follow.
 * With TLS it leaves when there is much of it, with stream_flush, or with stream_close. */
bool stream_write(struct stream *s, struct slice bytes, int64_t idle, struct err *e);

/* Is input waiting that nobody has taken? Looks at the descriptor too, without waiting. */
bool stream_has_input(struct stream *s);
/* The next line, without LF and the CR before it, valid until the next call on the stream. More
 * than LIMIT_REPLY_LINE octets without a LF: ERR_PROTOCOL. The peer closed first: ERR_CONNECT. */
bool stream_line(struct stream *s, struct deadline deadline, struct slice *line, struct err *e);

#endif
