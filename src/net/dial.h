/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "net/resolve.h"

/* A host's name, or a Unix socket, to a connected descriptor: non-blocking, close-on-exec, without
 * Nagle's delay. Every address is tried, the next one beside the first after 250 ms without an
 * answer (RFC 8305 5); the first connection wins and the others are closed. */

struct dial_params {
    const char *host;        /* name or literal; ignored with `socket` */
    unsigned port;
    const char *socket;      /* path of a Unix socket, or NULL */
    const char *source;      /* literal of our own to connect from; NULL: the system chooses */
    const char *proxy;       /* as proxy_parse has it; NULL: none. Not asked for a Unix socket */
    int64_t connect_timeout; /* milliseconds for each address, 0: only the deadline */
    struct deadline deadline; /* for all of it, name look-up included */
};

struct dialled {
    int fd;
    struct address peer;     /* behind a proxy nobody knows it: without a family, and not local */
};

/* Errors name each address that was tried and what it said, or the proxy and what that said. */
bool dial(const struct dial_params *params, struct dialled *out, struct err *e);

/* The same where the addresses are known: host, port, socket and proxy count for nothing. */
bool dial_addresses(const struct dial_params *params, const struct addresses *addresses,
                    struct dialled *out, struct err *e);

/* The address of our own end, for an address literal in EHLO: "[192.0.2.1]", "[IPv6:2001:db8::1]",
 * "localhost" on a Unix socket. */
void dial_local_literal(int fd, struct buf *out);

#endif
