/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_SOCKS_H
#define NET_SOCKS_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"

/* A SOCKS 5 proxy (RFC 1928), with or without a login (RFC 1929). The proxy is told the host's name
 * and looks it up itself, so that nothing of it is asked here. */

enum { SOCKS_PORT = 1080 };

struct proxy {
    char *host;
    unsigned port;
    char *user;              /* NULL: no login is offered */
    struct secret password;
};

/* "socks5://host", "socks5://user:password@host:port", "socks5://[2001:db8::1]:1080"; user and
 * password may hold %40 and the like. "socks5h" is the same. ERR_CONFIG never holds the password.
 */
bool proxy_parse(struct slice url, struct proxy *out, struct err *e);
void proxy_clear(struct proxy *p);
/* The text with asterisks for what stands between the first colon and the "@". */
void proxy_mask(struct buf *out, struct slice url);
bool proxy_has_password(struct slice url);

/* On a connection to the proxy: have it connect to host and port. Not an octet more is read than
 * its answer, so that afterwards the descriptor is as if it were connected to the host. */
bool socks_connect(int fd, const struct proxy *p, const char *host, unsigned port,
                   struct deadline deadline, struct err *e);

#endif
