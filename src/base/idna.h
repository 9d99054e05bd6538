/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_IDNA_H
#define BASE_IDNA_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Domain names beyond ASCII as A-labels (RFC 5891, with the mapping of UTS 46). libidn2 is
 * optional: on Linux it is loaded when it is needed (idna_loaded.c), elsewhere it is linked
 * (idna_linked.c), and without it such a domain is refused (idna_none.c). */

/* The library's, for --version; NULL: there is none. */
const char *idna_version(void);

/* Append the A-label form of a UTF-8 domain. ERR_DATA names the domain when there is none; ERR_OS:
 * the library could not be loaded, which is not the domain's fault and may be mended. */
bool idna_to_ascii(struct buf *out, struct slice domain, struct err *e);

#endif
