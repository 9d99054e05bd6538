/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Who is on the other side of a connection that was accepted. peer_cred.c (SO_PEERCRED: Linux) or
 * peer_eid.c (getpeereid: BSD, macOS) is built. */

/* The uid that the kernel knows for the other end of a Unix socket, at the time it connected. */
bool peer_uid(int fd, uid_t *uid);

/* An address that no packet from outside can come from: 127.0.0.0/8, ::1, the same mapped. */
bool peer_is_loopback(const struct sockaddr *address);

#endif
