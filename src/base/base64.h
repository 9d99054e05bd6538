/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buf.h"

/* RFC 4648 4, strict: no line breaks, padding required, unused bits zero. */

void base64_encode(struct buf *out, struct slice bytes);
/* False, with `out` as it was, for anything that base64_encode would not have written. */
bool base64_decode(struct buf *out, struct slice text);

#endif
