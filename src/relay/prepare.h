/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_PREPARE_H
#define RELAY_PREPARE_H

#include "account/account.h"
#include "base/strings.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "mail/message.h"

/* From what a caller hands over to what may leave: the envelope made of arguments and header, the
 * header completed and freed of what must not leave (manual: section MESSAGE). Nothing here talks
 * to anybody. */

/* Add the addresses of an argument (an address list, "Name <a>" and commas included). */
bool prepare_argument_recipients(struct envelope *v, struct slice argument, struct err *e);
/* Add those of To, Cc and Bcc, or, when there is any Resent-To, -Cc or -Bcc, of the first block of
 * these instead (RFC 5322 3.6.6). */
bool prepare_header_recipients(struct envelope *v, const struct header *h, struct err *e);
/* The sender of -f: "a@b", "<a@b>", "Name <a@b>", "<>" or "". */
bool prepare_sender(struct path *sender, struct slice argument, struct err *e);
/* The only address of From, if it is complete; false otherwise. */
bool prepare_header_sender(struct path *sender, const struct header *h);

struct preparation {
    const struct account *account;
    const char *domain;      /* for bare names when the account has no `domain`; a host name */
    const char *user;        /* login name, for a sender nobody named; may be NULL */
    const char *full_name;   /* for a From that is missing; may be NULL or empty */
    bool no_aliases;         /* -n */
    struct envelope *envelope;
    struct message *message;
    struct strings notes;    /* out: "added Date", "removed Bcc", for --dry-run */
};

/* Complete both. ERR_USAGE without recipients, ERR_DATA when the message cannot be sent so. */
bool prepare_all(struct preparation *p, struct err *e);
/* Is that more than the account's max-size? ERR_REFUSED. */
bool prepare_size_check(const struct account *account, uint64_t size, struct err *e);

/* For those who do a part of it (relay/author.h, relay/recipients.h). */

/* What bare names get. */
const char *prepare_domain(const struct preparation *p);
/* Give it to a path that leaves; not where the machine's service is to do that. */
bool prepare_qualify(const struct preparation *p, struct path *path, struct err *e);
void prepare_note(struct preparation *p, const char *what, const char *name);
void prepare_remove_field(struct preparation *p, const char *name);
/* Releases `value`. */
bool prepare_add_field(struct preparation *p, const char *name, struct buf *value, struct err *e);
/* The addresses of the first field of that name, if it has any. *index is where it stands, or the
 * number of fields. */
bool prepare_parse_from(const struct header *h, const char *name, size_t *index,
                        struct mailboxes *list);

#endif
