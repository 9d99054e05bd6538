/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_CLIENTS_H
#define CMD_CLIENTS_H

#include "cmd/service.h"

/* The sessions of the service: who comes in, what they ask, when they leave. */

/* Clients that wait at this listener, some of them at least. False: there is no room for another
 * descriptor or process just now; wait a little. */
bool clients_admit(struct service *s, const struct listener *l);
/* This one has asked or told something (cmd/admission.h), or is gone; then the last one has taken
 * its index. */
void clients_hear(struct service *s, size_t index);
/* Know again what waits in the spool, if that was not just done. True: it was counted now. */
bool clients_recount(struct service *s);

#endif
