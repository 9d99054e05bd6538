/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_WORDS_H
#define MAIL_WORDS_H

#include <stddef.h>

#include "base/buf.h"

/* Header text of RFC 2047 and parameters of RFC 2231: words beyond ASCII in ASCII, and lines that
 * are not too long. The charset is utf-8, or unknown-8bit (RFC 1428) for what is no UTF-8. */

/* The columns that a field's first line has behind its name, which most often fits into the rest.
 */
enum { WORDS_FIELD = 14 };

/* `text` as encoded words of at most 75 characters, each with whole characters, folded between
 * them into lines of at most 76; the first begins at `column`. Fit for a phrase. */
void words_encode(struct buf *out, struct slice text, size_t column);

/* The body of an unstructured field, from `column` on: what needs it is encoded, and lines are
 * folded at blanks so that they have 78 columns where they can. Controls become blanks. */
void words_unstructured(struct buf *out, struct slice text, size_t column);

/* ";\r\n name=value", quoted; encoded, and split into name*0, name*1 where RFC 2231 has to help. */
void words_parameter(struct buf *out, const char *name, struct slice value);

#endif
