/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/strings.h"
#include "mail/envelope.h"

/* One queued message as its envelope file tells it: whose it is, where it is to go, through which
 * account, and what has been tried. Versioned text, a word and its value on each line:
 *
 *     smtpost-envelope 1 0000000210     version, octets of the whole envelope
 *     account gmail
 *     ...
 *     to <bob@example.net>              and, of this recipient:
 *     outcome deferred none server 451 4.3.0 451 4.3.0 Try again later
 *     end
 *
 * The length in front and the `end` behind prove it complete. Anything outside the grammar is an
 * error; a later version of the format is an error of its own (ENTRY_NEWER): such an entry is not
 * damaged, and left to those who can read it. */

enum {
    ENTRY_ID_MAX = 40,       /* letters and digits and '-' */
    ENTRY_VERSION = 1
};

/* What the recipients of an entry wait for. */
enum entry_state {
    ENTRY_QUEUED,            /* somebody is still to be served */
    ENTRY_HELD,              /* the same, but a person said: not now */
    ENTRY_BOUNCING,          /* refused for good, the bounce is under way */
    ENTRY_FAILED             /* refused for good, and the sender could not be told */
};

struct entry {
    char id[ENTRY_ID_MAX + 1];
    char *account;           /* by name: resolved again at each run */
    char *config;            /* absolute name of the file of -C or $SMTPRC; NULL: the usual ones */
    struct strings settings; /* of --set, in order */
    struct envelope envelope;
    /* Of each recipient whose verdict is REFUSED: the bounce that tells of it, or "". In step with
     * the recipients, as far as it goes. */
    char (*bounces)[ENTRY_ID_MAX + 1];
    size_t bounce_room;

    uint64_t size;           /* of the message, octets */
    bool has_8bit, has_8bit_header, has_nul;
    uint64_t longest_line;

    time_t created;
    time_t last;             /* the last try; `created` before the first */
    time_t next;             /* the next one; 0: at once */
    uint64_t age;             /* schedule_age() at the last try */
    uint64_t tries;
    bool down;               /* the last try failed for the whole account, not for this message */
    bool held;
    char *server;            /* tried last; NULL: none */
    char *about;             /* this is the bounce of that message; NULL: it is none */
    bool has_owner;
    uint64_t owner;          /* the uid that handed it to the service */
};

void entry_clear(struct entry *en);

/* A new name, in the order of time: the second and 45 random bits. */
void entry_name(char *id, time_t now);
/* The name of the bounce that try number `tries` of `id` gave cause for: always the same. False: it
 * would be too long. */
bool entry_bounce_name(char *bounce, const char *id, uint64_t tries);
bool entry_id_is_valid(struct slice text);

/* The whole envelope file, length and end included. */
void entry_format(const struct entry *en, struct buf *out);
/* Octets of the envelope that begins with `head` (at least ENTRY_HEAD of them, if there are so
 * many). ERR_DATA. */
enum { ENTRY_HEAD = 40 };
bool entry_length(struct slice head, size_t *length, struct err *e);
/* `text` is exactly one envelope. en->id is left alone, everything else is initialised, and empty
 * after a failure. ERR_DATA; of a later version, e->errnum is ENTRY_NEWER. */
enum { ENTRY_NEWER = -1 };
bool entry_parse(struct entry *en, struct slice text, struct err *e);

enum entry_state entry_state(const struct entry *en);
/* Is this recipient still to be served? */
bool entry_is_pending(const struct recipient *r);
/* Without the recipients that are DELIVERED. */
void entry_forget_served(struct entry *en);
/* The name of the bounce that tells of recipient `index`; "" for none. */
const char *entry_bounce(const struct entry *en, size_t index);
void entry_set_bounce(struct entry *en, size_t index, const char *bounce);

#endif
