/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_IDNA_H
#define BASE_IDNA_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Domain names beyond ASCII as A-labels (RFC 5891, with the mapping of UTS 46). libidn2 is
 * optional: idna_libidn2.c or idna_none.c is built, and the second one refuses. */

extern const char *const idna_library;   /* for --version; NULL: none built in */

/* Append the A-label form of a UTF-8 domain. ERR_DATA names the domain when there is none. */
bool idna_to_ascii(struct buf *out, struct slice domain, struct err *e);

#endif
