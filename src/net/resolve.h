/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

/* Host names to addresses, before a deadline: the system's resolver knows none, so that it runs in
 * a thread of its own, which is left behind when the deadline passes. Address literals need neither
 * thread nor resolver. */

enum { ADDRESSES_MAX = 16 };

struct address {
    struct sockaddr_storage socket;
    socklen_t len;
};

/* By value, nothing to free. Families alternate, beginning with the one that the system prefers
 * (RFC 8305 4). */
struct addresses {
    struct address items[ADDRESSES_MAX];
    size_t count;
};

/* ERR_RESOLVE: there is no such host. ERR_CONNECT or ERR_TIMEOUT: the resolver cannot tell now. */
bool resolve_host(const char *host, unsigned port, struct deadline deadline, struct addresses *out,
                  struct err *e);

/* An IPv4 or IPv6 literal; port 0. False for anything else. */
bool address_from_literal(const char *literal, struct address *out);
/* "192.0.2.1", "2001:db8::1", or the path of a Unix socket. */
void address_text(const struct address *a, struct buf *out);
/* Loopback, or a Unix socket: what is said there cannot be heard outside. */
bool address_is_local(const struct address *a);
/* Is `host` an IPv4 or IPv6 literal (without brackets)? */
bool host_is_literal(const char *host);
/* The name as DNS has it, A-labels in place of anything beyond ASCII, for free(). NULL with
 * ERR_CONFIG if there is none. */
char *host_to_ascii(const char *host, struct err *e);

#endif
