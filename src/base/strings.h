/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A growing list of owned strings, NULL-terminated so that it can serve as an argv. Starts zeroed:
 * items is NULL while it is empty. */

struct strings {
    char **items;
    size_t count;
    size_t capacity;
};

void strings_add(struct strings *list, struct slice text);
void strings_add_text(struct strings *list, const char *text);
void strings_copy(struct strings *to, const struct strings *from);   /* appends */
bool strings_has(const struct strings *list, const char *text);
void strings_clear(struct strings *list);

/* The word of `words` (count of them) that a person who typed `typed` most likely meant: at most
 * two letters off (one in short words). NULL when none is close. */
const char *strings_nearest(const char *typed, const char *const *words, size_t count);

#endif
