/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SUBMISSION_H
#define CMD_SUBMISSION_H

#include "account/config.h"
#include "account/select.h"
#include "cmd/args.h"
#include "cmd/environ.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "relay/relay.h"

/* One message on its way, in steps that every way in shares: a message on stdin (submit), one that
 * `send` has composed, one that came over SMTP to -bs or to the service.
 *
 *     submission_init        who asks, and the configuration
 *     (the caller)           fills message, and envelope or submission_address; or submission_take
 *     submission_prepare     account, complete envelope and header; nothing leaves yet
 *     submission_dispatch    delivered and reported; or submission_keep
 *     submission_clear
 *
 * A step that fails ends with submission_fail. Both ends return the exit status, and afterwards
 * everything that is to be said has been said. */

struct submission {
    /* In; borrowed. */
    const struct args *args;
    struct host *host;
    const struct config *config;

    bool shows_progress;     /* a person waits: show on a terminal how far a large one is */

    struct message message;
    struct envelope envelope;
    bool sender_is_given;    /* envelope.reverse_path is somebody's word, the null path included */
    bool has_owner;          /* it came through the service, from this uid */
    uint64_t owner;

    /* Known after submission_choose. */
    struct selection selection;
    struct account account;
    /* After submission_prepare. */
    struct strings notes;    /* what was done to the message: "added Date" */
    /* After submission_dispatch. */
    struct delivery delivery;
};

void submission_init(struct submission *s, const struct args *a, struct host *h,
                     const struct config *c);
void submission_clear(struct submission *s);

/* Message and envelope that came over SMTP; what is left of both is empty. */
void submission_take(struct submission *s, struct envelope *v, struct message *m);
/* The envelope out of the arguments (-f and recipients) and, with -t, the message's header. */
bool submission_address(struct submission *s, struct err *e);
/* Choose the account, by -a, the sender, ...; submission_prepare does it, unless it is done. */
bool submission_choose(struct submission *s, struct err *e);
/* The domain of bare names, once there is an account. */
const char *submission_domain(const struct submission *s);
/* Choose the account and make ready what will leave. */
bool submission_prepare(struct submission *s, struct err *e);

/* Deliver and report, or with --dry-run only show what would be done. */
int submission_dispatch(struct submission *s);
/* Into the queue, on the disk, and into the log. `id` (ENTRY_ID_MAX + 1 octets): its name there,
 * which is made unless it has one. */
bool submission_keep(struct submission *s, char *id, struct err *e);
/* Report that it did not come to that. */
int submission_fail(struct submission *s, const struct err *e);
/* The same for a command line that was not understood, argv with all its words. */
int submission_refuse(struct args *a, struct host *h, int argc, char *const argv[],
                      const struct err *e);

#endif
