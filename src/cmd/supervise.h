/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SUPERVISE_H
#define CMD_SUPERVISE_H

#include "cmd/service.h"

/* The queue's runner as a child of the service: the same runner as everywhere, under the same lock,
 * so that there is never a second one; it is started when there is something to do and ends when
 * there is nothing. One that somebody else has started, root with `smtpost queue retry` say, is
 * woken instead, and succeeded when it has ended without doing its work. */

/* Something may have to be done. */
void supervise_want(struct service *s);
/* Start what is wanted and due. Milliseconds until that may be so, -1: nothing is wanted. */
int supervise_start(struct service *s);
/* The runner has ended (s->runner_end is readable). */
void supervise_reap(struct service *s);

#endif
