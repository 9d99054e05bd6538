/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

/* The entry that libFuzzer and replay_main.c call; each fuzz_*.c has one. It returns 0, always. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define PROMISE(condition) \
    ((condition) ? (void)0 : promise_broken(__FILE__, __LINE__, #condition))

static inline void promise_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

static inline struct slice fuzz_slice(const uint8_t *data, size_t size)
{
    return slice_make((const char *)data, size);
}

/* The first octet of an input, which steers the target; the rest is the text. */
static inline unsigned fuzz_take(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    --*size;
    return *(*data)++;
}

/* Where `word` stands, in any case; the end of the text without it. */
static inline size_t fuzz_find(struct slice text, struct slice word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (slice_has_prefix_nocase(slice_from(text, i), word))
            return i;
    return text.len;
}

/* An error was filled, once, as err.h has it. */
static inline void promise_err(const struct err *e)
{
    PROMISE(e->kind > ERR_NONE && e->kind < ERR_KINDS);
    PROMISE(*e->text && memchr(e->text, '\0', sizeof e->text));
}

#endif
