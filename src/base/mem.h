/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"

/* Allocation that never returns NULL: out of memory the process ends with EX_OSERR and one line.
 * That is safe, because nothing has been promised before it is on disk or at the server.
 * Everything here is released with free(). */

void *mem_alloc(size_t size);                            /* zeroed */
void *mem_resize(void *old, size_t count, size_t size);  /* count * size, overflow ends us too */
void *mem_dup(const void *data, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *data, size_t len);         /* always NUL-terminated */

/* Make room for one more element: *capacity elements of `size` octets at *array, `used` of them
 * taken. Doubles, so that appending n elements costs O(n). */
void *mem_grow(void *array, size_t used, size_t *capacity, size_t size);

/* While it is on, the C library overwrites memory that is freed, as far as it can: for code of
 * others that keeps a secret in buffers of its own and wipes none. */
void mem_wipe_freed(bool on);

/* The system has run out of what we cannot go on without: one line, the process ends, EX_OSERR. */
NO_RETURN void mem_exhausted(const char *what);

#endif
