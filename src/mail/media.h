/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_MEDIA_H
#define MAIL_MEDIA_H

#include "base/strings.h"

/* Media types by file name, from files in the form of mime.types ("type/subtype ext ext ..."), and
 * where these say nothing from a built-in table. */

/* The type for the extension of `name`, any case; false: nobody knows one. The first of `files`
 * that knows it decides; one that is missing or cannot be read is passed over. */
bool media_find(const char *name, const struct strings *files, struct buf *type);

/* "type/subtype", perhaps with parameters, all of it ASCII without line ends. */
bool media_is_type(struct slice text);

#endif
