/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* What a process gives up once it needs no more: starting programs, and writing anywhere but in a
 * few places. A second line behind the code's own care, for the hours that it reads what strangers
 * send. confine_landlock.c (Linux), confine_pledge.c (OpenBSD) or confine_none.c is built. */

/* Nobody else may look into this process, and no core is written while it holds secrets. */
void confine_memory(void);

/* For --version: what confine_writes does here, or why it does nothing. */
const char *confine_state(void);

/* From here on no program is started, and nothing is made, written or removed by name but below
 * `places` (directories, or files; one that does not exist is left out). What is open stays as it
 * is, and everything may be read. Inherited by children. False: nothing has changed. */
bool confine_writes(const char *const *places, size_t count);

#endif
