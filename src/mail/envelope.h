/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "mail/path.h"
#include "mail/status.h"

/* RFC 5321 2.3.1: the reverse-path and the recipients, each with what became of it, and what the
 * sender asks of the transport for them: delivery status notifications (RFC 3461), a body type,
 * parameters given by hand. A zeroed envelope is an empty one that asks for nothing. */

/* RFC 3461 4.1, or-ed; 0: not given. NEVER stands alone. */
enum notify {
    NOTIFY_NEVER = 1 << 0,
    NOTIFY_SUCCESS = 1 << 1,
    NOTIFY_FAILURE = 1 << 2,
    NOTIFY_DELAY = 1 << 3
};

enum ret { RET_NONE, RET_FULL, RET_HDRS };                  /* RFC 3461 4.3 */
enum body { BODY_UNSPECIFIED, BODY_7BIT, BODY_8BITMIME };   /* RFC 6152 2 */

/* Words as they are written in commands and arguments, in any case; false: none of them. */
bool notify_parse(struct slice text, unsigned *notify);     /* "NEVER", "SUCCESS,DELAY" */
bool ret_parse(struct slice text, enum ret *ret);           /* "FULL", "HDRS" */
bool body_parse(struct slice text, enum body *body);        /* "7BIT", "8BITMIME" */

struct recipient {
    struct path path;        /* forward-path */
    unsigned notify;         /* enum notify, or-ed */
    char *orcpt;             /* "rfc822;address" in xtext, as on the wire (RFC 3461 4.2); or NULL */
    struct outcome outcome;
};

struct envelope {
    struct path reverse_path;
    struct recipient *recipients;
    size_t count, capacity;

    enum ret ret;
    char *envid;             /* in xtext, as on the wire (RFC 3461 4.4); NULL: none */
    enum body body;          /* what the caller says of it; BODY_8BITMIME asks for no less */
    bool smtputf8;           /* the caller asks for it (RFC 6531 3.4) */
    bool require_tls;        /* RFC 8689 */
    struct strings mail_params;    /* "KEYWORD=value" for MAIL and RCPT, checked when taken in */
    struct strings rcpt_params;
};

void envelope_clear(struct envelope *v);
/* Takes the path over (it is zeroed). */
void envelope_add(struct envelope *v, struct path *path);
/* Without those whose verdict is DELIVERED; the others keep their order. */
void envelope_drop_delivered(struct envelope *v);
/* Each has the other's recipients afterwards. */
void envelope_swap_recipients(struct envelope *a, struct envelope *b);
/* Each forward-path once: the first of equal ones stays, order is kept. O(n log n). */
void envelope_drop_duplicates(struct envelope *v);
/* Any address, the reverse-path included, that needs SMTPUTF8: in its local-part; in its domain. */
bool envelope_has_utf8_local(const struct envelope *v);
bool envelope_has_utf8_domain(const struct envelope *v);
/* A-labels for domains beyond ASCII, for a server without SMTPUTF8. */
bool envelope_domains_to_ascii(struct envelope *v, struct err *e);
/* Has every recipient a verdict? */
bool envelope_is_decided(const struct envelope *v);
/* Everything asked of the transport, and the recipients that may still be served: no verdict, or
 * one for now; with `refused` those also that were refused for good. `to` is not looked at before.
 */
void envelope_copy_open(struct envelope *to, const struct envelope *from, bool refused);
/* All recipients without a verdict get a copy of this one. */
void envelope_decide(struct envelope *v, const struct outcome *o);
/* The one that decides the exit status; NULL without recipients. */
const struct recipient *envelope_worst(const struct envelope *v);

#endif
