/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_CONTENT_H
#define MAIL_CONTENT_H

#include <stdbool.h>

#include "base/buf.h"

/* The values of Content-Type and its like (RFC 2045 5.1) as they are read: "type/subtype;
 * name=value;
 * ...", with comments, quoted strings and folding anywhere between tokens. */

struct content_type {
    struct slice type, subtype;    /* as written; borrowed from the value; empty: not readable */
    struct slice rest;             /* what stands behind them */
};

void content_type_parse(struct content_type *t, struct slice value);
/* Without regard to case; `subtype` NULL: any. */
bool content_type_is(const struct content_type *t, const char *type, const char *subtype);
/* The parameter's value, unquoted, appended to out; false if there is none. Not those that are
 * split or encoded by RFC 2231. */
bool content_param(const struct content_type *t, const char *name, struct buf *out);
/* The first token of a value that is one, such as Content-Transfer-Encoding. */
struct slice content_token(struct slice value);

#endif
