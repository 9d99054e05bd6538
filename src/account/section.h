/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_SECTION_H
#define ACCOUNT_SECTION_H

#include "account/account.h"
#include "account/setting.h"

/* The settings of one section as they were written: a defaults block, an account, the --set
 * options. And sections laid over each other, which makes an account. Only what was set takes
 * room. */

struct entry {
    const struct option *option;
    struct setting setting;
};

struct section {
    char *name;              /* of an account; else NULL */
    struct origin where;     /* it begins */
    bool is_system;          /* stands in the system's file */
    struct entry *entries;
    size_t count, capacity;
};

/* An account; all other sections begin zeroed. */
void section_init(struct section *s, const char *name, struct origin where);
void section_clear(struct section *s);     /* wipes */

/* Passwords become as many x: for a process that has no use for them. */
void section_veil(struct section *s);

/* The setting of an option; NULL: not set here. */
struct setting *section_find(const struct section *s, const char *option);
/* A zeroed setting to be filled. */
struct setting *section_add(struct section *s, const struct option *option);

/* Sections from the least to the most specific. `own` is the index of the account's own one: what
 * stands before it is inherited. */
struct overlay {
    const struct section *const *sections;
    size_t count;
    size_t own;
    const char *home;        /* for "~/"; may be NULL */
};

/* Built-in values below, the layers above, into `out` (initialised here, empty after a failure).
 * Two alternatives in one section are an error that names both lines. */
bool section_merge(const struct overlay *o, struct account *out, struct err *e);

#endif
