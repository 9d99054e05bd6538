/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_PROBE_H
#define RELAY_PROBE_H

#include "account/account.h"
#include "mail/path.h"
#include "net/resolve.h"
#include "smtp/session.h"

/* The way to an account's server, walked for a person who wants to see each step: name look-up,
 * connection, TLS, greeting, EHLO, login, and whether the server would take a sender and a
 * recipient. Nothing is sent. Hosts are tried in order as for a delivery. */

enum probe_step {
    PROBE_NAMES,
    PROBE_CONNECTION,
    PROBE_TLS,
    PROBE_GREETING,
    PROBE_HELLO,
    PROBE_LOGIN,
    PROBE_SENDER,
    PROBE_RECIPIENT,
    PROBE_STEPS
};

struct probe {
    /* In; borrowed. */
    const struct account *account;
    const char *hello;       /* our name for EHLO when the account has none; may be NULL */
    const struct path *sender, *recipient;   /* NULL: not asked for */
    const struct transcript *transcript;   /* may be NULL */
    /* Told of each step that was reached, and with `why` of the one that was not. */
    void (*observe)(struct probe *p, enum probe_step step, const struct outcome *why);
    /* Told when a step begins behind work of our own that is none of the way: a TLS context with
     * its certificates is made. May be NULL. */
    void (*begin)(struct probe *p);
    void *argument;          /* the observer's own */

    /* For the observer. */
    char server[300];        /* "smtp.gmail.com:587", or the socket's path */
    struct addresses addresses;
    const struct session *session;   /* from PROBE_CONNECTION on, while it lasts */
    enum probe_step next;
};

/* True: mail would be taken. Else `why`. */
bool probe_run(struct probe *p, struct outcome *why);

#endif
