/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* UTF-8 (RFC 3629), one character at a time. */

/* Octets of the well-formed character that `s` begins with, and its code point; 0: none. */
size_t utf8_decode(struct slice s, uint32_t *point);

/* Characters; an octet that begins none counts as one. */
size_t utf8_length(struct slice s);

/* May a terminal show it as text? Not so controls (C0, DEL, C1) and the marks that reorder or hide
 * what stands around them (U+200E and above in their blocks). */
bool utf8_is_visible(uint32_t point);

#endif
