/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "account/account.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "net/tls.h"
#include "smtp/transaction.h"

/* Messages through one account: the place where account and SMTP meet.
 *
 * struct delivery is one envelope and one message on their way. struct relay is a conversation with
 * the account's server, opened and closed any number of times, through which many deliveries go:
 * relay_send begins one, relay_take hands back one whose fate is known, not always the one that was
 * begun first. Between the two, delivery, message and envelope belong to the relay.
 *
 *     if (!relay_open(r, &why))
 *         ... the account's server cannot be used: `why` holds for all mail of the account
 *     while (relay_has_room(r) && there is a message)
 *         relay_send(r, d);
 *     while ((d = relay_take(r, wait)))
 *         ... d->fate, and a verdict for each recipient, which is about this message alone
 *     relay_close(r);
 */

enum delivery_fate {
    DELIVERY_DECIDED,        /* every recipient has a verdict */
    DELIVERY_UNSENT          /* the recipients without a verdict were given to nobody, for the
                              * conversation ended or has its limits: to be sent through another
                              * one. Each decides on at least one recipient, but for one that finds
                              * that the server offers BDAT and does not know it. */
};

struct delivery {
    /* In; all borrowed. */
    const char *id;          /* for the log, of a queued message; NULL: one is made up */
    const struct account *account;
    const struct message *message;
    struct envelope *envelope;       /* recipients that have a verdict already are left out */
    const char *hello;       /* our name for EHLO when the account has none; may be NULL */
    const struct transcript *transcript;   /* may be NULL */
    bool has_owner;          /* it came through the service, and the kernel knows whose it is: */
    uint64_t owner;          /* this uid's; for the log */
    bool queued;             /* what is not delivered is in the queue: for the log */
    const char *log_tag;     /* our name in the system log; NULL: the program's */
    const struct progress_watch *watch;    /* told what is sent of it; may be NULL */
    bool last;               /* nothing is sent behind it: QUIT may leave with it */

    /* Out: how it went, for report and log; what became of whom is in the envelope. */
    enum delivery_fate fate;
    char server[300];        /* "smtp.gmail.com:587", or the socket's path; the last one tried */
    struct tls_info tls;
    const char *mechanism;   /* static text, NULL without login */
    int64_t milliseconds;
    struct err warning;      /* something beside the delivery went wrong; kind ERR_NONE: nothing */

    const struct message *given;     /* between delivery_begin and delivery_end: the caller's */
    struct message filtered;
    size_t served;           /* recipients that were served before */
    /* The relay's. */
    struct transaction transaction;
    struct message own;      /* the message in another form, if the server needs one */
    int64_t started;
};

/* Around the sending of each delivery, however many conversations it takes: the account's filter
 * before, the copy of what was sent after (message options of smtprc(5)). delivery_begin changes
 * d->message until delivery_end; false: the filter failed, and every recipient has that verdict.
 * Call delivery_end in any case. */
bool delivery_begin(struct delivery *d);
void delivery_end(struct delivery *d);

/* A conversation, not yet open, with the account, hello and transcript of a delivery. Borrowed. */
struct relay *relay_new(const struct account *account, const char *hello,
                        const struct transcript *transcript);
void relay_free(struct relay *r);    /* closes too */

/* Connection, TLS and login, with the account's hosts in order while they fail for now. False: no
 * session, and `why` is about the account, not about a message. */
bool relay_open(struct relay *r, struct outcome *why);
/* "smtp.gmail.com:587" of the host that was tried last. */
const char *relay_server(const struct relay *r);
/* Can it be used for something yet: is it open and not at the end of its limits? */
bool relay_is_usable(const struct relay *r);
/* May relay_send be called now? It is usable, and there is room beside what is under way. */
bool relay_has_room(const struct relay *r);
/* Deliveries that were begun since it was opened. */
size_t relay_count(const struct relay *r);
void relay_send(struct relay *r, struct delivery *d);
/* A delivery whose fate is known. Without one: NULL, but when `wait` the next one, as long as any
 * is under way. */
struct delivery *relay_take(struct relay *r, bool wait);
/* QUIT. What is still under way is abandoned: take it first. */
void relay_close(struct relay *r);

/* One delivery, from delivery_begin to delivery_end, connection and QUIT. Afterwards every
 * recipient has a verdict. */
void relay_deliver(struct delivery *d);

#endif
