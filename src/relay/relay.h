/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "account/account.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "net/tls.h"
#include "smtp/transcript.h"

/* One envelope and one message through one account: the place where account and SMTP meet. */

struct delivery {
    /* In; all borrowed. */
    const struct account *account;
    const struct message *message;
    struct envelope *envelope;
    const char *hello;       /* our name for EHLO when the account has none; may be NULL */
    const struct transcript *transcript;   /* may be NULL */

    /* Out: how it went, for report and log; what became of whom is in the envelope. */
    char server[300];        /* "smtp.gmail.com:587", or the socket's path; the last one tried */
    struct tls_info tls;
    const char *mechanism;   /* static text, NULL without login */
    int64_t milliseconds;
};

/* Tries the account's hosts in order while they fail for now. Afterwards every recipient has a
 * verdict. */
void relay_deliver(struct delivery *d);

#endif
