/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_SERVER_H
#define SMTP_SERVER_H

#include "mail/envelope.h"
#include "mail/message.h"

/* RFC 5321 heard: a small server for one client that is trusted to submit mail, over two
 * descriptors (-bs: standard input and output). It knows commands and replies; what becomes of a
 * message is the business of whoever runs it.
 *
 * Offered: PIPELINING, SIZE, 8BITMIME, SMTPUTF8, DSN, ENHANCEDSTATUSCODES, CHUNKING. Only CRLF.CRLF
 * ends the data; a lone LF or CR in it is a line end like any other and never hides a command. A
 * client that goes on talking nonsense, or falls silent, is sent away with 421. */

struct server {
    /* In; borrowed. */
    const char *name;        /* ours, for greeting and EHLO */
    const char *directory;   /* for bodies that are too large for memory */
    uint64_t max_size;       /* octets of a message; 0: no limit */
    int64_t idle;            /* milliseconds to wait for the client; 0: RFC 5321 4.5.3.2.7 */
    void *argument;

    /* Take responsibility for a message, or say why not: a verdict with its status and text, and
     * the code of a reply where there was one. The callee may move the contents of both out. */
    void (*accept)(void *argument, struct envelope *v, struct message *m, struct outcome *o);

    /* May a message of so many octets come in? Asked at MAIL with what the client announced, and
     * again as more arrives. NULL: yes; else the reply, and with 421 the end. No function: yes. */
    const char *(*admit)(void *argument, uint64_t octets, bool is_new);

    int stop;                /* readable, or closed at its other end: no more after the message that
                              * is coming in, and 421; 0: nobody stops us */
    int64_t grace;           /* milliseconds that are left for that message then */
};

/* Greeting to QUIT, or to the end of input. False: the client was lost or sent away. */
bool server_run(const struct server *server, int in, int out, struct err *e);
/* In place of a greeting: why there will be no conversation now (RFC 5321 3.8). */
void server_decline(int in, int out, const char *why);

#endif
