/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_PATH_H
#define MAIL_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* A reverse-path or forward-path of RFC 5321 4.1.2 (with RFC 6531 3.3 for UTF-8): local-part and
 * domain, a bare local-part that still wants a domain, or the null path. Only path_parse makes one,
 * and what it makes cannot hold CR, LF, NUL, a blank or angle bracket outside a quoted string, or
 * anything else outside the grammar. So whoever holds a struct path may write it into a command.
 * A zeroed struct is "no path at all"; path_clear makes it so again. path_parse and path_copy do
 * not look at what the struct held before; a path_parse that fails leaves it zeroed. */

struct path {
    char *text;              /* "local@domain", "local", or "" for the null path */
    size_t local_len;
};

/* Accepts "a@b", "<a@b>", "a" (bare), "" and "<>" (null), a source route (dropped, RFC 5321
 * Appendix C), IPv4 and IPv6 literals, quoted local-parts (kept quoted; needless quotes stay), and
 * what is harmless and seen: dots anywhere in a local-part, underscores and outer hyphens in
 * labels. Anything else is ERR_DATA and names the text and the fault. Blanks at both ends are
 * ignored. */
bool path_parse(struct path *p, struct slice text, struct err *e);
void path_clear(struct path *p);
void path_copy(struct path *to, const struct path *from);

bool path_is_set(const struct path *p);
bool path_is_null(const struct path *p);
bool path_is_bare(const struct path *p);
/* RFC 6531: any octet over 127 in the local-part; in the domain. */
bool path_has_utf8_local(const struct path *p);
bool path_has_utf8_domain(const struct path *p);

struct slice path_local(const struct path *p);
struct slice path_domain(const struct path *p);    /* empty for bare and null */
struct slice path_address(const struct path *p);   /* without angle brackets */

/* Give a bare path its domain; no effect on others. ERR_DATA when the domain is none. */
bool path_qualify(struct path *p, const char *domain, struct err *e);
/* Put the A-label form in place of a domain beyond ASCII (RFC 6531 3.2); no effect on others. */
bool path_domain_to_ascii(struct path *p, struct err *e);
/* Is `text` a domain or address literal that a path may end in? */
bool path_domain_is_valid(struct slice text);

/* Order for sorting and equality: local-parts octet by octet, domains without regard to case. */
int path_compare(const struct path *a, const struct path *b);

/* Refuse `text` as an address: ERR_DATA with the text, neutralised and cut, and the fault. */
bool path_fault(struct err *e, struct slice text, const char *fault);

/* "<local@domain>", ready for MAIL FROM: and RCPT TO:. */
void path_format(struct buf *out, const struct path *p);

#endif
