/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

/* What the unit tests share: cmocka with what it wants before it, and a few words for tables. A row
 * that fails prints its input, so that the table need not be counted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
/* A literal, NUL octets included, as the initialiser of a struct slice. */
#define TEXT(literal) {(literal), sizeof(literal) - 1}

/* Compare octets; `input` is what the row put in. */
static inline void check_slice(struct slice input, struct slice got, struct slice want)
{
    if (!slice_eq(got, want))
        fail_msg("input \"%.*s\": got \"%.*s\", not \"%.*s\"", (int)input.len, input.data,
                 (int)got.len, got.data, (int)want.len, want.data);
}

static inline void check_text(const char *input, struct slice got, const char *want)
{
    check_slice(slice_of(input), got, slice_of(want));
}

static inline void check_contains(const char *input, const char *got, const char *part)
{
    if (!strstr(got, part))
        fail_msg("input \"%s\": \"%s\" does not say \"%s\"", input, got, part);
}

static inline void check_row(const char *input, bool ok, const char *promise)
{
    if (!ok)
        fail_msg("input \"%s\": not so: %s", input, promise);
}

/* The same sequence in every run and on every system. */
static inline unsigned check_random(uint32_t *state, unsigned below)
{
    *state = *state * 1664525U + 1013904223U;
    return (unsigned)((uint64_t)(*state >> 8) * below >> 24);
}

#endif
