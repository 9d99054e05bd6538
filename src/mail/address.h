/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "mail/path.h"

/* Address lists of RFC 5322 3.4 as they stand in To, Cc, Bcc, From and in arguments: display names,
 * comments (nested, counted, not recursed into), quoted strings, groups, folding, the obsolete
 * forms of 4.4 (routes, empty list members, blanks around dots and "@"), address literals, UTF-8
 * (RFC 6532). Encoded words stay as they are. Also taken, because it is seen: a semicolon that
 * parts members outside a group, a group that is not closed, any text but brackets as a display
 * name. Linear in the length of the text. */

struct mailbox {
    struct slice name;       /* display name as written, or the comment of "addr (name)"; trimmed,
                              * borrowed from the text that was parsed; may be empty */
    struct path path;        /* may be bare, never null */
    size_t offset, len;      /* where the addr-spec stands in that text, without angle brackets and
                              * source route, with comments and blanks inside it */
};

struct mailboxes {
    struct mailbox *items;
    size_t count, capacity;
};

/* Appends to `list`. The mailboxes' names borrow from `text`, which must outlive them. An empty
 * list ("", "undisclosed-recipients:;") is no error and adds nothing. A fault (also CR or LF that
 * is no folding, and more than LIMIT_RECIPIENTS) is ERR_DATA, names the member that is wrong, and
 * leaves the list as it was. */
bool address_parse(struct mailboxes *list, struct slice text, struct err *e);
void mailboxes_clear(struct mailboxes *list);

/* A display name as RFC 5322 wants it: bare atoms, else a quoted string, else (not ASCII, or very
 * long) encoded words of RFC 2047, folded between them; charset utf-8, or unknown-8bit (RFC 1428)
 * for what is no UTF-8. Controls become blanks, CR, LF and NUL included. */
void address_format_name(struct buf *out, struct slice name);

#endif
