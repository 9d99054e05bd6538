/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_LISTING_H
#define CMD_LISTING_H

#include "queue/spool.h"

/* What is in a queue, on stdout: as mailq has printed it for decades, or as JSON; and one message
 * of it. Nothing is locked: whoever sends goes on. False: the queue cannot be read. */

bool listing_show_all(const struct spool *s, bool json, struct err *e);
/* A line on stderr, if there are files that were set aside. */
void listing_tell_aside(const struct spool *s);
bool listing_show_empty(bool json);
bool listing_show_one(const struct spool *s, const char *id, bool json, struct err *e);

#endif
