/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_DRAFT_H
#define ACCOUNT_DRAFT_H

#include "account/option.h"

/* A configuration file being written: sections with options, each once, and notes for the person
 * who will read it. setup and `config import` fill one; draft_write makes the text, in the order of
 * the option table and quoted so that it reads back as it was meant. A zeroed draft is an empty
 * one. It may hold secrets; draft_clear wipes. */

struct draft_section {
    char *name;              /* of the account; NULL: defaults */
    struct strings names, values;    /* of options; side by side */
    struct strings notes;    /* comments above the section's end */
};

struct draft {
    struct draft_section *sections;
    size_t count, capacity;
    char *default_account;   /* NULL: none */
    struct strings notes;    /* comments at the head */
};

void draft_clear(struct draft *d);

/* A name from elsewhere as one that an account can have in a file (account/source.h: no escapes
 * there), for free(). */
char *draft_name(struct slice text);

/* The section of that name (NULL: defaults), made when it is missing. Valid until the next call. */
struct draft_section *draft_section(struct draft *d, const char *name);
/* The same, or NULL. */
const struct draft_section *draft_find(const struct draft *d, const char *name);
/* Set an option; the last value counts. A list type takes the text as one more member. Names that
 * begin with '*' are the caller's own memory and are not written. */
void draft_set(struct draft_section *s, const char *option, const char *value);
/* One more word of a list or command. */
void draft_add(struct draft_section *s, const char *option, const char *value);
const char *draft_get(const struct draft_section *s, const char *option);    /* NULL: not set */
void draft_unset(struct draft_section *s, const char *option);
/* A comment; what is no printable ASCII or UTF-8 line is made harmless when it is written. */
void draft_note(struct strings *notes, const char *format, ...) PRINTF_LIKE(2, 3);

/* out must be wiped when it may hold a secret. */
void draft_write(const struct draft *d, struct buf *out);

#endif
