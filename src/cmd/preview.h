/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_PREVIEW_H
#define CMD_PREVIEW_H

#include "mail/header.h"
#include "mail/mime.h"

/* What `smtpost send --preview` shows on stdout: the fields that are known, and the tree of the
 * parts with type, name, size and encoding, a line for each. Returns the exit status. */
int preview_show(const struct header *h, const struct mime_part *root);

#endif
