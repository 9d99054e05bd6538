/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

#include "base/buf.h"

/* Bytes that are wiped before their memory is released, and that nothing prints: a password, a
 * token, a key derived from one. Only a SASL mechanism looks inside (secret_bytes), and what it
 * makes of it goes into a buf that is wiped with buf_wipe. */

struct secret {
    char *data;
    size_t len;
};

void secret_set(struct secret *s, struct slice bytes); /* copies; an old value is wiped */
void secret_clear(struct secret *s);                   /* wipes; idempotent */
bool secret_is_empty(const struct secret *s);
struct slice secret_bytes(const struct secret *s);
/* Overwrite memory that held a copy. */
void secret_wipe_memory(void *memory, size_t len);

#endif
