/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

/* Unpredictable bytes from the system, for names and nonces. A system without them ends us. */
void random_bytes(void *data, size_t len);

/* `len` characters from 32 that mail systems and file names never quote, NUL-terminated; text has
 * room for len + 1. Five bits each. */
void random_name(char *text, size_t len);

#endif
